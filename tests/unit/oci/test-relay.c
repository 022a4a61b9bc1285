/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "basic/fd.h"
#include "oci/relay.h"
#include "test.h"

/* What `exec` is: a process of its own, whose streams are @stdio, that runs @shell, with a terminal or not.
 */
typedef struct Front {
        pid_t pid;
        int user; /* the master of our terminal; -EBADF: there is none */
        int in, out;
} Front;

static void open_pty(int *ret_master, int *ret_peer) {
        *ret_master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(*ret_master >= 0);
        assert_int_equal(unlockpt(*ret_master), 0);
        *ret_peer = ioctl(*ret_master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(*ret_peer >= 0);
}

_noreturn_ static void run_shell(const char *shell, int peer) {
        sigset_t none;

        /* Who starts us in the background may have it ignored. */
        (void) sigaction(SIGQUIT, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) setsid();
        if (peer >= 0) {
                (void) ioctl(peer, TIOCSCTTY, 0);
                for (int i = 0; i < 3; i++)
                        (void) dup2(peer, i);
        }
        (void) execl("/bin/sh", "sh", "-c", shell, NULL);
        _exit(127);
}

_noreturn_ static void be_front(const char *shell, bool terminal, bool reap) {
        RelayOptions o = { .master_fd = -EBADF, .watch_fd = -EBADF, .reap = reap };
        int peer = -EBADF, status = -1, pidfd = -EBADF;
        struct clone_args args = { .flags = CLONE_PIDFD,
                                   .pidfd = (uintptr_t) &pidfd,
                                   .exit_signal = SIGCHLD };
        long pid;

        if (terminal)
                open_pty(&o.master_fd, &peer);
        if (relay_prepare(reap) < 0)
                _exit(99);
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid == 0)
                run_shell(shell, peer);
        (void) fd_close(peer);
        o.pid = (pid_t) pid;
        o.pidfd = pidfd;
        _exit(relay_run(&o, &status, NULL) < 0 ? 98 : status);
}

static Front start(const char *shell, bool terminal, bool user, bool reap) {
        Front f = { .user = -EBADF };
        int in[2], out[2], peer = -EBADF;

        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        if (user)
                open_pty(&f.user, &peer);
        f.pid = fork();
        if (f.pid == 0) {
                (void) close(in[1]);
                (void) close(out[0]);
                (void) dup2(user ? peer : in[0], 0);
                (void) dup2(user ? peer : out[1], 1);
                be_front(shell, terminal, reap);
        }
        (void) close(in[0]);
        (void) close(out[1]);
        /* kept, so that what was printed can be read afterwards */
        f.in = in[1];
        f.out = out[0];
        if (user) {
                (void) close(f.in);
                f.in = peer;
        }
        return f;
}

/* Reads until @text was seen; false at the end. */
static bool expect(const Front *f, const char *text) {
        int fd = f->user >= 0 ? f->user : f->out;
        char seen[4096] = "";
        size_t n = 0;

        while (!strstr(seen, text)) {
                ssize_t k;

                if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 10000) != 1)
                        return false;
                k = read(fd, seen + n, sizeof(seen) - 1 - n);
                if (k <= 0)
                        return false;
                n += (size_t) k;
                seen[n] = 0;
        }
        return true;
}

