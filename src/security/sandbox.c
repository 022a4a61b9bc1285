/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "security/capability.h"
#include "security/sandbox.h"

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
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "Name the AUDIT_ARCH_ of this architecture here."
#endif
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the filter reads the low half of an argument first");

/* From here on the numbers are the same everywhere, and the C library knows what to do without the calls. */
#define CALL_UNIFIED SYS_pidfd_send_signal

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WORK                                                                  \
        (ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
         LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* Everything of the first version of the interface. */
#define ACCESS_FIRST ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

#define CLONE_NAMESPACES                                                                              \
        (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
         CLONE_NEWNET)

/* One system call, and the condition on one of its arguments under which it is allowed. Only the low 32 bits
 * are looked at: the kernel reads no more of the arguments used here. */
typedef struct SandboxCall {
        uint16_t number;
        enum {
                ANY,
                ONE_OF, /* equals one of values */
                BITS,   /* has all bits of values[0] and none of values[1] */
        } condition;
        uint8_t argument;
        uint32_t values[4];
} SandboxCall;

typedef struct SandboxLimit {
        int resource;
        rlim_t max;
} SandboxLimit;

struct SandboxProfile {
        int namespaces;
        bool is_root; /* the directory becomes the root; otherwise the host's root stays, read-only */
        uint64_t capabilities; /* at most these */
        const SandboxLimit *limits;
        size_t n_limits;
        const SandboxCall *const
                        *calls; /* groups, each ended by an entry of number CALL_END; ended by NULL */
};

#define CALL_END UINT16_MAX
#define CALL(name) { .number = SYS_##name }

/* What every program of the C library does. */
static const SandboxCall calls_common[] = {
        CALL(brk),
        CALL(clock_gettime),
        CALL(clock_nanosleep),
        CALL(close),
        CALL(dup),
        CALL(eventfd2),
        CALL(exit),
        CALL(exit_group),
        CALL(fcntl),
        CALL(fstat),
        CALL(fstatfs),
        CALL(futex),
        CALL(getdents64),
        CALL(getegid),
        CALL(geteuid),
        CALL(getgid),
        CALL(getpid),
        CALL(getrandom),
        CALL(gettid),
        CALL(getuid),
        CALL(lseek),
        CALL(madvise),
        CALL(mremap),
        CALL(munmap),
        CALL(newfstatat),
        CALL(openat),
        CALL(ppoll),
        CALL(pread64),
        CALL(pwrite64),
        CALL(read),
        CALL(readlinkat),
        CALL(readv),
        CALL(recvmsg),
        CALL(restart_syscall),
        CALL(rt_sigaction),
        CALL(rt_sigprocmask),
        CALL(rt_sigreturn),
        CALL(rseq),
        CALL(sched_getaffinity),
        CALL(sched_yield),
        CALL(sendmsg),
        CALL(set_robust_list),
        CALL(sigaltstack),
        CALL(statx),
        CALL(tgkill),
        CALL(unlinkat),
        CALL(write),
        CALL(writev),
        CALL(openat2),
#ifdef __x86_64__
        CALL(access),
        CALL(lstat),
        CALL(open),
        CALL(poll),
        CALL(readlink),
        CALL(stat),
        CALL(unlink),
#endif
        /* Threads, but neither processes nor namespaces. */
        { SYS_clone, BITS, 0, { CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, CLONE_NAMESPACES } },
        { .number = CALL_END },
};

static const SandboxCall calls_no_new_code[] = {
        { SYS_mmap, BITS, 2, { 0, PROT_EXEC } },
        { SYS_mprotect, BITS, 2, { 0, PROT_EXEC } },
        { .number = CALL_END },
};

/* Name services are loaded as they are needed. */
static const SandboxCall calls_new_code[] = { CALL(mmap), CALL(mprotect), { .number = CALL_END } };

static const SandboxCall calls_remove[] = {
        CALL(fchdir), CALL(fchmod), CALL(renameat2), CALL(umask),
        { SYS_ioctl, ONE_OF, 1, { FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS } },
        { .number = CALL_END },
};

static const SandboxCall calls_unpack[] = {
        CALL(fallocate), CALL(fchmodat), CALL(fchown), CALL(fchownat), CALL(fgetxattr), CALL(fremovexattr),
        CALL(fsetxattr), CALL(ftruncate), CALL(linkat), CALL(lsetxattr), CALL(mkdirat), CALL(mknodat),
        CALL(renameat), CALL(renameat2), CALL(symlinkat), CALL(sync_file_range), CALL(utimensat),
        { .number = CALL_END },
};

static const SandboxCall calls_pull[] = {
        CALL(bind), CALL(connect), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait),
        CALL(faccessat), CALL(fadvise64), CALL(fallocate), CALL(fchmod), CALL(fdatasync), CALL(fsync),
        CALL(ftruncate), CALL(getcwd), CALL(getpeername), CALL(getppid), CALL(getrusage), CALL(getsockname),
        CALL(getsockopt), CALL(linkat), CALL(memfd_create), CALL(pipe2), CALL(prlimit64), CALL(recvfrom),
        CALL(renameat), CALL(renameat2), CALL(sendmmsg), CALL(sendto), CALL(setsockopt), CALL(shutdown),
        CALL(socketpair), CALL(splice), CALL(syncfs), CALL(sysinfo), CALL(umask), CALL(uname),
#ifdef __x86_64__
        CALL(epoll_wait), CALL(getrlimit), CALL(pipe), CALL(rename), CALL(time),
#endif
        { SYS_socket, ONE_OF, 0, { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK } },
        { SYS_ioctl, ONE_OF, 1, { 0x541B /* FIONREAD */, 0x5421 /* FIONBIO */, 0x541B, 0x5421 } },
        { .number = CALL_END },
};

