/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/strv.h"
#include "runtime/notify.h"

#include "test.h"
#include "tmpdir.h"

static void say(const char *path, const char *text, size_t n) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_true(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path));
        assert_int_equal(sendto(fd, text, n, 0, (const struct sockaddr *) &address, sizeof(address)),
                         (ssize_t) n);
}

static void test_any(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int fd = -EBADF;
        char text[NOTIFY_BYTES_MAX], path[108];
        static char large[NOTIFY_BYTES_MAX + 10];
        struct stat st;

        assert_int_equal(notify_open(dir.fd, "notify", &fd), 0);
        assert_int_equal(fstatat(dir.fd, "notify", &st, 0), 0);
        assert_int_equal(st.st_mode & 0777, 0777);
        (void) snprintf(path, sizeof(path), "%s/notify", dir.path);

        assert_int_equal(notify_receive(fd, NOTIFY_ANY, 1, text), 0);
        say(path, "READY=1\nMAINPID=7\nSTATUS=fine = yes\nFDSTORE=1\nX_SYSTEMD_SIGNALS_LEVEL=2",
            strlen("READY=1\nMAINPID=7\nSTATUS=fine = yes\nFDSTORE=1\nX_SYSTEMD_SIGNALS_LEVEL=2"));
        assert_int_equal(notify_receive(fd, NOTIFY_ANY, 1, text), 1);
        assert_string_equal(text, "READY=1\nSTATUS=fine = yes\nX_SYSTEMD_SIGNALS_LEVEL=2\n");
        say(path, "MAINPID=7\n", 10);
        assert_int_equal(notify_receive(fd, NOTIFY_ANY, 1, text), 0);
        say(path, "READY=1\0x", 9);
        assert_int_equal(notify_receive(fd, NOTIFY_ANY, 1, text), 0);
        memset(large, 'a', sizeof(large));
        say(path, large, sizeof(large));
        assert_int_equal(notify_receive(fd, NOTIFY_ANY, 1, text), 0);
        say(path, "", 0);
        assert_int_equal(notify_receive(fd, NOTIFY_ANY, 1, text), 0);
        /* a second start takes the name over */
        fd = fd_close(fd);
        assert_int_equal(notify_open(dir.fd, "notify", &fd), 0);
}

/* Whole systems: the init alone is heard. */
static void test_first(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int fd = -EBADF;
        char text[NOTIFY_BYTES_MAX], path[108];

        assert_int_equal(notify_open(dir.fd, "notify", &fd), 0);
        (void) snprintf(path, sizeof(path), "%s/notify", dir.path);
        say(path, "READY=1", 7);
        assert_int_equal(notify_receive(fd, NOTIFY_FIRST, getpid() + 1, text), 0);
        say(path, "READY=1", 7);
        assert_int_equal(notify_receive(fd, NOTIFY_FIRST, getpid(), text), 1);
}

/* The end of what is sent along may take as long as the sender likes. */
static void test_lingering(void **state) {
        struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct linger linger = { .l_onoff = 1, .l_linger = 100 };
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -EBADF, listener = -EBADF, from = -EBADF;
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS,
                                  .cmsg_len = CMSG_LEN(sizeof(int)) } };
        struct iovec iov = { (char *) "READY=1", 7 };
        struct msghdr mh = { .msg_name = &address,
                             .msg_namelen = sizeof(address),
                             .msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control) };
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        static char junk[65536], text[NOTIFY_BYTES_MAX];
        socklen_t n = sizeof(place);
        int full;

        assert_int_equal(notify_open(dir.fd, "notify", &fd), 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", dir.path);
        listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listener, (const struct sockaddr *) &place, sizeof(place)), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *) &place, &n), 0);
        if (connect(full, (const struct sockaddr *) &place, sizeof(place)) < 0)
                skip(); /* no loopback interface */
        while (send(full, junk, sizeof(junk), MSG_DONTWAIT) > 0)
                ;
        assert_int_equal(setsockopt(full, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
        memcpy(CMSG_DATA(&control.header), &full, sizeof(full));
        assert_int_equal(sendmsg(from, &mh, 0), 7);
        (void) close(full);

        (void) alarm(20);
        assert_int_equal(notify_receive(fd, NOTIFY_ANY, 1, text), 1);
        (void) alarm(0);
}

static void test_remember(void **state) {
        _cleanup_strv_free_ char **l = NULL;

        assert_int_equal(notify_remember(&l, "READY=1\nWATCHDOG=1\nSTATUS=a\n"), 0);
        assert_int_equal(notify_remember(&l, "STATUS=b\n"), 0);
        assert_int_equal(strv_length(l), 2);
        assert_string_equal(strv_env_get(l, "STATUS"), "b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_any),
                cmocka_unit_test(test_first),
                cmocka_unit_test(test_lingering),
                cmocka_unit_test(test_remember),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
