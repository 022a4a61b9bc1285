/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "proto/message.h"
#include "supervise/exec.h"

#include "test.h"

/* That commands run, and how they end, is for tests/integration/test_exec.py. */
static void test_creeld_gone(void **state) {
        int sockets[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        (void) close(sockets[0]);
        assert_int_equal(exec_run(sockets[1]), 1);
}

static void test_wrong_message(void **state) {
        _cleanup_(message_freep) Message *m = NULL, *answer = NULL;
        const char *text = NULL;
        int sockets[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        assert_int_equal(message_new(MESSAGE_SUPERVISE_HELLO, &m), 0);
        assert_int_equal(message_send(sockets[0], m), 0);
        assert_true(exec_run(sockets[1]) < 0);
        assert_int_equal(message_recv(sockets[0], &answer), 1);
        assert_int_equal(message_type(answer), MESSAGE_FAILED);
        assert_int_equal(message_get_string(answer, FIELD_TEXT, &text), 0);
        assert_non_null(strstr(text, "exec-start"));
        (void) close(sockets[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_creeld_gone),
                cmocka_unit_test(test_wrong_message),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
