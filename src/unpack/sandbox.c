/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/log.h"
#include "unpack/sandbox.h"

/* Address space: rings 8 MiB, a zstd window of 128 MiB and as much again for reading it, libraries and stacks. */
#define ADDRESS_SPACE_BYTES (512UL * 1024 * 1024)
#define OPEN_FILES_MAX 1200 /* directories open down to MEMBER_DEPTH_MAX */
#define CAPABILITY_MAX 63

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define AUDIT_ARCH_NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define AUDIT_ARCH_NATIVE AUDIT_ARCH_AARCH64
#else
#error "the sandbox needs this architecture's AUDIT_ARCH_ constant"
#endif

#define CAP(c) (UINT64_C(1) << (c))

static const uint64_t capabilities[] = {
        /* SYS_ADMIN for trusted.* attributes only: nothing else that it would allow is in the list of system calls. */
        [SANDBOX_UNPACK] = CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_MKNOD) | CAP(CAP_SETFCAP) |
                           CAP(CAP_SYS_ADMIN) | CAP(CAP_LINUX_IMMUTABLE),
        [SANDBOX_REMOVE] = CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) | CAP(CAP_FOWNER) | CAP(CAP_LINUX_IMMUTABLE),
};
static_assert(ELEMENTSOF(capabilities) == _SANDBOX_JOB_MAX, "capabilities is not full");

typedef struct Sandbox {
        SandboxJob job;
        int rootfd;
} Sandbox;

static int step_namespaces(const Sandbox *s) {
        if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
                return negative_errno();
        return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? negative_errno() : 0;
}

static int step_root(const Sandbox *s) {
        return fchdir(s->rootfd) < 0 || chroot(".") < 0 ? negative_errno() : 0;
}

static int limit_set(int resource, rlim_t value) {
        struct rlimit rl;

        if (getrlimit(resource, &rl) < 0)
                return negative_errno();
        rl.rlim_max = MIN(rl.rlim_max, value);
        rl.rlim_cur = rl.rlim_max;
        return setrlimit(resource, &rl) < 0 ? negative_errno() : 0;
}

static int step_limits(const Sandbox *s) {
        int r;

        r = limit_set(RLIMIT_CORE, 0);
        if (r >= 0)
                r = limit_set(RLIMIT_NOFILE, OPEN_FILES_MAX);
        if (r >= 0 && !SANITIZED)
                r = limit_set(RLIMIT_AS, ADDRESS_SPACE_BYTES);
        return r;
}

static int step_dumpable(const Sandbox *s) {
        return prctl(PR_SET_DUMPABLE, 0) < 0 ? negative_errno() : 0;
}

static int step_bounding_set(const Sandbox *s) {
        for (unsigned c = 0; c <= CAPABILITY_MAX; c++)
                if (!(capabilities[s->job] & CAP(c)) && prctl(PR_CAPBSET_DROP, c) < 0 && errno != EINVAL)
                        return negative_errno();
        return 0;
}

static int step_capabilities(const Sandbox *s) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = {};

        if (syscall(SYS_capget, &header, data) < 0)
                return negative_errno();
        for (unsigned i = 0; i < ELEMENTSOF(data); i++) {
                data[i].permitted &= (uint32_t) (capabilities[s->job] >> (32 * i));
                data[i].effective = data[i].permitted;
                data[i].inheritable = 0;
        }
        (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        return syscall(SYS_capset, &header, data) < 0 ? negative_errno() : 0;
}

static int step_no_new_privs(const Sandbox *s) {
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? negative_errno() : 0;
}

/* All that is allowed; the rest does not exist (ENOSYS, so that libc tries older ways). Nothing here makes processes, sockets, mounts or namespaces. */
static const uint16_t system_calls[] = {
        /* data */
        SYS_read, SYS_write, SYS_writev, SYS_pwrite64, SYS_pread64, SYS_lseek, SYS_close, SYS_sendmsg, SYS_recvmsg,
        SYS_fallocate, SYS_ftruncate, SYS_sync_file_range, SYS_fcntl, SYS_dup, SYS_ppoll, SYS_ioctl,
        /* the tree */
        SYS_openat, SYS_openat2, SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_linkat, SYS_unlinkat, SYS_renameat2,
        SYS_newfstatat, SYS_fstat, SYS_statx, SYS_fchown, SYS_fchownat, SYS_fchmod, SYS_fchmodat, SYS_utimensat, SYS_umask, SYS_fchdir, SYS_getdents64,
        SYS_fsetxattr, SYS_lsetxattr, SYS_fgetxattr, SYS_fremovexattr, SYS_readlinkat,
#ifdef __x86_64__
        SYS_open, SYS_poll, SYS_unlink, SYS_readlink, SYS_stat, SYS_lstat, SYS_access,
#endif
        /* memory and threads; clone() is below */
        SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_eventfd2,
        SYS_sched_yield, SYS_sched_getaffinity, SYS_gettid, SYS_getpid, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
        SYS_restart_syscall, SYS_clock_gettime, SYS_clock_nanosleep, SYS_getrandom, SYS_exit, SYS_exit_group, SYS_tgkill,
};

#define FILTER_MAX (ELEMENTSOF(system_calls) + 16)

static const struct sock_filter filter_head[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_NATIVE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
};

/* Threads, yes; processes and namespaces, no. The low half of clone()'s first argument holds all flags of interest, on both architectures. */
static const struct sock_filter filter_tail[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), /* the list's jumps end here */
};

static int step_system_calls(const Sandbox *s) {
        struct sock_filter filter[FILTER_MAX];
        struct sock_fprog program = { .filter = filter };
        unsigned short n = 0;

        for (size_t i = 0; i < ELEMENTSOF(filter_head); i++)
                filter[n++] = filter_head[i];
        for (size_t i = 0; i < ELEMENTSOF(system_calls); i++, n++) {
                size_t distance = ELEMENTSOF(system_calls) - i - 1 + ELEMENTSOF(filter_tail) - 1;

                filter[n] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_calls[i], (uint8_t) distance, 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(filter_tail); i++)
                filter[n++] = filter_tail[i];
        program.len = n;
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? negative_errno() : 0;
}
static_assert(ELEMENTSOF(system_calls) + ELEMENTSOF(filter_tail) <= UINT8_MAX, "a jump has eight bits");

static const struct {
        const char *name;
        int (*function)(const Sandbox *s);
        bool optional;
} steps[] = {
        { "private namespaces", step_namespaces, true },
        { "the root directory", step_root, false },
        { "resource limits", step_limits, false },
        { "the dumpable flag", step_dumpable, false },
        { "the capability bounding set", step_bounding_set, true },
        { "capabilities", step_capabilities, false },
        { "no_new_privs", step_no_new_privs, false },
        { "the system call filter", step_system_calls, false },
};

int sandbox_enter(SandboxJob job, int rootfd) {
        const Sandbox s = { .job = job, .rootfd = rootfd };

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                int r = steps[i].function(&s);

                if (r == -EPERM && steps[i].optional) {
                        (void) log_debug_errno(r, "Cannot set up %s, ignoring: %m", steps[i].name);
                        continue;
                }
                if (r < 0)
                        return log_debug_errno(r, "Cannot set up %s: %m", steps[i].name);
        }
        return 0;
}
