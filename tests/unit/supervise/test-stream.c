/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "supervise/stream.h"

#include "test.h"

/* A journal that writes down what it gets: "MESSAGE|other fields". */
static char **entries;
static unsigned refusals;

static int take(int fd, const JournalField *fields, size_t n_fields) {
        char *line = NULL;

        if (refusals > 0) {
                refusals--;
                return -EAGAIN;
        }
        for (size_t i = 0; i < n_fields; i++) {
                char *longer;

                if (!fields[i].data)
                        continue;
                assert_true(string_format(&longer, "%s%s%s=%.*s", line ?: "", line ? "|" : "",
                                          fields[i].name, (int) fields[i].n_bytes,
                                          (const char *) fields[i].data) >= 0);
                free(line);
                line = longer;
        }
        assert_int_equal(strv_consume(&entries, line), 0);
        return 0;
}

static int reset(void **state) {
        entries = strv_free(entries);
        refusals = 0;
        return 0;
}

static const JournalField name_field = { .name = "CONTAINER_NAME", .data = "box", .n_bytes = 3 };

static Stream make_stream(int *ret_write) {
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        *ret_write = fds[1];
        return (Stream){.fd = fds[0],
                        .journal_fd = 0,
                        .send = take,
                        .priority = "6",
                        .fields = &name_field,
                        .n_fields = 1};
}

/* Feeds and reads until the pipe is empty. */
static void feed(Stream *s, int fd, const char *data, size_t n) {
        struct pollfd p = { .fd = s->fd, .events = POLLIN };

        assert_int_equal(fd_write_all(fd, data, n), 0);
        while (stream_wants_input(s) && poll(&p, 1, 0) > 0)
                assert_int_equal(stream_read(s), 0);
}

static void test_lines(void **state) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_(stream_done) Stream s = make_stream(&fd);

        feed(&s, fd, "one\ntwo\n\npart", 13);
        assert_int_equal(strv_length(entries), 3);
        assert_string_equal(entries[0], "MESSAGE=one|PRIORITY=6|CONTAINER_NAME=box");
        assert_string_equal(entries[2], "MESSAGE=|PRIORITY=6|CONTAINER_NAME=box");
        feed(&s, fd, "ial\nend", 7);
        assert_int_equal(strv_length(entries), 4);
        assert_true(startswith(entries[3], "MESSAGE=partial|") != NULL);
        fd = fd_close(fd);
        assert_int_equal(stream_read(&s), 0);
        assert_int_equal(s.fd, -EBADF);
        assert_string_equal(entries[4], "MESSAGE=end|PRIORITY=6|CONTAINER_NAME=box");
}

static void test_long_line(void **state) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_(stream_done) Stream s = make_stream(&fd);
        _cleanup_free_ char *data = malloc(2 * STREAM_LINE_MAX + 6);

        memset(data, 'x', 2 * STREAM_LINE_MAX + 4);
        data[2 * STREAM_LINE_MAX + 4] = '\n';
        feed(&s, fd, data, 2 * STREAM_LINE_MAX + 5);
        assert_int_equal(strv_length(entries), 3);
        assert_non_null(strstr(entries[0], "|CONTAINER_PARTIAL_MESSAGE=true|"));
        assert_non_null(strstr(entries[1], "|CONTAINER_PARTIAL_MESSAGE=true|"));
        assert_string_equal(entries[2], "MESSAGE=xxxx|PRIORITY=6|CONTAINER_NAME=box");
}

static void test_blocked(void **state) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_(stream_done) Stream s = make_stream(&fd);

        refusals = 2;
        feed(&s, fd, "a\nb\n", 4);
        assert_true(s.blocked);
        assert_false(stream_wants_input(&s));
        assert_int_equal(strv_length(entries), 0);
        assert_int_equal(stream_resume(&s), 0);
        assert_true(s.blocked);
        assert_int_equal(stream_resume(&s), 0);
        assert_false(s.blocked);
        assert_int_equal(strv_length(entries), 2);
        feed(&s, fd, "c\n", 2);
        assert_int_equal(strv_length(entries), 3);
}

static void test_terminal(void **state) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_(stream_done) Stream s = make_stream(&fd);

        s.terminal = true;
        feed(&s, fd, "one\r\n\r\ntwo\rx\r\n", 14);
        assert_int_equal(strv_length(entries), 3);
        assert_true(startswith(entries[0], "MESSAGE=one|") != NULL);
        assert_true(startswith(entries[2], "MESSAGE=two\rx|") != NULL);
}

static void test_thrown_away(void **state) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_(stream_done) Stream s = make_stream(&fd);

        s.journal_fd = -EBADF;
        feed(&s, fd, "one\n", 4);
        fd = fd_close(fd);
        assert_int_equal(stream_read(&s), 0);
        assert_int_equal(strv_length(entries), 0);
        assert_true(s.ended);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_lines, reset),
                cmocka_unit_test_teardown(test_long_line, reset),
                cmocka_unit_test_teardown(test_blocked, reset),
                cmocka_unit_test_teardown(test_terminal, reset),
                cmocka_unit_test_teardown(test_thrown_away, reset),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
