/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "proto/message.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "test.h"

static void test_round_trip(void **state) {
        _cleanup_(message_freep) Message *m = NULL, *got = NULL;
        _cleanup_close_ int a = -EBADF, b = -EBADF, null = open("/dev/null", O_RDONLY | O_CLOEXEC),
                            taken = -EBADF;
        int pair[2];
        struct stat st;
        uint64_t index;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        a = pair[0];
        b = pair[1];

        assert_int_equal(message_new(MESSAGE_PULL_FETCH, &m), 0);
        assert_int_equal(message_put_u64(m, FIELD_INDEX, 7), 0);
        assert_int_equal(message_put_fd(m, FIELD_OUTPUT, null), 0);
        assert_int_equal(message_send(a, m), 0);

        assert_int_equal(message_recv(b, &got), 1);
        assert_int_equal(message_type(got), MESSAGE_PULL_FETCH);
        assert_int_equal(message_get_u64(got, FIELD_INDEX, &index), 0);
        assert_int_equal(index, 7);
        assert_int_equal(message_take_fd(got, FIELD_OUTPUT, &taken), 0);
        assert_int_equal(fstat(taken, &st), 0);
        assert_true(S_ISCHR(st.st_mode));
        assert_int_equal(message_take_fd(got, FIELD_OUTPUT, &taken), -ENODATA);
}

static void test_end_of_stream(void **state) {
        _cleanup_(message_freep) Message *got = NULL;
        _cleanup_close_ int b = -EBADF;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        (void) fd_close(pair[0]);
        b = pair[1];
        assert_int_equal(message_recv(b, &got), 0);
        assert_null(got);
}

static void test_refuses_what_the_table_does_not_allow(void **state) {
        _cleanup_(message_freep) Message *missing = NULL, *foreign = NULL, *twice = NULL;
        _cleanup_free_ void *data = NULL;
        size_t size;

        assert_int_equal(message_new(MESSAGE_PULL_FETCHED, &missing), 0);
        assert_int_equal(message_encode(missing, &data, &size), -EBADMSG);

        assert_int_equal(message_new(MESSAGE_PULL_SYNC, &foreign), 0);
        assert_int_equal(message_put_u64(foreign, FIELD_INDEX, 1), 0);
        assert_int_equal(message_encode(foreign, &data, &size), -EBADMSG);

        assert_int_equal(message_new(MESSAGE_PULL_FETCHED, &twice), 0);
        assert_int_equal(message_put_u64(twice, FIELD_INDEX, 1), 0);
        assert_int_equal(message_put_u64(twice, FIELD_INDEX, 1), 0);
        assert_int_equal(message_encode(twice, &data, &size), -EBADMSG);
}

static void test_repeated_strings(void **state) {
        _cleanup_(message_freep) Message *m = NULL;
        const char *s;

        assert_int_equal(message_new(MESSAGE_SUPERVISE_START, &m), 0);
        assert_int_equal(message_put_string(m, FIELD_LAYER, "a"), 0);
        assert_int_equal(message_put_string(m, FIELD_LAYER, "b"), 0);
        assert_int_equal(message_get_nth_string(m, FIELD_LAYER, 1, &s), 0);
        assert_string_equal(s, "b");
        assert_int_equal(message_get_nth_string(m, FIELD_LAYER, 2, &s), -ENODATA);
        assert_int_equal(message_get_string(m, FIELD_IMAGE, &s), -ENODATA);
}

static void test_unclaimed_fds_are_closed(void **state) {
        _cleanup_(message_freep) Message *m = NULL, *got = NULL;
        _cleanup_free_ void *data = NULL;
        int fds[1] = { open("/dev/null", O_RDONLY | O_CLOEXEC) }, copy = fds[0];
        size_t size;

        assert_int_equal(message_new(MESSAGE_PULL_SYNC, &m), 0);
        assert_int_equal(message_encode(m, &data, &size), 0);
        assert_int_equal(message_decode(data, size, fds, 1, &got), 0);
        assert_int_equal(fcntl(copy, F_GETFD), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_end_of_stream),
                cmocka_unit_test(test_refuses_what_the_table_does_not_allow),
                cmocka_unit_test(test_repeated_strings),
                cmocka_unit_test(test_unclaimed_fds_are_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
