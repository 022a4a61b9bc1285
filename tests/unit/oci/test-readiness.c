/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/readiness.h"
#include "test.h"
#include "tmpdir.h"

static int listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_true(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path));
        assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static void say(const char *path, const char *text) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, strlen(path));
        assert_int_equal(sendto(fd, text, strlen(text), 0, (const struct sockaddr *) &address,
                                sizeof(address)),
                         (ssize_t) strlen(text));
}

static const char *hear(int fd, char text[static 512]) {
        ssize_t n = recv(fd, text, 511, MSG_DONTWAIT);

        text[n < 0 ? 0 : n] = 0;
        return text;
}

static void test_prepare(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        RuntimeSpec spec = {};
        _cleanup_failure_ Failure f = {};
        struct stat st;

        assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
        assert_int_equal(readiness_prepare(&spec, dir.path, dir.fd, &f), 0);
        assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
        assert_int_equal(readiness_prepare(&spec, dir.path, dir.fd, &f), 0);
        assert_int_equal(spec.n_mounts, 0);
        assert_null(spec.process.env);

        assert_int_equal(setenv("NOTIFY_SOCKET", "/run/here/the-socket", 1), 0);
        assert_int_equal(readiness_prepare(&spec, dir.path, dir.fd, &f), 0);
        assert_int_equal(spec.n_mounts, 1);
        assert_string_equal(spec.mounts[0].destination, "/run/here/the-socket");
        assert_true(startswith(spec.mounts[0].source, dir.path) &&
                    endswith(spec.mounts[0].source, "/notify"));
        assert_string_equal(strv_env_get(spec.process.env, "NOTIFY_SOCKET"), "/run/here/the-socket/notify");
        assert_int_equal(fstatat(dir.fd, "notify", &st, 0), 0);
        assert_true(S_ISDIR(st.st_mode));

        assert_int_equal(setenv("NOTIFY_SOCKET", "@abstract", 1), 0);
        assert_int_equal(readiness_prepare(&spec, dir.path, dir.fd, &f), 0);
        assert_string_equal(spec.mounts[1].destination, "/run/notify");
        for (size_t i = 0; i < spec.n_mounts; i++)
                runtime_mount_done(spec.mounts + i);
        free(spec.mounts);
        strv_free(spec.process.env);
}

static void test_pass_on(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int manager = -EBADF;
        _cleanup_(readiness_done) Readiness r = READINESS_NONE;
        char path[128], inside[128], text[512];

        (void) snprintf(path, sizeof(path), "%s/manager", dir.path);
        (void) snprintf(inside, sizeof(inside), "%s/notify/notify", dir.path);
        manager = listen_at(path);
        /* a container that was made without */
        assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
        assert_int_equal(readiness_open(dir.fd, &r, NULL), 0);
        assert_int_equal(r.socket_fd, -EBADF);
        assert_int_equal(mkdirat(dir.fd, "notify", 0755), 0);
        assert_int_equal(readiness_open(dir.fd, &r, NULL), 0);
        assert_true(r.socket_fd >= 0 && r.manager_fd >= 0);

        assert_int_equal(readiness_pass_on(&r), 0);
        say(inside, "READY=1\n");
        assert_int_equal(readiness_pass_on(&r), 1);
        assert_string_equal(hear(manager, text), "READY=1");
        say(inside, "STATUS=a\nMAINPID=9\nFDSTORE=1\nSTOPPING=1");
        assert_int_equal(readiness_pass_on(&r), 1);
        assert_string_equal(hear(manager, text), "STATUS=a\nSTOPPING=1");
        say(inside, "MAINPID=9");
        assert_int_equal(readiness_pass_on(&r), 0);
        assert_string_equal(hear(manager, text), "");
}

/* The manager is gone, or was never there: the container is none the wiser. */
static void test_deaf_manager(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_(readiness_done) Readiness r = READINESS_NONE;
        char inside[128];

        assert_int_equal(setenv("NOTIFY_SOCKET", "/no/such/socket", 1), 0);
        assert_int_equal(mkdirat(dir.fd, "notify", 0755), 0);
        assert_int_equal(readiness_open(dir.fd, &r, NULL), 0);
        assert_true(r.socket_fd >= 0);
        assert_int_equal(r.manager_fd, -EBADF);
        (void) snprintf(inside, sizeof(inside), "%s/notify/notify", dir.path);
        say(inside, "READY=1");
        assert_int_equal(readiness_pass_on(&r), 1);
        say(inside, "READY=1");
        assert_int_equal(readiness_wait(&r, 1, -EBADF, NULL), 0);
}

/* What the manager gets of a container that says @text and lives on, or of one that ends. */
static void wait_for_ready(const char *text, bool ends, const char *const *expect) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int manager = -EBADF, pidfd = -EBADF;
        char path[128], inside[128], got[512], first[512];
        pid_t waiter, container = fork();
        int status;

        if (container == 0) {
                if (!ends)
                        (void) pause();
                _exit(0);
        }
        pidfd = (int) syscall(SYS_pidfd_open, container, 0);
        (void) snprintf(path, sizeof(path), "%s/manager", dir.path);
        (void) snprintf(inside, sizeof(inside), "%s/notify/notify", dir.path);
        manager = listen_at(path);
        assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
        assert_int_equal(mkdirat(dir.fd, "notify", 0755), 0);
        {
                _cleanup_(readiness_done) Readiness r = READINESS_NONE;

                assert_int_equal(readiness_open(dir.fd, &r, NULL), 0);
                waiter = fork();
                if (waiter == 0)
                        _exit(readiness_wait(&r, container, pidfd, NULL) < 0);
        }
        if (text)
                say(inside, text);
        for (; *expect; expect++) {
                assert_int_equal(poll(&(struct pollfd){ .fd = manager, .events = POLLIN }, 1, 10000), 1);
                (void) snprintf(first, sizeof(first), "%s", *expect);
                if (startswith(*expect, "MAINPID"))
                        (void) snprintf(first, sizeof(first), *expect, container);
                assert_string_equal(hear(manager, got), first);
        }
        assert_int_equal(waitpid(waiter, &status, 0), waiter);
        assert_int_equal(status, 0);
        assert_string_equal(hear(manager, got), "");
        (void) kill(container, SIGKILL);
        (void) waitpid(container, NULL, 0);
}

static void test_wait(void **state) {
        const char *const ready[] = { "MAINPID=%d\nSTATUS=up\nREADY=1", "BARRIER=1", NULL };
        const char *const nothing[] = { NULL };

        wait_for_ready("STATUS=up\nREADY=1", false, ready);
        wait_for_ready(NULL, true, nothing);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_prepare),
                cmocka_unit_test(test_pass_on),
                cmocka_unit_test(test_deaf_manager),
                cmocka_unit_test(test_wait),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
