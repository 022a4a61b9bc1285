/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/spawn.h"
#include "basic/str.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static int wait_exit(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs a shell line and gives what it printed. */
static int run_shell(const char *script, Spawn *spawn, char buf[static 4096]) {
        _cleanup_close_ int program = open("/bin/sh", O_PATH | O_CLOEXEC), pidfd = -EBADF, in = -EBADF,
                            out = -EBADF;
        char *const argv[] = { (char *) "sh", (char *) "-c", (char *) script, NULL };
        int pair[2];
        ssize_t n;
        pid_t pid;

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        in = pair[0];
        out = pair[1];
        spawn->exec_fd = program;
        spawn->argv = argv;
        spawn->stdio_fds[1] = out;
        assert_int_equal(spawn_run(spawn, &pid, &pidfd), 0);
        assert_true(pidfd >= 0);
        out = fd_close(out);
        n = fd_read_full(in, buf, 4095);
        assert_true(n >= 0);
        buf[n] = 0;
        return wait_exit(pid);
}

#define SPAWN ((Spawn) { .stdio_fds = { -EBADF, -EBADF, -EBADF } })

static void test_only_the_given_fds(void **state) {
        /* one that nobody marked close-on-exec */
        _cleanup_close_ int leaked = open("/dev/zero", O_RDONLY),
                            a = open("/dev/full", O_RDONLY | O_CLOEXEC),
                            b = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int fds[] = { b, a };
        Spawn spawn = SPAWN;
        char buf[4096];

        assert_true(leaked >= 0);
        spawn.fds = fds;
        spawn.n_fds = 2;
        assert_int_equal(
                        run_shell("readlink /proc/$$/fd/0 /proc/$$/fd/3 /proc/$$/fd/4; ls /proc/$$/fd; true",
                                  &spawn, buf),
                        0);
        assert_string_equal(buf, "/dev/null\n/dev/null\n/dev/full\n0\n1\n2\n3\n4\n");
}

/* The wanted numbers are taken by each other: a naive dup2() in order would lose one. */
static void test_crossing_fds(void **state) {
        int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), full = open("/dev/full", O_RDONLY | O_CLOEXEC),
            saved3 = fcntl(3, F_DUPFD_CLOEXEC, 5), saved4 = fcntl(4, F_DUPFD_CLOEXEC, 5);
        int fds[] = { 4, 3 };
        Spawn spawn = SPAWN;
        char buf[4096];

        assert_int_equal(dup3(zero, 3, O_CLOEXEC) < 0 && zero != 3, 0);
        assert_int_equal(dup3(full, 4, O_CLOEXEC) < 0 && full != 4, 0);
        spawn.fds = fds;
        spawn.n_fds = 2;
        assert_int_equal(run_shell("readlink /proc/$$/fd/3 /proc/$$/fd/4", &spawn, buf), 0);
        assert_string_equal(buf, "/dev/full\n/dev/zero\n");
        if (saved3 >= 0)
                (void) close(saved3);
        if (saved4 >= 0)
                (void) close(saved4);
}

/* A caller without stdin must not hand its child somebody else's. */
static void test_closed_stdio(void **state) {
        _cleanup_close_ int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10),
                            program = open("/bin/sh", O_PATH | O_CLOEXEC),
                            full = open("/dev/full", O_RDONLY | O_CLOEXEC), pidfd = -EBADF;
        char *const argv[] = {
                (char *) "sh", (char *) "-c",
                (char *) "test /proc/$$/fd/0 -ef /dev/null && test /proc/$$/fd/3 -ef /dev/full", NULL
        };
        Spawn spawn = { .exec_fd = program,
                        .argv = argv,
                        .fds = &full,
                        .n_fds = 1,
                        .stdio_fds = { -EBADF, -EBADF, -EBADF } };
        pid_t pid;
        int r;

        (void) close(STDIN_FILENO);
        r = spawn_run(&spawn, &pid, &pidfd);
        (void) dup2(saved, STDIN_FILENO);
        assert_int_equal(r, 0);
        assert_int_equal(wait_exit(pid), 0);
}

static void test_environment(void **state) {
        char *const env[] = { (char *) "A=1", NULL };
        Spawn spawn = SPAWN;
        char buf[4096];

        (void) setenv("LEAKED", "yes", true);
        assert_int_equal(run_shell("echo ${LEAKED-none}", &spawn, buf), 0);
        assert_string_equal(buf, "none\n");
        spawn = SPAWN;
        spawn.env = env;
        assert_int_equal(run_shell("echo $A ${LEAKED-none}", &spawn, buf), 0);
        assert_string_equal(buf, "1 none\n");
}

