/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/path.h"
#include "basic/str.h"
#include "security/sandbox.h"
#include "test.h"

static int directory_fd = -EBADF;
static char directory[] = "/tmp/test-sandbox-XXXXXX";

static int setup(void **state) {
        if (geteuid() != 0)
                return 0;
        assert_non_null(mkdtemp(directory));
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return directory_fd >= 0 ? 0 : -1;
}

static int teardown(void **state) {
        if (directory_fd < 0)
                return 0;
        directory_fd = fd_close(directory_fd);
        return path_remove_tree(AT_FDCWD, directory, 1000);
}

/* What @try gives inside the sandbox: 0 or an error number; 1000 + signal when it ended that way; 999 for a
 * failed entry. */
static int inside(const SandboxProfile *profile, long (*try)(void)) {
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                long r;

                if (sandbox_enter(profile, directory_fd) < 0)
                        syscall(SYS_exit_group, 231);
                errno = 0;
                r = try();
                syscall(SYS_exit_group, r < 0 ? errno : 0);
        }
        assert_true(waitpid(pid, &status, 0) == pid);
        if (WIFSIGNALED(status))
                return 1000 + WTERMSIG(status);
        return WEXITSTATUS(status) == 231 ? 999 : WEXITSTATUS(status);
}

static long try_mount(void) {
        return mount("none", "/", "tmpfs", 0, NULL);
}

static long try_unshare(void) {
        return unshare(CLONE_NEWNS);
}

static long try_setns(void) {
        return setns(directory_fd, 0);
}

