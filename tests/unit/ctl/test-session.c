/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/session.h"
#include "peer.h"
#include "proto/message.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The child plays creeld and the supervisor; what it does is one word. */
static const char *script;

static void tell(int fd, MessageType type, MessageField number, uint64_t value) {
        Message *m;

        if (message_new(type, &m) < 0)
                _exit(1);
        if (type == MESSAGE_SESSION_STARTED) {
                (void) message_put_string(m, FIELD_CONTAINER, ID);
                (void) message_put_string(m, FIELD_NAME, "web");
        } else
                (void) message_put_u64(m, number, value);
        if (message_send(fd, m) < 0)
                _exit(1);
        (void) message_free(m);
}

/* Answers the signal that the client passes on with its number as the status. */
static void serve_signal(int fd) {
        uint64_t n = 0;
        Message *m;

        if (message_recv(fd, &m) <= 0 || message_type(m) != MESSAGE_SESSION_SIGNAL)
                _exit(1);
        (void) message_get_u64(m, FIELD_SIGNAL, &n);
        (void) message_free(m);
        tell(fd, MESSAGE_SESSION_EXITED, FIELD_STATUS, n);
}

static int read_options(sd_bus_message *m, int *ret_session, int *ret_stdout) {
        const char *key;
        int fd, r;

        r = sd_bus_message_skip(m, "s");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = sd_bus_message_read(m, "v", "h", &fd);
                if (r < 0)
                        return r;
                fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                if (streq(key, "session"))
                        *ret_session = fd;
                else if (streq(key, "stdout"))
                        *ret_stdout = fd;
                else
                        (void) fd_close(fd);
                r = sd_bus_message_exit_container(m);
        }
        return r;
}

static int handle(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        int session = -EBADF, out = -EBADF;

        if (sd_bus_message_is_method_call(m, CREEL_CONTAINER, "Wait"))
                return sd_bus_reply_method_return(m, "i", 137);
        if (!sd_bus_message_is_method_call(m, CREEL_MANAGER, "RunContainer"))
                return 0;
        if (read_options(m, &session, &out) < 0 || session < 0)
                _exit(1);
        if (streq(script, "refuse")) {
                (void) fd_close(session);
                return sd_bus_reply_method_errorf(m, "org.creel1.Error.CommandNotFound",
                                                  "web: there is no such command");
        }
        if (streq(script, "refuse-late")) {
                (void) fd_close(session);
                (void) sd_bus_flush(sd_bus_message_get_bus(m));
                return sd_bus_reply_method_errorf(m, "org.creel1.Error.Storage", "web: no space");
        }
        if (!streq(script, "die"))
                if (sd_bus_reply_method_return(m, "so", ID, "/c/web") < 0)
                        _exit(1);
        tell(session, MESSAGE_SESSION_STARTED, 0, 0);
        if (out >= 0)
                (void) fd_write_all(out, "output\n", 7);
        if (streq(script, "signal"))
                serve_signal(session);
        else if (streq(script, "die")) {
                /* creeld is killed without an answer; the supervisor goes on */
                int other = fcntl(session, F_DUPFD_CLOEXEC, 3);

                if (fork() == 0) {
                        sd_bus_close(sd_bus_message_get_bus(m));
                        tell(other, MESSAGE_SESSION_EXITED, FIELD_STATUS, 9);
                        _exit(0);
                }
                _exit(0);
        } else if (!streq(script, "lost"))
                tell(session, MESSAGE_SESSION_EXITED, FIELD_STATUS, 7);
        (void) fd_close(session);
        (void) fd_close(out);
        return 1;
}

static char started_id[65];

static void on_started(const char *id, void *userdata) {
        (void) snprintf(started_id, sizeof(started_id), "%s", id);
}

static int run(const char *what, SessionOptions options, Failure *f) {
        _cleanup_(session_freep) Session *s = NULL;
        sd_bus_message *m = NULL;
        Ctl c = {};
        pid_t pid;
        int r;

        script = what;
        started_id[0] = 0;
        options.started = on_started;
        pid = peer_start(&c, handle, NULL);
        assert_int_equal(session_new(&c, &options, &s, f), 0);
        assert_int_equal(client_new_call(&c, CREEL_BUS_PATH, CREEL_MANAGER, "RunContainer", &m, f), 0);
        assert_true(sd_bus_message_append(m, "s", "image") >= 0);
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        assert_true(session_append(s, m) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        if (streq(what, "signal"))
                (void) raise(SIGUSR1); /* blocked by now */
        r = session_run(s, m, NULL, f);
        s = session_free(s);
        peer_stop(&c, pid);
        return r;
}

static void test_exit(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(run("exit", (SessionOptions){ .sig_proxy = true }, &f), 7);
        assert_string_equal(started_id, ID);
        assert_null(f.text);
}

static void test_signal(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(run("signal", (SessionOptions){ .sig_proxy = true }, &f), SIGUSR1);
}

static void test_refused(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(run("refuse", (SessionOptions){ .sig_proxy = true }, &f), -ENOEXEC);
        assert_int_equal(f.kind, FAILURE_COMMAND_NOT_FOUND);
        assert_string_equal(f.text, "web: there is no such command");
        assert_string_equal(started_id, "");
        assert_true(run("refuse-late", (SessionOptions){ .sig_proxy = true }, &f) < 0);
        assert_int_equal(f.kind, FAILURE_STORAGE);
}

/* The supervisor was killed: creeld is asked. */
static void test_lost(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(run("lost", (SessionOptions){ .sig_proxy = true }, &f), 137);
}

static void test_creeld_dies(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(run("die", (SessionOptions){ .sig_proxy = true }, &f), 9);
}

static void test_no_terminal(void **state) {
        _cleanup_close_ int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3),
                            null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        _cleanup_failure_ Failure f = {};
        Session *s = NULL;
        Ctl c = {};

        assert_true(dup2(null, STDIN_FILENO) >= 0);
        assert_true(session_new(&c, &(SessionOptions){ .tty = true, .interactive = true }, &s, &f) < 0);
        assert_non_null(strstr(f.text, "not a TTY"));
        assert_null(s);
        if (saved >= 0)
                assert_true(dup2(saved, STDIN_FILENO) >= 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exit),        cmocka_unit_test(test_signal),
                cmocka_unit_test(test_refused),     cmocka_unit_test(test_lost),
                cmocka_unit_test(test_creeld_dies), cmocka_unit_test(test_no_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
