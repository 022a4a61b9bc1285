/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "ctl/relay.h"
#include "test.h"

static int ended = -1;

static void on_ended(Relay *r, RelayEnd end, void *userdata) {
        ended = (int) end;
        (void) sd_event_exit(userdata, 0);
}

static void run(int from, int to, const DetachKeys *keys) {
        sd_event *event = NULL;
        Relay *r = NULL;

        ended = -1;
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(relay_new(event, from, to, keys, on_ended, event, &r), 0);
        assert_true(sd_event_loop(event) >= 0);
        (void) relay_free(r);
        sd_event_unref(event);
}

static void test_pipe(void **state) {
        int from[2], to[2];
        char buf[16] = "";

        assert_int_equal(pipe2(from, O_CLOEXEC), 0);
        assert_int_equal(pipe2(to, O_CLOEXEC), 0);
        assert_int_equal(write(from[1], "hello", 5), 5);
        (void) close(from[1]);
        run(from[0], to[1], NULL);
        assert_int_equal(ended, RELAY_DONE);
        assert_int_equal(read(to[0], buf, sizeof(buf)), 5);
        assert_string_equal(buf, "hello");
        (void) close(from[0]);
        (void) close(to[0]);
        (void) close(to[1]);
}

/* A file cannot be waited for, and a full, non-blocking target has to be. */
static void test_file_to_slow_pipe(void **state) {
        size_t n = 3 * 1024 * 1024;
        int file = memfd_create("test", MFD_CLOEXEC), to[2], status;
        char *data = malloc(n);
        pid_t pid;

        memset(data, 'x', n);
        assert_int_equal(fd_write_all(file, data, n), 0);
        assert_int_equal(lseek(file, 0, SEEK_SET), 0);
        assert_int_equal(pipe2(to, O_CLOEXEC | O_NONBLOCK), 0);
        pid = fork();
        if (pid == 0) {
                (void) fd_set_nonblock(to[0], false);
                (void) close(to[1]);
                _exit(fd_read_full(to[0], data, n) == (ssize_t) n && read(to[0], data, 1) == 0 ? 0 : 1);
        }
        (void) close(to[0]);
        run(file, to[1], NULL);
        assert_int_equal(ended, RELAY_DONE);
        (void) close(to[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        (void) close(file);
        free(data);
}

static void test_broken(void **state) {
        int from[2], to[2];

        (void) signal(SIGPIPE, SIG_IGN);
        assert_int_equal(pipe2(from, O_CLOEXEC), 0);
        assert_int_equal(pipe2(to, O_CLOEXEC), 0);
        assert_int_equal(write(from[1], "hello", 5), 5);
        (void) close(to[0]);
        run(from[0], to[1], NULL);
        assert_int_equal(ended, RELAY_BROKEN);
        (void) close(from[0]);
        (void) close(from[1]);
        (void) close(to[1]);
}

static void test_keys(void **state) {
        int from[2], to[2];
        DetachKeys keys;
        char buf[16] = "";

        assert_int_equal(detach_keys_parse(DETACH_KEYS_DEFAULT, &keys), 0);
        assert_int_equal(pipe2(from, O_CLOEXEC), 0);
        assert_int_equal(pipe2(to, O_CLOEXEC), 0);
        assert_int_equal(write(from[1], "hi\x10\x11zz", 6), 6);
        run(from[0], to[1], &keys);
        assert_int_equal(ended, RELAY_DETACH);
        assert_int_equal(read(to[0], buf, sizeof(buf)), 2);
        assert_string_equal(buf, "hi");
        for (int i = 0; i < 2; i++) {
                (void) close(from[i]);
                (void) close(to[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pipe),
                cmocka_unit_test(test_file_to_slow_pipe),
                cmocka_unit_test(test_broken),
                cmocka_unit_test(test_keys),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
