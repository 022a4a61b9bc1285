/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "runtime/channel.h"
#include "runtime/mount-set.h"

#include "test.h"

#define MANY 300 /* more than a packet holds */

static void add_pipes(MountSet *set, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int fd = open("/dev/null", O_PATH | O_CLOEXEC);

                assert_true(fd >= 0);
                assert_int_equal(mount_set_add(set, (short) i, fd), 0);
        }
}

/* What does not fit into one packet comes in several, in order. */
static void check_passage(size_t n) {
        _cleanup_(mount_set_done) MountSet sent = {}, received = {};
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(channel_new(&a, &b), 0);
        add_pipes(&sent, n);
        assert_int_equal(mount_set_send(&sent, a), 0);
        assert_int_equal(mount_set_receive(b, &received, &failure), 1);
        assert_int_equal(received.n, n);
        for (size_t i = 0; i < n; i++) {
                assert_int_equal(received.slots[i], (short) i);
                assert_true(fcntl(received.fds[i], F_GETFD) & FD_CLOEXEC);
        }
}

static void test_passage(void **state) {
        check_passage(0);
        check_passage(1);
        check_passage(CHANNEL_FDS_MAX);
        check_passage(MANY);
}

static void test_refusals(void **state) {
        Packet failed = { .type = PACKET_FAILED, .kind = FAILURE_STORAGE, .text = "no disk" };
        _cleanup_(mount_set_done) MountSet received = {};
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(channel_new(&a, &b), 0);
        assert_int_equal(channel_send(a, &failed), 0);
        assert_true(mount_set_receive(b, &received, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_STORAGE);
        assert_string_equal(failure.text, "no disk");
        assert_int_equal(channel_send_plain(a, PACKET_GO), 0);
        assert_int_equal(mount_set_receive(b, &received, &failure), -EBADMSG);
        a = fd_close(a);
        assert_int_equal(mount_set_receive(b, &received, &failure), 0);
        assert_int_equal(received.n, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_passage),
                cmocka_unit_test(test_refusals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
