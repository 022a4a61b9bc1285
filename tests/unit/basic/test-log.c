/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

/* Runs @write with stderr in a file and gives what was written. */
static void capture(void (*write)(void), char buf[static 4096]) {
        _cleanup_close_ int fd = memfd_create("stderr", MFD_CLOEXEC),
                             saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        ssize_t n;

        assert_true(fd >= 0 && saved >= 0);
        assert_true(dup2(fd, STDERR_FILENO) >= 0);
        write();
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        n = pread(fd, buf, 4095, 0);
        assert_true(n >= 0);
        buf[n] = 0;
}

static void write_some(void) {
        log_debug("too quiet to be heard");
        log_info("plain %d", 1);
        errno = EXDEV;
        (void) log_error_errno(-ENOENT, "cannot open %s: %m", "x");
        assert_int_equal(errno, EXDEV);
}

static void test_lines(void **state) {
        char buf[4096];

        (void) unsetenv("CREEL_LOG_LEVEL");
        (void) unsetenv("JOURNAL_STREAM");
        log_setup("me", LOG_INFO);
        capture(write_some, buf);
        assert_string_equal(buf, "me: plain 1\nme: cannot open x: No such file or directory\n");
}

static void write_nothing(void) {
        assert_int_equal(log_debug_errno(ENOENT, "unheard"), -ENOENT);
        assert_int_equal(log_debug_errno(-ENOENT, "unheard"), -ENOENT);
        assert_int_equal(log_full_errno(LOG_DEBUG, 0, "unheard"), 0);
}

static void test_result_is_passed_on(void **state) {
        char buf[4096];

        log_setup("me", LOG_ERR);
        capture(write_nothing, buf);
        assert_string_equal(buf, "");
}

static void write_long(void) {
        char text[8192];

        (void) memset(text, 'l', sizeof(text));
        text[sizeof(text) - 1] = 0;
        log_error("%s", text);
}

static void test_long_lines_are_cut(void **state) {
        char buf[4096];

        log_setup("me", LOG_ERR);
        capture(write_long, buf);
        assert_int_equal(strlen(buf), strlen("me: ") + 2047 + 1);
        assert_int_equal(buf[strlen(buf) - 1], '\n');
}

static void test_level_from_the_environment(void **state) {
        static const struct {
                const char *value;
                int level;
        } levels[] = { { "debug", LOG_DEBUG }, { "7", LOG_DEBUG }, { "err", LOG_ERR }, { "0", LOG_EMERG },
                       { "loud", LOG_NOTICE },  { "8", LOG_NOTICE }, { "", LOG_NOTICE } };

        for (size_t i = 0; i < ELEMENTSOF(levels); i++) {
                (void) setenv("CREEL_LOG_LEVEL", levels[i].value, true);
                log_setup("me", LOG_NOTICE);
                assert_int_equal(log_max_level(), levels[i].level);
        }
        (void) unsetenv("CREEL_LOG_LEVEL");
}

/* Only where stderr really is the stream that the variable names: it is inherited by everything that systemd
 * starts. */
static void test_journal_stream_of_someone_else(void **state) {
        char buf[4096];

        (void) setenv("JOURNAL_STREAM", "8:123456", true);
        log_setup("me", LOG_INFO);
        capture(write_some, buf);
        assert_non_null(strstr(buf, "me: plain 1\n"));
        (void) unsetenv("JOURNAL_STREAM");
}

static char heard[64];
static int heard_level;

static void hear(int level, const char *message) {
        heard_level = level;
        (void) snprintf(heard, sizeof(heard), "%s", message);
}

static void test_sink(void **state) {
        char buf[4096];

        log_setup("me", LOG_INFO);
        log_set_sink(hear);
        capture(write_some, buf);
        assert_string_equal(buf, "");
        log_warning("to the sink %d", 1);
        assert_string_equal(heard, "to the sink 1");
        assert_int_equal(heard_level, LOG_WARNING);
        log_set_sink(NULL);
        capture(write_some, buf);
        assert_non_null(strstr(buf, "me: plain 1\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_result_is_passed_on),
                cmocka_unit_test(test_long_lines_are_cut),
                cmocka_unit_test(test_level_from_the_environment),
                cmocka_unit_test(test_sink),
                cmocka_unit_test(test_journal_stream_of_someone_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
