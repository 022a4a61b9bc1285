/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/strv.h"
#include "supervise/start.h"

#include "test.h"

static const char spec[] = "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"x\"],\"cwd\":\"/\"}}";

/* START with what is always in it; @number, where it is not negative, under @field. */
static Message *make(const char *text, uint64_t stop_signal, MessageField field, int64_t number) {
        _cleanup_close_ int memfd = -EBADF, directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(message_freep) Message *m = NULL;
        Message *received = NULL;
        int sockets[2];

        assert_int_equal(fd_new_sealed("spec", text, strlen(text), &memfd), 0);
        assert_int_equal(message_new(MESSAGE_SUPERVISE_START, &m), 0);
        assert_int_equal(message_put_string(m, FIELD_CONTAINER, "0123456789abcdef"), 0);
        assert_int_equal(message_put_string(m, FIELD_NAME, "box"), 0);
        assert_int_equal(message_put_string(m, FIELD_LAYER, "base"), 0);
        assert_int_equal(message_put_string(m, FIELD_LAYER, "top"), 0);
        assert_int_equal(message_put_u64(m, FIELD_STOP_SIGNAL, stop_signal), 0);
        assert_int_equal(message_put_u64(m, FIELD_STOP_TIMEOUT_USEC, 5000), 0);
        if (number >= 0)
                assert_int_equal(message_put_u64(m, field, (uint64_t) number), 0);
        assert_int_equal(message_put_fd(m, FIELD_SPEC, memfd), 0);
        for (MessageField f = FIELD_LAYERS; f <= FIELD_LISTEN; f++)
                if (f != FIELD_SECCOMP)
                        assert_int_equal(message_put_fd(m, f, directory), 0);

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        assert_int_equal(message_send(sockets[0], m), 0);
        assert_int_equal(message_recv(sockets[1], &received), 1);
        (void) close(sockets[0]);
        (void) close(sockets[1]);
        return received;
}

static void test_plain(void **state) {
        _cleanup_(message_freep) Message *m = make(spec, 15, 0, -1);
        _cleanup_failure_ Failure failure = {};
        _cleanup_(start_done) Start s;

        start_init(&s);
        assert_int_equal(start_read(m, &s, &failure), 0);
        assert_string_equal(s.name, "box");
        assert_null(s.image);
        assert_int_equal(strv_length(s.layers), 2);
        assert_string_equal(s.layers[1], "top");
        assert_int_equal(s.stop_signal, 15);
        assert_int_equal(s.stop_timeout_usec, 5000);
        assert_true(s.layers_fd >= 0 && s.listen_fd >= 0);
        assert_true(s.session_fd < 0 && s.stdio[0] < 0 && s.seccomp_fd < 0);
        assert_false(s.spec->namespaces[RUNTIME_NAMESPACE_USER].wanted);
        start_forget(&s);
        assert_null(s.spec);
        assert_true(s.layers_fd < 0 && s.listen_fd >= 0);
}

static void test_terminal(void **state) {
        _cleanup_(message_freep) Message *tty = make(spec, 15, FIELD_TTY, 1);
        _cleanup_failure_ Failure failure = {};
        _cleanup_(start_done) Start t;

        start_init(&t);
        assert_int_equal(start_read(tty, &t, &failure), 0);
        assert_true(t.spec->process.terminal);
}

static void test_refused(void **state) {
        Message *messages[] = { make("{}", 15, 0, -1), make(spec, 0, 0, -1), make(spec, 65, 0, -1) };

        for (size_t i = 0; i < ELEMENTSOF(messages); i++) {
                _cleanup_(message_freep) Message *m = messages[i];
                _cleanup_failure_ Failure failure = {};
                _cleanup_(start_done) Start s;

                start_init(&s);
                assert_true(start_read(m, &s, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_CONFIGURATION);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain),
                cmocka_unit_test(test_terminal),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
