/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/wait.h>

#include "oci/gate.h"
#include "tmpdir.h"

#include "test.h"

/* Plays the payload: waits for its byte, says @text, and goes. */
static pid_t play(Gate *inside, const char *text) {
        pid_t pid = fork();
        char byte;

        if (pid == 0) {
                if (read(inside->start_fd, &byte, 1) != 1 ||
                    fd_write_all(inside->result_fd, text, strlen(text)) < 0)
                        _exit(1);
                _exit(0);
        }
        gate_done(inside);
        return pid;
}

static void test_starts(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(gate_done) Gate inside = GATE_NONE, outside = GATE_NONE;
        _cleanup_failure_ Failure f = {};
        int status;
        pid_t pid;

        assert_int_equal(gate_make(d.fd, &inside, NULL), 0);
        pid = play(&inside, "");
        assert_int_equal(gate_open(d.fd, "box", &outside, NULL), 0);
        assert_int_equal(gate_start(&outside, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);

        /* Nobody waits any more. */
        gate_done(&outside);
        assert_int_equal(gate_open(d.fd, "box", &outside, &f),
                         -failure_kind_to_errno(FAILURE_INVALID_STATE));
        gate_remove(d.fd);
        assert_false(tmpdir_exists(d.fd, "start"));
        assert_false(tmpdir_exists(d.fd, "result"));
        assert_true(gate_open(d.fd, "box", &outside, &f) < 0);
}

static void test_fails(void **state) {
        static const struct {
                const char *said, *text;
                FailureKind kind;
        } cases[] = {
                { "CommandNotFound it is not there", "it is not there", FAILURE_COMMAND_NOT_FOUND },
                { "Nonsense what", "what", FAILURE_SYSTEM },
                { "one", "the container has failed to start", FAILURE_SYSTEM },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_tmpdir_ TmpDir d = tmpdir_new();
                _cleanup_(gate_done) Gate inside = GATE_NONE, outside = GATE_NONE;
                _cleanup_failure_ Failure f = {};
                pid_t pid;

                assert_int_equal(gate_make(d.fd, &inside, NULL), 0);
                pid = play(&inside, cases[i].said);
                assert_int_equal(gate_open(d.fd, "box", &outside, NULL), 0);
                assert_true(gate_start(&outside, &f) < 0);
                assert_int_equal(f.kind, cases[i].kind);
                assert_string_equal(f.text, cases[i].text);
                assert_int_equal(waitpid(pid, NULL, 0), pid);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_starts),
                cmocka_unit_test(test_fails),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
