/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "oci/assist.h"

#include "test.h"

static void make(OciAssist *a, int *ret_peer) {
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        *a = (OciAssist){ pair[0], -EBADF };
        *ret_peer = pair[1];
}

static void test_answers(void **state) {
        _cleanup_(message_freep) Message *done = NULL, *m = NULL;
        _cleanup_failure_ Failure f = {};
        _cleanup_close_ int peer = -EBADF;
        OciAssist a;

        make(&a, &peer);
        assert_int_equal(message_new(MESSAGE_SCOPE_DONE, &done), 0);
        assert_int_equal(message_send(peer, done), 0);
        assert_int_equal(oci_assist_wait(&a, MESSAGE_SCOPE_DONE, &m, &f), 0);
        assert_int_equal(message_send_failure(peer, "NameInUse", "taken", 1), 0);
        assert_true(oci_assist_wait(&a, MESSAGE_SCOPE_DONE, &m, &f) < 0);
        assert_int_equal(f.kind, FAILURE_NAME_IN_USE);
        assert_string_equal(f.text, "taken");
        (void) fd_close(a.socket_fd);
}

static void test_died(void **state) {
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_failure_ Failure f = {};
        OciAssist a;
        int peer;

        make(&a, &peer);
        (void) fd_close(peer);
        assert_true(oci_assist_wait(&a, MESSAGE_SCOPE_DONE, &m, &f) < 0);
        assert_non_null(strstr(f.text, "creel-assist"));
        (void) fd_close(a.socket_fd);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_answers), cmocka_unit_test(test_died) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