static const SandboxLimit limits_pull[] = {
        { RLIMIT_CORE, 0 },
        { RLIMIT_NOFILE, 256 },
        { RLIMIT_FSIZE,
          64 * 1024 * 1024 }, /* documents only: layers go through pipes, which this does not limit */
};

static const SandboxLimit limits_unpack[] = {
        { RLIMIT_CORE, 0 },
        { RLIMIT_NOFILE, 1200 }, /* directories open down to the deepest member */
        /* Rings 8 MiB, a zstd window of 128 MiB and as much again for reading it, libraries and stacks. */
        { RLIMIT_AS, 512 * 1024 * 1024 },
};

const SandboxProfile SANDBOX_PULL = {
        .namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS,
        .limits = limits_pull,
        .n_limits = ELEMENTSOF(limits_pull),
        .calls = (const SandboxCall *const[]) { calls_common, calls_new_code, calls_pull, NULL },
};

const SandboxProfile SANDBOX_UNPACK = {
        .namespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
        .is_root = true,
        /* SYS_ADMIN for trusted.* attributes only: nothing else that it would allow is in the list of system
           calls. */
        .capabilities = CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_DAC_OVERRIDE) |
                        CAPABILITY_BIT(CAP_FOWNER) | CAPABILITY_BIT(CAP_FSETID) | CAPABILITY_BIT(CAP_MKNOD) |
                        CAPABILITY_BIT(CAP_SETFCAP) | CAPABILITY_BIT(CAP_SYS_ADMIN) |
                        CAPABILITY_BIT(CAP_LINUX_IMMUTABLE),
        .limits = limits_unpack,
        .n_limits = ELEMENTSOF(limits_unpack),
        .calls = (const SandboxCall *const[]){ calls_common, calls_no_new_code, calls_remove, calls_unpack,
                                               NULL },
};