static int finish(Front *f) {
        int status;

        assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
        (void) close(f->in);
        (void) close(f->out);
        (void) fd_close(f->user);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_status(void **state) {
        Front f = start("exit 7", false, false, false);

        assert_int_equal(finish(&f), 7);
        f = start("kill -9 $$", false, false, false);
        assert_int_equal(finish(&f), 128 + SIGKILL);
        f = start("exit 3", true, false, false);
        assert_int_equal(finish(&f), 3);
}

static void test_signals(void **state) {
        static const int passed[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGQUIT, SIGALRM };

        for (size_t i = 0; i < ELEMENTSOF(passed); i++) {
                Front f = start("echo up; exec sleep 100", false, false, false);

                assert_true(expect(&f, "up\n"));
                /* nothing to do with the process */
                assert_int_equal(kill(f.pid, SIGCHLD), 0);
                assert_int_equal(kill(f.pid, SIGPIPE), 0);
                assert_int_equal(kill(f.pid, SIGURG), 0);
                assert_int_equal(kill(f.pid, passed[i]), 0);
                assert_int_equal(finish(&f), 128 + passed[i]);
        }
}

/* Without a terminal of ours: what is piped goes in, what is printed comes out, all of it. */
static void test_piped(void **state) {
        Front f = start("read a; echo got $a; test -t 0 && test -t 1 && seq 3000; echo last", true, false,
                        false);
        char text[65536] = "";
        size_t n = 0;
        ssize_t k;

        assert_int_equal(write(f.in, "word\n", 5), 5);
        (void) close(f.in);
        while ((k = read(f.out, text + n, sizeof(text) - 1 - n)) > 0)
                n += (size_t) k;
        f.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(finish(&f), 0);
        assert_non_null(strstr(text, "got word\r\n"));
        assert_non_null(strstr(text, "\n3000\r\nlast\r\n"));
}

/* Nobody reads: the process goes on, and ends. */
static void test_broken_output(void **state) {
        Front f = start("seq 20000; exit 5", true, false, false);

        (void) close(f.out);
        f.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(finish(&f), 5);
}

static void test_terminal(void **state) {
        Front f = start("stty size; echo ready; read a; echo got $a; stty size; read b", true, true, false);
        struct winsize size = { .ws_row = 21, .ws_col = 43 };
        struct termios before, during, after;

        assert_int_equal(tcgetattr(f.in, &before), 0);
        assert_true(expect(&f, "ready"));
        assert_int_equal(tcgetattr(f.in, &during), 0);
        assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
        assert_int_equal(ioctl(f.user, TIOCSWINSZ, &size), 0);
        assert_int_equal(kill(f.pid, SIGWINCH), 0);
        assert_int_equal(write(f.user, "x\r", 2), 2);
        assert_true(expect(&f, "21 43"));
        /* The interrupt key is the process's. */
        assert_int_equal(write(f.user, "\003", 1), 1);
        assert_int_equal(finish(&(Front){ .pid = f.pid,
                                          .in = fcntl(0, F_DUPFD_CLOEXEC, 3),
                                          .out = fcntl(0, F_DUPFD_CLOEXEC, 3),
                                          .user = -EBADF }),
                         128 + SIGINT);
        assert_int_equal(tcgetattr(f.in, &after), 0);
        assert_int_equal(after.c_lflag, before.c_lflag);
        (void) close(f.in);
        (void) close(f.out);
        (void) close(f.user);
}

/* The terminal outlives those who close it, and orphans are reaped, not taken for the process. */
static void test_orphans(void **state) {
        Front f = start("(sh -c 'exit 4' & ) ; (sleep 0.05; exit 6) & sleep 0.2; exit 8", false, false,
                        true);

        assert_int_equal(finish(&f), 8);
        f = start("exec 0<&- 1>&- 2>&-; sleep 0.05; echo back > /dev/tty; exit 9", true, false, false);
        assert_true(expect(&f, "back"));
        assert_int_equal(finish(&f), 9);
}

static int on_watched(void *userdata) {
        char byte;

        (void) read(((int *) userdata)[0], &byte, 1);
        (void) write(((int *) userdata)[2], "w", 1);
        return byte == 'e' ? -EIO : 0;
}

static void test_watch(void **state) {
        int watched[2], told[2], status, pidfd = -EBADF;
        struct clone_args args = { .flags = CLONE_PIDFD,
                                   .pidfd = (uintptr_t) &pidfd,
                                   .exit_signal = SIGCHLD };
        char text[8];
        pid_t front;

        assert_int_equal(pipe2(watched, O_CLOEXEC), 0);
        assert_int_equal(pipe2(told, O_CLOEXEC), 0);
        front = fork();
        if (front == 0) {
                int fds[] = { watched[0], watched[1], told[1] };
                RelayOptions o = { .master_fd = -EBADF,
                                   .watch_fd = watched[0],
                                   .on_watched = on_watched,
                                   .userdata = fds };

                (void) relay_prepare(false);
                o.pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
                if (o.pid == 0)
                        run_shell("exec sleep 100", -EBADF);
                o.pidfd = pidfd;
                _exit(relay_run(&o, &status, NULL) < 0 ? 98 : status);
        }
        assert_int_equal(write(watched[1], "m", 1), 1);
        assert_int_equal(read(told[0], text, 1), 1);
        assert_int_equal(write(watched[1], "e", 1), 1);
        assert_int_equal(read(told[0], text, 1), 1);
        assert_int_equal(write(watched[1], "m", 1), 1);
        assert_int_equal(kill(front, SIGTERM), 0);
        assert_int_equal(waitpid(front, &status, 0), front);
        assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
        (void) close(told[1]);
        assert_int_equal(read(told[0], text, 1), 0);
        (void) close(told[0]);
        (void) close(watched[0]);
        (void) close(watched[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_status),   cmocka_unit_test(test_signals),
                cmocka_unit_test(test_piped),    cmocka_unit_test(test_broken_output),
                cmocka_unit_test(test_terminal), cmocka_unit_test(test_orphans),
                cmocka_unit_test(test_watch),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
