/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "security/seccomp-compile.h"
#include "test.h"

#define KILLED 1000 /* plus the signal */

typedef struct Call {
        long number;
        long args[3];
        int expected; /* 0: goes through the filter, whatever the kernel then says; else the error, or KILLED
                       * + signal
                       */
} Call;

static int compile(const char *json, size_t n, uint64_t capabilities, int *ret_fd) {
        const SeccompTarget target = {
                .capabilities = capabilities,
                .architecture = seccomp_architecture_native(),
                .kernel_release = "6.1.0",
        };
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_failure_ Failure f = {};
        int r;

        r = seccomp_profile_parse(json, n, &target, &p, NULL);
        assert_int_equal(r, 0);
        r = seccomp_compile(p, ret_fd, &f);
        if (r < 0)
                print_message("%s\n", f.text);
        return r;
}

static void filter_load(int fd) {
        static struct sock_filter filter[4096];
        struct sock_fprog program = {.filter = filter};
        ssize_t n = read(fd, filter, sizeof(filter));
        const struct rlimit no_core = {};

        program.len = (unsigned short) (n / (ssize_t) sizeof(filter[0]));
        if (n <= 0 || setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                _exit(254);
}

/* Makes the call under the filter in a child: 0, an error number, or KILLED + signal. */
static int call_filtered(int fd, const Call *call, long (*make)(const Call *)) {
        pid_t pid;
        int status;

        assert_true(lseek(fd, 0, SEEK_SET) == 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                long r;

                filter_load(fd);
                errno = 0;
                r = make(call);
                syscall(SYS_exit_group, r < 0 ? errno : 0);
        }
        assert_true(waitpid(pid, &status, 0) == pid);
        return WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static long make_native(const Call *call) {
        return syscall(call->number, call->args[0], call->args[1], call->args[2], 0L, 0L, 0L);
}

static void assert_calls(int fd, const Call *calls, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int got = call_filtered(fd, &calls[i], make_native);

                if (got != calls[i].expected)
                        fail_msg("call %ld (%#lx, %#lx, %#lx) of row %zu: %d instead of %d", calls[i].number,
                                 calls[i].args[0], calls[i].args[1], calls[i].args[2], i, got,
                                 calls[i].expected);
        }
}

static void own_profile(uint64_t capabilities, int *ret_fd) {
        _cleanup_free_ char *json = NULL;
        size_t n;

        assert_int_equal(file_read(AT_FDCWD, SECCOMP_JSON, SECCOMP_PROFILE_BYTES_MAX, &json, &n), 0);
        assert_int_equal(compile(json, n, capabilities, ret_fd), 0);
}

static void test_own_profile_plain(void **state) {
        static const Call calls[] = {
                { SYS_getppid, {}, 0 },
                { SYS_mount, {}, EPERM },
                { SYS_umount2, {}, EPERM },
                { SYS_ptrace, {}, EPERM },
                { SYS_bpf, {}, EPERM },
                { SYS_keyctl, {}, EPERM },
                { SYS_kexec_load, {}, EPERM },
                { SYS_reboot, {}, EPERM },
                { SYS_setns, {}, EPERM },
                { SYS_io_uring_setup, {}, ENOSYS },
                { 499, {}, ENOSYS },
                { SYS_clone3, {}, ENOSYS },
                { SYS_unshare, {CLONE_NEWUSER}, EPERM },
                { SYS_unshare, {CLONE_NEWNS}, EPERM },
                { SYS_unshare, {CLONE_NEWNET | CLONE_FS}, EPERM },
                { SYS_unshare, {CLONE_NEWTIME}, EPERM },
                { SYS_unshare, {CLONE_FS}, 0 },
                { SYS_clone, {CLONE_NEWUSER | SIGCHLD}, EPERM },
                { SYS_clone, {CLONE_NEWPID | CLONE_NEWNS | SIGCHLD}, EPERM },
                { SYS_clone, {SIGCHLD}, 0 },
                { SYS_socket, {AF_UNIX, SOCK_STREAM}, 0 },
                { SYS_socket, {AF_INET6, SOCK_STREAM}, 0 },
                { SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, 0 },
                { SYS_socket, {AF_NETLINK, SOCK_RAW, 9}, EINVAL },
                { SYS_socket, {AF_PACKET, SOCK_DGRAM}, 0 },
                { SYS_socket, {AF_ALG, SOCK_SEQPACKET}, EAFNOSUPPORT },
                { SYS_socket, {AF_VSOCK, SOCK_STREAM}, EAFNOSUPPORT },
                { SYS_socket, {AF_XDP, SOCK_RAW}, EAFNOSUPPORT },
                { SYS_socket, {(1L << 32) | AF_VSOCK, SOCK_STREAM}, EAFNOSUPPORT },
                { SYS_personality, {0xffffffff}, 0 },
                { SYS_personality, {8}, 0 },
                { SYS_personality, {0x0040000}, ENOSYS },
        };
        _cleanup_close_ int fd = -EBADF;

        own_profile(0, &fd);
        assert_calls(fd, calls, ELEMENTSOF(calls));
}

static void test_own_profile_families(void **state) {
        _cleanup_close_ int fd = -EBADF;

        own_profile(0, &fd);
        for (long family = 0; family < 64; family++) {
                const Call call = {SYS_socket, {family, SOCK_STREAM | SOCK_CLOEXEC, 0xffff}};
                int got = call_filtered(fd, &call, make_native);

                /* Below AF_ALG the kernel itself answers, and for what it has not, the same way. */
                if (family >= AF_ALG)
                        assert_int_equal(got, EAFNOSUPPORT);
                else
                        assert_int_not_equal(got, ENOSYS);
        }
}

static void test_own_profile_capable(void **state) {
        static const Call calls[] = {
                { SYS_unshare, {CLONE_NEWUTS}, 0 },
                { SYS_socket, {AF_NETLINK, SOCK_RAW, 9}, 0 },
                { SYS_socket, {AF_VSOCK, SOCK_STREAM}, EAFNOSUPPORT },
                { SYS_clone3, {}, EINVAL },
                { SYS_mount, {}, EFAULT },
                { SYS_kexec_load, {}, EPERM },
                { SYS_io_uring_setup, {}, ENOSYS },
        };
        _cleanup_close_ int fd = -EBADF;

        own_profile(UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_AUDIT_WRITE, &fd);
        if (geteuid() != 0)
                skip();
        assert_calls(fd, calls, ELEMENTSOF(calls));
}

#ifdef __x86_64__
static long make_i386(const Call *call) {
        long r;

        __asm__ volatile("int $0x80"
                         : "=a"(r)
                         : "a"(call->number), "b"(call->args[0]), "c"(call->args[1]), "d"(call->args[2])
                         : "memory", "r8", "r9", "r10", "r11");
        if (r < 0)
                errno = (int) -r;
        return r;
}

static void test_own_profile_i386(void **state) {
        static const Call calls[] = {
                { 64 /* getppid */, {}, 0 },
                { 21 /* mount */, {}, EPERM },
                { 310 /* unshare */, {CLONE_NEWUSER}, EPERM },
                { 120 /* clone */, {CLONE_NEWUSER | SIGCHLD}, EPERM },
                { 435 /* clone3 */, {}, ENOSYS },
                { 359 /* socket */, {AF_VSOCK, SOCK_STREAM}, EAFNOSUPPORT },
                { 359 /* socket */, {AF_UNIX, SOCK_STREAM}, 0 },
                { 425 /* io_uring_setup */, {}, ENOSYS },
        };
        static const char native_only[] =
                        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"name\": \"sync\", "
                        "\"action\": \"SCMP_ACT_ERRNO\"}]}";
        _cleanup_close_ int fd = -EBADF, native_fd = -EBADF;
        const Call x32 = {0x40000000 + 110 /* getppid */, {}, KILLED + SIGSYS};

        own_profile(0, &fd);
        if (call_filtered(fd, &calls[0], make_i386) == KILLED + SIGSEGV) {
                print_message("this kernel does not take 32-bit calls\n");
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                int got = call_filtered(fd, &calls[i], make_i386);

                if (got != calls[i].expected)
                        fail_msg("32-bit call %ld: %d instead of %d", calls[i].number, got,
                                 calls[i].expected);
        }
        assert_calls(fd, &x32, 1);

        /* A profile that does not name the second architecture does not leave it open. */
        assert_int_equal(compile(native_only, strlen(native_only), 0, &native_fd), 0);
        assert_int_equal(call_filtered(native_fd, &calls[0], make_i386), KILLED + SIGSYS);
}
#endif

static void test_actions_and_operators(void **state) {
        static const char json[] =
                        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
                        "{\"name\": \"getpgid\", \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 5, \"args\": "
                        "["
                        " {\"index\": 0, \"value\": 7, \"op\": \"SCMP_CMP_EQ\"}, {\"index\": 0, \"value\": "
                        "9, \"op\": "
                        "\"SCMP_CMP_EQ\"}]},"
                        "{\"name\": \"getsid\", \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 5, \"args\": ["
                        " {\"index\": 0, \"value\": 100, \"op\": \"SCMP_CMP_GE\"}, {\"index\": 1, "
                        "\"value\": 3, "
                        "\"op\": \"SCMP_CMP_LE\"}]},"
                        "{\"names\": [\"sync\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"},"
                        "{\"names\": [\"no_such_call_at_all\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"},"
                        "{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 71},"
                        "{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_ALLOW\"}]}";
        static const Call calls[] = {
                { SYS_getpgid, {7}, EIO},         {SYS_getpgid, {9}, EIO},   {SYS_getpgid, {0}, 0 },
                { SYS_getsid, {100, 3}, EIO},     {SYS_getsid, {0, 3}, 0},   {SYS_getsid, {1, 4}, 0 },
                { SYS_sync, {}, KILLED + SIGSYS}, {SYS_getppid, {}, EPROTO },
        };
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(compile(json, strlen(json), 0, &fd), 0);
        assert_calls(fd, calls, ELEMENTSOF(calls));
}

