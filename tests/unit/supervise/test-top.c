/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>
#include <unistd.h>

#include "basic/str.h"
#include "proto/message.h"
#include "supervise/top.h"

#include "test.h"

static void test_clean_text(void **state) {
        static const struct {
                const char *dirty, *clean;
        } rows[] = {
                { "", "" },
                { "sh -c true", "sh -c true" },
                { "a\tb\nc\033[2J\177", "a?b?c?[2J?" },
                { "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f",
                  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9f" },
                { "\xff\xc3", "??" },                /* no character, and the beginning of one */
                { "\xc0\x80\xed\xa0\x80", "?????" }, /* overlong, and half of a pair */
                { "\xc2\x9b"
                  "1m",
                  "?1m" }, /* CSI of C1 */
                { "\xf5\x80\x80\x80", "????" },
        };
        char buf[64], small[4];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                top_clean_text(rows[i].dirty, buf, sizeof(buf));
                assert_string_equal(buf, rows[i].clean);
        }
        top_clean_text("ab\xe2\x82\xac", small, sizeof(small));
        assert_string_equal(small, "ab");
}

/* What is no request is no answer, and a cgroup that is gone a failure. */
static void test_refused(void **state) {
        _cleanup_(message_freep) Message *start = NULL, *answer = NULL;
        const char *error = NULL;
        int p[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p), 0);
        assert_int_equal(message_new(MESSAGE_TOP_START, &start), 0);
        assert_int_equal(message_put_string(start, FIELD_CGROUP, "/no/such.scope"), 0);
        assert_int_equal(message_put_u64(start, FIELD_PID, (uint64_t) getpid()), 0);
        assert_int_equal(message_put_fd(start, FIELD_PIDFD, p[0]), 0);
        assert_int_equal(message_put_string(start, FIELD_WORD, "no-such-column"), 0);
        assert_int_equal(message_send(p[0], start), 0);
        assert_true(top_run(p[1]) < 0);
        assert_int_equal(message_recv(p[0], &answer), 1);
        assert_int_equal(message_type(answer), MESSAGE_FAILED);
        assert_int_equal(message_get_string(answer, FIELD_ERROR, &error), 0);
        assert_string_equal(error, "System");
        (void) close(p[0]);
        (void) close(p[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_clean_text),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
