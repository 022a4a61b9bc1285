/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "supervise/supervisor.h"

#include "test.h"

static Supervisor supervisor;

static void test_creeld_gone(void **state) {
        _cleanup_failure_ Failure failure = {};
        int sockets[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        (void) close(sockets[0]);
        supervisor_init(&supervisor, sockets[1]);
        assert_int_equal(supervisor_start(&supervisor, &failure), 1);
        assert_null(failure.text);
        supervisor_done(&supervisor);
}

static void test_wrong_message(void **state) {
        _cleanup_(message_freep) Message *m = NULL, *answer = NULL;
        _cleanup_failure_ Failure failure = {};
        int sockets[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        assert_int_equal(message_new(MESSAGE_SUPERVISE_HELLO, &m), 0);
        assert_int_equal(message_send(sockets[0], m), 0);
        assert_int_equal(message_send(sockets[0], m), 0); /* stays unread, and must not cost the answer */
        supervisor_init(&supervisor, sockets[1]);
        assert_true(supervisor_start(&supervisor, &failure) < 0);
        assert_non_null(failure.text);
        assert_int_equal(message_send_failure(sockets[1], "System", failure.text, 125), 0);
        supervisor_done(&supervisor);
        assert_int_equal(message_recv(sockets[0], &answer), 1);
        assert_int_equal(message_type(answer), MESSAGE_FAILED);
        (void) close(sockets[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_creeld_gone),
                cmocka_unit_test(test_wrong_message),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
