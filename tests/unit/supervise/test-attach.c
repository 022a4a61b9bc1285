/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "supervise/attach.h"

#include "test.h"

typedef struct Fixture {
        Attachment a;
        int session, out; /* the client's ends */
} Fixture;

static void init(Fixture *f) {
        _cleanup_(message_freep) Message *m = NULL, *got = NULL;
        int sockets[2], channel[2], pipes[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        assert_int_equal(message_new(MESSAGE_SUPERVISE_ATTACH, &m), 0);
        assert_int_equal(message_put_u64(m, FIELD_INDEX, 5), 0);
        assert_int_equal(message_put_fd(m, FIELD_SESSION, sockets[1]), 0);
        assert_int_equal(message_put_fd(m, FIELD_STDOUT, pipes[1]), 0);
        assert_int_equal(message_send(channel[0], m), 0);
        assert_int_equal(message_recv(channel[1], &got), 1);
        attachment_init(&f->a);
        assert_int_equal(attachment_take(&f->a, got), 0);
        (void) close(sockets[1]);
        (void) close(pipes[1]);
        (void) close(channel[0]);
        (void) close(channel[1]);
        f->session = sockets[0];
        f->out = pipes[0];
}

static void done(Fixture *f) {
        attachment_done(&f->a);
        assert_int_equal(f->a.session_fd, -EBADF);
        (void) close(f->session);
        (void) fd_close(f->out);
}

static void test_write(void **state) {
        char buf[16] = "";
        Fixture f;

        init(&f);
        assert_int_equal(attachment_write(&f.a, 0, "abc", 3), 0);
        assert_int_equal(attachment_write(&f.a, 1, "lost", 4), 0); /* not wanted */
        assert_false(attachment_is_behind(&f.a, 0));
        assert_int_equal(read(f.out, buf, sizeof(buf)), 3);
        assert_string_equal(buf, "abc");
        done(&f);
}

/* A full pipe costs no byte. */
static void test_behind(void **state) {
        size_t n = 1024 * 1024, got = 0;
        char *data = malloc(n), *read_back = malloc(n);
        Fixture f;

        for (size_t i = 0; i < n; i++)
                data[i] = (char) (i * 7);
        init(&f);
        assert_int_equal(attachment_write(&f.a, 0, data, n / 2), 0);
        assert_true(attachment_is_behind(&f.a, 0));
        assert_int_equal(attachment_write(&f.a, 0, data + n / 2, n - n / 2), 0);
        while (got < n) {
                ssize_t k = read(f.out, read_back + got, n - got);

                assert_true(k > 0);
                got += (size_t) k;
                attachment_flush(&f.a, 0);
        }
        assert_false(attachment_is_behind(&f.a, 0));
        assert_memory_equal(data, read_back, n);
        free(data);
        free(read_back);
        done(&f);
}

static void test_reader_gone(void **state) {
        Fixture f;

        (void) signal(SIGPIPE, SIG_IGN);
        init(&f);
        f.out = fd_close(f.out);
        assert_int_equal(attachment_write(&f.a, 0, "abc", 3), 0);
        assert_false(attachment_is_behind(&f.a, 0));
        assert_true(f.a.outputs[0].fd < 0);
        done(&f);
}

static void test_tell(void **state) {
        _cleanup_(message_freep) Message *started = NULL, *in = NULL;
        _cleanup_close_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC), fd = -EBADF;
        Fixture f;

        init(&f);
        assert_int_equal(attachment_tell(&f.a, "0123", "web", -EBADF, null), 0);
        assert_int_equal(message_recv(f.session, &started), 1);
        assert_int_equal(message_type(started), MESSAGE_SESSION_STARTED);
        assert_int_equal(message_recv(f.session, &in), 1);
        assert_int_equal(message_type(in), MESSAGE_SESSION_STDIN);
        assert_int_equal(message_take_fd(in, FIELD_OUTPUT, &fd), 0);
        done(&f);
}

static void test_answer(void **state) {
        _cleanup_(message_freep) Message *good = NULL, *bad = NULL;
        Failure failure = { FAILURE_BUSY, (char *) "in use" };
        const char *text = NULL;
        uint64_t index = 0;
        int sockets[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        assert_int_equal(attach_answer(sockets[0], 7, NULL), 0);
        assert_int_equal(attach_answer(sockets[0], 8, &failure), 0);
        assert_int_equal(message_recv(sockets[1], &good), 1);
        assert_int_equal(message_get_u64(good, FIELD_INDEX, &index), 0);
        assert_int_equal(index, 7);
        assert_int_equal(message_get_string(good, FIELD_TEXT, &text), -ENODATA);
        assert_int_equal(message_recv(sockets[1], &bad), 1);
        assert_int_equal(message_get_string(bad, FIELD_ERROR, &text), 0);
        assert_string_equal(text, "Busy");
        (void) close(sockets[0]);
        (void) close(sockets[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_write),       cmocka_unit_test(test_behind),
                cmocka_unit_test(test_reader_gone), cmocka_unit_test(test_tell),
                cmocka_unit_test(test_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