const SandboxProfile SANDBOX_REMOVE = {
        .namespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
        .is_root = true,
        .capabilities = CAPABILITY_BIT(CAP_DAC_OVERRIDE) | CAPABILITY_BIT(CAP_DAC_READ_SEARCH) |
                        CAPABILITY_BIT(CAP_FOWNER) | CAPABILITY_BIT(CAP_LINUX_IMMUTABLE),
        .limits = limits_unpack,
        .n_limits = ELEMENTSOF(limits_unpack),
        .calls = (const SandboxCall *const[]) { calls_common, calls_no_new_code, calls_remove, NULL },
};

typedef struct Sandbox {
        const SandboxProfile *profile;
        int directory_fd;
} Sandbox;

/* The mounts are touched only where they are our own. Descriptors that are open already, the directory above
 * all, belong to the mounts of before and are not affected. */
static int step_namespaces(const Sandbox *s) {
        struct mount_attr attr = { .propagation = MS_SLAVE };

        if (unshare(s->profile->namespaces) < 0)
                return negative_errno();
        if (!s->profile->is_root)
                attr.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        return syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0
                               ? negative_errno()
                               : 0;
}

static int step_root(const Sandbox *s) {
        if (!s->profile->is_root)
                return 0;
        return fchdir(s->directory_fd) < 0 || chroot(".") < 0 ? negative_errno() : 0;
}

static int step_limits(const Sandbox *s) {
        for (size_t i = 0; i < s->profile->n_limits; i++) {
                const SandboxLimit *limit = &s->profile->limits[i];
                struct rlimit rl;

                if (SANITIZED && limit->resource == RLIMIT_AS)
                        continue;
                if (getrlimit(limit->resource, &rl) < 0)
                        return negative_errno();
                rl.rlim_max = MIN(rl.rlim_max, limit->max);
                rl.rlim_cur = rl.rlim_max;
                if (setrlimit(limit->resource, &rl) < 0)
                        return negative_errno();
        }
        return 0;
}

static int step_bounding_set(const Sandbox *s) {
        return capability_bound(s->profile->capabilities);
}

static int step_capabilities(const Sandbox *s) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
        uint64_t keep;
        int r;

        if (syscall(SYS_capget, &header, data) < 0)
                return negative_errno();
        keep = s->profile->capabilities & ((uint64_t) data[1].permitted << 32 | data[0].permitted);
        r = capability_apply_ambient(0);
        return r < 0 ? r : capability_apply(keep, keep, 0);
}

static int step_no_new_privs(const Sandbox *s) {
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? negative_errno() : 0;
}

static int step_dumpable(const Sandbox *s) {
        return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? negative_errno() : 0;
}

static int allow_beneath(int ruleset, int fd, uint64_t access) {
        struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };

        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
                return negative_errno();
        return 0;
}

/* The directory leads by ".." to everything else on its mount, which is not read-only: Landlock closes that
 * way. */
static int step_landlock(const Sandbox *s) {
        struct landlock_ruleset_attr attr = { .handled_access_fs = ACCESS_FIRST };
        _cleanup_close_ int ruleset = -EBADF, root = -EBADF;
        long version;
        int r;

        if (s->profile->is_root)
                return 0;
        version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        if (version < 0)
                return negative_errno();
        if (version >= 2)
                attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
        if (version >= 3)
                attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
        ruleset = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
        if (ruleset < 0)
                return negative_errno();
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return negative_errno();
        r = allow_beneath(ruleset, root, ACCESS_READ);
        if (r >= 0)
                r = allow_beneath(ruleset, s->directory_fd,
                                  ACCESS_WORK | (attr.handled_access_fs & LANDLOCK_ACCESS_FS_TRUNCATE));
        if (r < 0)
                return r;
        return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? negative_errno() : 0;
}

#define INSTRUCTIONS_MAX 1024

typedef struct Program {
        struct sock_filter code[INSTRUCTIONS_MAX];
        unsigned short n;
        bool overflow;
} Program;

