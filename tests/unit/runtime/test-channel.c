/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "runtime/channel.h"

#include "test.h"

static void test_round_trip(void **state) {
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        _cleanup_(packet_done) Packet received = {};
        Packet sent = {.type = PACKET_MOUNTS,
                       .n_fds = 2,
                       .slots = {SLOT_ROOT, 7},
                       .fds = {STDIN_FILENO, STDERR_FILENO}};

        assert_int_equal(channel_new(&a, &b), 0);
        assert_int_equal(channel_send(a, &sent), 0);
        assert_int_equal(channel_recv(b, &received), 1);
        assert_int_equal(received.type, PACKET_MOUNTS);
        assert_int_equal(received.n_fds, 2);
        assert_int_equal(received.slots[0], SLOT_ROOT);
        assert_int_equal(received.slots[1], 7);
        assert_true(received.fds[0] > STDERR_FILENO);
}

static void test_end(void **state) {
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        Packet received = {};

        assert_int_equal(channel_new(&a, &b), 0);
        a = fd_close(a);
        assert_int_equal(channel_recv(b, &received), 0);
        assert_int_equal(channel_send_plain(b, PACKET_GO), -EPIPE);
}

/* The payload fails and ends while GO is on its way to it: what it said must still be heard. */
static void test_last_words(void **state) {
        _cleanup_close_ int parent = -EBADF, child = -EBADF;
        Packet words = { .type = PACKET_FAILED, .text = "why" }, received = {};

        assert_int_equal(channel_new(&parent, &child), 0);
        assert_int_equal(channel_send_plain(parent, PACKET_GO), 0);
        assert_int_equal(channel_write(child, &words), 0);
        child = fd_close(child);
        assert_int_equal(channel_recv(parent, &received), 1);
        assert_string_equal(received.text, "why");
        assert_int_equal(channel_recv(parent, &received), 0);
}

static void test_malformed(void **state) {
        _cleanup_close_ int a = -EBADF, b = -EBADF;
        Packet received = {};

        assert_int_equal(channel_new(&a, &b), 0);
        assert_int_equal(send(a, "x", 1, 0), 1);
        assert_int_equal(channel_recv(b, &received), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_end),
                cmocka_unit_test(test_last_words),
                cmocka_unit_test(test_malformed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
