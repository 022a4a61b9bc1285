/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/fd.h"
#include "basic/journal.h"
#include "basic/memory.h"
#include "basic/str.h"

#include <endian.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

/* The journal's address is fixed: here its datagrams end in a socket pair, with the address left out. */
static int listener = -EBADF, sender = -EBADF;
static struct sockaddr_un addressed;

ssize_t __wrap_sendmsg(int fd, const struct msghdr *mh, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *mh, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *mh, int flags) {
        struct msghdr copy = *mh;

        memcpy(&addressed, mh->msg_name, MIN(sizeof(addressed), (size_t) mh->msg_namelen));
        copy.msg_name = NULL;
        copy.msg_namelen = 0;
        return __real_sendmsg(fd, &copy, flags);
}

static int setup(void **state) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return -1;
        listener = pair[0];
        sender = pair[1];
        return 0;
}

static int teardown(void **state) {
        listener = fd_close(listener);
        sender = fd_close(sender);
        return 0;
}

static void expect_datagram(const void *data, size_t n_bytes) {
        char buf[4096];

        assert_int_equal(recv(listener, buf, sizeof(buf), 0), n_bytes);
        assert_memory_equal(buf, data, n_bytes);
}

static void test_plain_fields(void **state) {
        const JournalField fields[] = {
                journal_string("MESSAGE", "hello = world"),
                journal_string("ABSENT", NULL),
                journal_string("EMPTY", ""),
                { "BYTES", "a\0b", 3 },
        };
        static const char expected[] = "MESSAGE=hello = world\nEMPTY=\nBYTES=a\0b\n";

        assert_int_equal(journal_send(sender, fields, ELEMENTSOF(fields)), 0);
        expect_datagram(expected, sizeof(expected) - 1);
        assert_int_equal(addressed.sun_family, AF_UNIX);
        assert_string_equal(addressed.sun_path, "/run/systemd/journal/socket");
}

/* A value with a newline could otherwise forge fields: it travels with its length in front. */
static void test_newlines_cannot_forge_fields(void **state) {
        static const char value[] = "x\nPRIORITY=0\n_UID=0";
        const JournalField fields[] = { journal_string("MESSAGE", value), journal_string("AFTER", "y") };
        uint64_t length = htole64(sizeof(value) - 1);
        char expected[128], *p = expected;

        p = mempcpy(p, "MESSAGE\n", 8);
        p = mempcpy(p, &length, 8);
        p = mempcpy(p, value, sizeof(value) - 1);
        p = mempcpy(p, "\nAFTER=y\n", 9);
        assert_int_equal(journal_send(sender, fields, ELEMENTSOF(fields)), 0);
        expect_datagram(expected, (size_t) (p - expected));
}

static void test_large_entries_travel_in_a_memfd(void **state) {
        enum { N = 4 * 1024 * 1024 };
        _cleanup_free_ char *value = malloc(N + 1), *text = NULL;
        const JournalField field = { "MESSAGE", value, N };
        _cleanup_close_ int fd = -EBADF;
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr mh = { .msg_control = &control, .msg_controllen = sizeof(control) };
        size_t size;

        (void) memset(value, 'v', N);
        value[N] = 0;
        assert_int_equal(journal_send(sender, &field, 1), 0);
        assert_int_equal(recvmsg(listener, &mh, MSG_CMSG_CLOEXEC), 0);
        assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
        memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
        assert_int_equal(fcntl(fd, F_GET_SEALS) & (F_SEAL_WRITE | F_SEAL_SHRINK),
                         F_SEAL_WRITE | F_SEAL_SHRINK);
        assert_int_equal(fd_read_file(fd, 2 * N, &text, &size), 0);
        assert_int_equal(size, N + strlen("MESSAGE=\n"));
        assert_memory_equal(text, "MESSAGE=vvv", 11);
        assert_int_equal(text[size - 1], '\n');
}

static void test_limits_and_errors(void **state) {
        JournalField fields[65];

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                fields[i] = journal_string("A", "b");
        assert_int_equal(journal_send(sender, fields, 65), -E2BIG);
        assert_int_equal(journal_send(sender, fields, 64), 0);
        listener = fd_close(listener);
        assert_true(journal_send(sender, fields, 1) < 0);
}

static void test_open(void **state) {
        _cleanup_close_ int fd = -EBADF;
        int type;
        socklen_t size = sizeof(type);

        assert_int_equal(journal_open(&fd), 0);
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
        assert_int_equal(type, SOCK_DGRAM);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_plain_fields, setup, teardown),
                cmocka_unit_test_setup_teardown(test_newlines_cannot_forge_fields, setup, teardown),
                cmocka_unit_test_setup_teardown(test_large_entries_travel_in_a_memfd, setup, teardown),
                cmocka_unit_test_setup_teardown(test_limits_and_errors, setup, teardown),
                cmocka_unit_test(test_open),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