static void emit(Program *p, uint16_t code, uint32_t k, uint8_t jump_true, uint8_t jump_false) {
        if (p->n >= INSTRUCTIONS_MAX) {
                p->overflow = true;
                return;
        }
        p->code[p->n++] = (struct sock_filter) { .code = code, .jt = jump_true, .jf = jump_false, .k = k };
}

static void emit_load(Program *p, size_t offset) {
        emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void emit_return(Program *p, uint32_t action) {
        emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* "if the number is this: if the argument is right: allow, else refuse". The kernel works out for each
 * number without a condition that its answer is always the same, and does not run the program for it: the
 * length of the list costs nothing. */
static void emit_call(Program *p, const SandboxCall *call) {
        size_t argument = offsetof(struct seccomp_data, args) + call->argument * sizeof(uint64_t);

        switch (call->condition) {
        case ANY:
                emit(p, BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 1);
                break;
        case ONE_OF:
                emit(p, BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, ELEMENTSOF(call->values) + 3);
                emit_load(p, argument);
                for (size_t i = 0; i < ELEMENTSOF(call->values); i++)
                        emit(p, BPF_JMP | BPF_JEQ | BPF_K, call->values[i],
                             (uint8_t) (ELEMENTSOF(call->values) - i), 0);
                emit_return(p, SECCOMP_RET_ERRNO | EPERM);
                break;
        case BITS:
                emit(p, BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 6);
                emit_load(p, argument);
                emit(p, BPF_JMP | BPF_JSET | BPF_K, call->values[1], 2, 0);
                emit(p, BPF_ALU | BPF_AND | BPF_K, call->values[0], 0, 0);
                emit(p, BPF_JMP | BPF_JEQ | BPF_K, call->values[0], 1, 0);
                emit_return(p, SECCOMP_RET_ERRNO | EPERM);
                break;
        }
        emit_return(p, SECCOMP_RET_ALLOW);
}

static int step_system_calls(const Sandbox *s) {
        Program p = {};
        struct sock_fprog program = { .filter = p.code };

        emit_load(&p, offsetof(struct seccomp_data, arch));
        emit(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
        emit_return(&p, SECCOMP_RET_KILL_PROCESS);
        emit_load(&p, offsetof(struct seccomp_data, nr));
        for (const SandboxCall *const *group = s->profile->calls; *group; group++)
                for (const SandboxCall *call = *group; call->number != CALL_END; call++)
                        emit_call(&p, call);
        /* The numbers of x32 are among the high ones too. */
        emit(&p, BPF_JMP | BPF_JGE | BPF_K, CALL_UNIFIED, 0, 1);
        emit_return(&p, SECCOMP_RET_ERRNO | ENOSYS);
        emit_return(&p, SECCOMP_RET_ERRNO | EPERM);
        if (p.overflow)
                return -E2BIG;

        program.len = p.n;
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) < 0)
                return negative_errno();
        return 0;
}

static const struct {
        const char *name;
        int (*function)(const Sandbox *s);
        bool optional;
} steps[] = {
        { "namespaces of its own", step_namespaces, true },
        { "the root directory", step_root, false },
        { "resource limits", step_limits, false },
        { "the capability bounding set", step_bounding_set, true },
        { "capabilities", step_capabilities, false },
        { "no_new_privs", step_no_new_privs, false },
        { "Landlock", step_landlock, true },
        { "the dumpable flag", step_dumpable, false },
        { "the system call filter", step_system_calls, false },
};

int sandbox_enter(const SandboxProfile *profile, int directory_fd) {
        const Sandbox s = { .profile = profile, .directory_fd = directory_fd };

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                int r = steps[i].function(&s);

                if (steps[i].optional && (r == -EPERM || r == -ENOSYS || r == -EOPNOTSUPP)) {
                        log_debug_errno(r, "sandbox: cannot set up %s, ignoring: %m", steps[i].name);
                        continue;
                }
                if (r < 0)
                        return log_debug_errno(r, "sandbox: cannot set up %s: %m", steps[i].name);
        }
        return 0;
}