static void test_signals_and_umask(void **state) {
        sigset_t blocked, saved;
        Spawn spawn = SPAWN;
        char buf[4096];
        mode_t mask = umask(0);

        (void) sigemptyset(&blocked);
        (void) sigaddset(&blocked, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &blocked, &saved);
        (void) signal(SIGHUP, SIG_IGN);
        assert_int_equal(run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -s '\\t' ' '; umask",
                                   &spawn, buf),
                         0);
        assert_string_equal(buf, "SigBlk: 0000000000000000\nSigIgn: 0000000000000000\n0022\n");
        /* and the caller's own mask is back */
        (void) sigprocmask(SIG_SETMASK, &saved, &blocked);
        assert_true(sigismember(&blocked, SIGTERM));
        (void) signal(SIGHUP, SIG_DFL);
        (void) umask(mask);
}

static void test_cgroup(void **state) {
        static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        _cleanup_close_ int root = -EBADF, fd = -EBADF;
        char *const argv[] = { (char *) "x", NULL };
        char name[64], buf[4096], path[128];
        Spawn spawn = SPAWN;

        for (size_t i = 0; i < ELEMENTSOF(roots) && root < 0; i++) {
                (void) snprintf(path, sizeof(path), "%s/cgroup.controllers", roots[i]);
                if (access(path, F_OK) >= 0)
                        root = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
        (void) snprintf(name, sizeof(name), "creel-test-spawn-%d", getpid());
        assert_int_equal(mkdirat(root, name, 0755), 0);
        fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        spawn.cgroup_fd = fd;
        assert_int_equal(run_shell("cat /proc/self/cgroup", &spawn, buf), 0);
        assert_non_null(strstr(buf, name));
        /* A program that cannot be executed says so across the other way of sharing, too. */
        spawn = SPAWN;
        spawn.exec_fd = root;
        spawn.argv = argv;
        spawn.cgroup_fd = fd;
        assert_int_equal(spawn_run(&spawn, &(pid_t){ 0 }, &(int){ -EBADF }), -EACCES);
        assert_int_equal(unlinkat(root, name, AT_REMOVEDIR), 0);
}

static void test_exec_failure_is_reported(void **state) {
        _cleanup_close_ int directory = open("/", O_PATH | O_CLOEXEC),
                            text = open("/etc/passwd", O_PATH | O_CLOEXEC), pidfd = -EBADF;
        char *const argv[] = { (char *) "x", NULL };
        Spawn spawn = SPAWN;
        pid_t pid = 7;

        spawn.argv = argv;
        spawn.exec_fd = directory;
        assert_int_equal(spawn_run(&spawn, &pid, &pidfd), -EACCES);
        spawn.exec_fd = text;
        assert_int_equal(spawn_run(&spawn, &pid, &pidfd), -EACCES);
        spawn.n_fds = 1000;
        assert_int_equal(spawn_run(&spawn, &pid, &pidfd), -E2BIG);
        spawn.n_fds = 0;
        spawn.cgroup_fd = directory; /* not one */
        assert_true(spawn_run(&spawn, &pid, &pidfd) < 0);
        assert_int_equal(pid, 7);
        assert_int_equal(pidfd, -EBADF);
        /* no zombie is left */
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static void test_dies_with_its_parent(void **state) {
        _cleanup_close_ int in = -EBADF;
        int pair[2];
        pid_t parent;
        char c;

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        in = pair[0];
        parent = fork();
        assert_true(parent >= 0);
        if (parent == 0) {
                int program = open("/bin/sleep", O_PATH | O_CLOEXEC), pidfd;
                char *const argv[] = { (char *) "sleep", (char *) "1000", NULL };
                Spawn spawn = { .exec_fd = program,
                                .argv = argv,
                                .stdio_fds = { -EBADF, pair[1], -EBADF },
                                .die_with_parent = true };
                pid_t pid;

                _exit(spawn_run(&spawn, &pid, &pidfd) == 0 ? 0 : 1);
        }
        (void) fd_close(pair[1]);
        assert_int_equal(wait_exit(parent), 0);
        /* the end of file comes when the child is gone too */
        assert_int_equal(read(in, &c, 1), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_the_given_fds),
                cmocka_unit_test(test_crossing_fds),
                cmocka_unit_test(test_closed_stdio),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_signals_and_umask),
                cmocka_unit_test(test_cgroup),
                cmocka_unit_test(test_exec_failure_is_reported),
                cmocka_unit_test(test_dies_with_its_parent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
