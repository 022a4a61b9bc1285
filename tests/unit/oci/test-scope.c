/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "oci/scope.h"

#include "test.h"

static void test_request(void **state) {
        char *annotations[] = { (char *) "org.systemd.property.TasksMax=uint64 9", (char *) "other=x",
                                NULL };
        RuntimeSpec spec = { .annotations = annotations };
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_failure_ Failure f = {};
        const char *text;
        uint64_t pid;
        int pair[2];
        OciAssist a;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        a = (OciAssist){ pair[0], -EBADF };
        spec.resources.pids_limit = (RuntimeNumber){ true, 5 };
        spec.resources.cpu_shares = (RuntimeNumber){ true, 1024 };
        assert_int_equal(oci_scope_request(&a, "x.scope", "a.slice", &spec, 77, -EBADF, &f), 0);
        assert_int_equal(message_recv(pair[1], &m), 1);
        assert_int_equal(message_get_string(m, FIELD_NAME, &text), 0);
        assert_string_equal(text, "x.scope");
        assert_int_equal(message_get_u64(m, FIELD_PID, &pid), 0);
        assert_int_equal(pid, 77);
        /* What an annotation says is left out of the limits. */
        assert_int_equal(message_get_nth_string(m, FIELD_PROPERTY, 0, &text), 0);
        assert_string_equal(text, "CPUWeight=uint64 100");
        assert_int_equal(message_get_nth_string(m, FIELD_PROPERTY, 1, &text), 0);
        assert_string_equal(text, "TasksMax=uint64 9");
        assert_int_equal(message_get_nth_string(m, FIELD_PROPERTY, 2, &text), -ENODATA);
        (void) fd_close(pair[0]);
        (void) fd_close(pair[1]);
}

static void test_check(void **state) {
        char *annotations[] = { (char *) "org.systemd.property.TasksMax=uint64 x", NULL };
        RuntimeSpec spec = { .annotations = annotations }, none = {};
        _cleanup_failure_ Failure f = {};

        assert_int_equal(oci_scope_check(&none, &f), 0);
        assert_true(oci_scope_check(&spec, &f) < 0);
        assert_non_null(strstr(f.text, "TasksMax"));
}

static void test_forget(void **state) {
        /* A unit that is not there needs nobody to be asked. */
        assert_int_equal(oci_scope_forget("creel-test-no-such-unit.scope", false, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_request),
                cmocka_unit_test(test_check),
                cmocka_unit_test(test_forget),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