/* libseccomp's binary tree needs something to stand on. */
static void test_no_rules(void **state) {
        static const char *const profiles[] = {
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}",
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"name\": \"mount\", \"action\": "
                "\"SCMP_ACT_ALLOW\"}, {\"name\": \"no_such_call_at_all\", \"action\": \"SCMP_ACT_ERRNO\"}]}",
        };
        static const Call call = { SYS_getppid, {}, 0 };

        for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
                _cleanup_close_ int fd = -EBADF;

                assert_int_equal(compile(profiles[i], strlen(profiles[i]), 0, &fd), 0);
                assert_calls(fd, &call, 1);
        }
}

static void test_sealed(void **state) {
        static const char json[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        assert_int_equal(compile(json, strlen(json), 0, &fd), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_true(st.st_size > 0 && st.st_size % (off_t) sizeof(struct sock_filter) == 0);
        assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void test_too_long(void **state) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_failure_ Failure f = {};
        int fd = -EBADF;

        /* 3000 conditions on one call, two instructions or more each. */
        p = new0(SeccompProfile, 1);
        p->default_action = SECCOMP_RET_ALLOW;
        p->rules = new0(SeccompRule, 3000);
        for (; p->n_rules < 3000; p->n_rules++) {
                SeccompRule *rule = &p->rules[p->n_rules];

                assert_int_equal(strv_extend(&rule->names, "getpgid"), 0);
                rule->action = SECCOMP_RET_ERRNO | EPERM;
                rule->args = new0(SeccompArg, 1);
                rule->n_args = 1;
                rule->args[0] = (SeccompArg){.op = SECCOMP_EQ, .value = p->n_rules << 33 | p->n_rules};
        }
        assert_int_equal(seccomp_compile(p, &fd, &f), -EBADMSG);
        assert_int_equal(fd, -EBADF);
        assert_non_null(strstr(f.text, "4096"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_own_profile_plain),
                cmocka_unit_test(test_own_profile_families),
                cmocka_unit_test(test_own_profile_capable),
#ifdef __x86_64__
                cmocka_unit_test(test_own_profile_i386),
#endif
                cmocka_unit_test(test_actions_and_operators),
                cmocka_unit_test(test_no_rules),
                cmocka_unit_test(test_sealed),
                cmocka_unit_test(test_too_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