static long try_fork(void) {
        return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long try_thread_with_namespace(void) {
        return syscall(SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWUTS, 0, 0, 0, 0);
}

static long try_clone3(void) {
        return syscall(SYS_clone3, NULL, 0);
}

static long try_execve(void) {
        return execve("/bin/true", (char *[]) { (char *) "true", NULL }, NULL);
}

static long try_bpf(void) {
        return syscall(SYS_bpf, 0, NULL, 0);
}

static long try_ptrace(void) {
        return syscall(SYS_ptrace, 0, 0, 0, 0);
}

static long try_kill(void) {
        return kill(getppid(), 0);
}

static long try_chroot(void) {
        return chroot(".");
}

static long try_prctl(void) {
        return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long try_io_uring(void) {
        return syscall(SYS_io_uring_setup, 1, NULL);
}

static long try_open_tree(void) {
        return syscall(SYS_open_tree, AT_FDCWD, "/", 0);
}

static long try_inet(void) {
        return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* What the resolver of the C library loads, opens and asks. */
static long try_resolver(void) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *list = NULL;
        int r;

        r = getaddrinfo("localhost", "80", &hints, &list);
        if (r == 0)
                freeaddrinfo(list);
        errno = EHOSTUNREACH;
        return r == 0 ? 0 : -1;
}

static long try_packet(void) {
        return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long try_vsock_with_high_bits(void) {
        return syscall(SYS_socket, (1L << 32) | AF_VSOCK, SOCK_STREAM, 0);
}

static long try_executable_memory(void) {
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
                                                                                                         : 0;
}

static long try_memory(void) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ);
}

static long try_ioctl(void) {
        return syscall(SYS_ioctl, directory_fd, 0x5412 /* TIOCSTI */, "x");
}

static void *thread(void *userdata) {
        *(int *) userdata = 1;
        return NULL;
}

static long try_thread(void) {
        int ran = 0;
        pthread_t t;

        errno = pthread_create(&t, NULL, thread, &ran);
        if (errno)
                return -1;
        errno = pthread_join(t, NULL);
        return errno || !ran ? -1 : 0;
}

static long try_create(void) {
        int fd = openat(directory_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        return fd < 0 ? -1 : fd_write_all(fd, "x", 1);
}

static long try_create_in_root(void) {
        return openat(AT_FDCWD, "/file-of-a-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_create_above(void) {
        return openat(directory_fd, "../file-of-a-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_read_passwd(void) {
        return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_mknod(void) {
        return mknodat(directory_fd, "null", S_IFCHR | 0600, makedev(1, 3));
}

static long try_opaque(void) {
        if (mkdirat(directory_fd, "opaque", 0700) < 0 && errno != EEXIST)
                return -1;
        return lsetxattr("/opaque", "trusted.overlay.opaque", "y", 1, 0);
}

static long try_chown(void) {
        return fchownat(directory_fd, "file", 1, 1, AT_SYMLINK_NOFOLLOW);
}

static long try_old_architecture(void) {
#ifdef __x86_64__
        long r;

        __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
#else
        raise(SIGSYS);
#endif
        return 0;
}

static long try_x32(void) {
        return syscall(0x40000000 + 39);
}

typedef struct Case {
        const char *what;
        long (*try)(void);
        int pull, unpack, remove; /* expected */
} Case;

static const Case cases[] = {
        { "mount", try_mount, EPERM, EPERM, EPERM },
        { "unshare", try_unshare, EPERM, EPERM, EPERM },
        { "setns", try_setns, EPERM, EPERM, EPERM },
        { "fork", try_fork, EPERM, EPERM, EPERM },
        { "thread with namespace", try_thread_with_namespace, EPERM, EPERM, EPERM },
        { "clone3", try_clone3, ENOSYS, ENOSYS, ENOSYS },
        { "execve", try_execve, EPERM, EPERM, EPERM },
        { "bpf", try_bpf, EPERM, EPERM, EPERM },
        { "ptrace", try_ptrace, EPERM, EPERM, EPERM },
        { "kill", try_kill, EPERM, EPERM, EPERM },
        { "chroot", try_chroot, EPERM, EPERM, EPERM },
        { "prctl", try_prctl, EPERM, EPERM, EPERM },
        { "io_uring", try_io_uring, ENOSYS, ENOSYS, ENOSYS },
        { "open_tree", try_open_tree, ENOSYS, ENOSYS, ENOSYS },
        { "inet socket", try_inet, 0, EPERM, EPERM },
        { "resolver", try_resolver, 0, EHOSTUNREACH, EHOSTUNREACH },
        { "packet socket", try_packet, EPERM, EPERM, EPERM },
        { "vsock socket", try_vsock_with_high_bits, EPERM, EPERM, EPERM },
        { "executable memory", try_executable_memory, 0, EPERM, EPERM },
        { "memory", try_memory, 0, 0, 0 },
        { "ioctl", try_ioctl, EPERM, EPERM, EPERM },
        { "thread", try_thread, 0, 0, 0 },
        { "file in the directory", try_create, 0, 0, 0 },
        { "file outside", try_create_in_root, EROFS, 0, 0 },
        { "reading outside", try_read_passwd, 0, ENOENT, ENOENT },
        { "device node", try_mknod, EPERM, 0, EPERM },
        { "overlay attribute", try_opaque, EPERM, 0, EPERM },
        { "chown", try_chown, EPERM, 0, EPERM },
        { "foreign architecture", try_old_architecture, 1000 + SIGSYS, 1000 + SIGSYS, 1000 + SIGSYS },
        { "x32", try_x32, ENOSYS, ENOSYS, ENOSYS },
};

static void check(const char *name, const SandboxProfile *profile, const Case *c, int expected) {
        int got = inside(profile, c->try);

        if (got != expected)
                fail_msg("%s: %s: %d instead of %d", name, c->what, got, expected);
}

static void test_all(void **state) {
        if (directory_fd < 0)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                check("pull", &SANDBOX_PULL, &cases[i], cases[i].pull);
                check("unpack", &SANDBOX_UNPACK, &cases[i], cases[i].unpack);
                check("remove", &SANDBOX_REMOVE, &cases[i], cases[i].remove);
        }
}

/* Without Landlock in the kernel ".." leads out of the staging directory for creel-pull; with it, nowhere.
 */
static void test_above(void **state) {
        long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

        if (directory_fd < 0)
                skip();
        if (version >= 1)
                assert_int_equal(inside(&SANDBOX_PULL, try_create_above), EACCES);
        (void) unlinkat(directory_fd, "../file-of-a-test", 0);

        /* For the others the directory is the root: ".." is the directory itself. */
        assert_int_equal(inside(&SANDBOX_UNPACK, try_create_above), 0);
        assert_int_equal(faccessat(directory_fd, "file-of-a-test", F_OK, 0), 0);
        assert_int_equal(faccessat(directory_fd, "../file-of-a-test", F_OK, 0), -1);
}

static void capabilities_of(const SandboxProfile *profile, uint64_t expected) {
        int pipe_fds[2], status;
        uint64_t got[2] = { UINT64_MAX, UINT64_MAX };
        pid_t pid;

        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                /* /proc is opened before, since the root may be another one later. */
                int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
                static char text[8192];
                const char *p;
                ssize_t n;

                if (sandbox_enter(profile, directory_fd) < 0)
                        syscall(SYS_exit_group, 1);
                n = read(fd, text, sizeof(text) - 1);
                if (n > 0 && (p = strstr(text, "CapPrm:")))
                        got[0] = strtoull(p + 7, NULL, 16);
                if (n > 0 && (p = strstr(text, "CapBnd:")))
                        got[1] = strtoull(p + 7, NULL, 16);
                if (!strstr(text, "NoNewPrivs:\t1"))
                        got[0] = UINT64_MAX;
                (void) fd_write_all(pipe_fds[1], got, sizeof(got));
                syscall(SYS_exit_group, 0);
        }
        (void) fd_close(pipe_fds[1]);
        assert_int_equal(fd_read_full(pipe_fds[0], got, sizeof(got)), sizeof(got));
        (void) fd_close(pipe_fds[0]);
        assert_true(waitpid(pid, &status, 0) == pid);
        assert_int_equal(got[0] & ~expected, 0);
        assert_int_equal(got[1] & ~expected, 0);
}

static void test_capabilities(void **state) {
        if (directory_fd < 0)
                skip();
        capabilities_of(&SANDBOX_PULL, 0);
        capabilities_of(&SANDBOX_UNPACK, 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER |
                                                         1U << CAP_FSETID | 1U << CAP_LINUX_IMMUTABLE |
                                                         1U << CAP_SYS_ADMIN | 1U << CAP_MKNOD |
                                                         1U << CAP_SETFCAP);
        capabilities_of(&SANDBOX_REMOVE,
                        1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER |
                                1U << CAP_LINUX_IMMUTABLE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_above),
                cmocka_unit_test(test_capabilities),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
