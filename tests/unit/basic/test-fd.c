/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "tmpdir.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "test.h"

static void test_close_keeps_errno(void **state) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), number = fd;

        errno = EXDEV;
        fd = fd_close(fd);
        assert_int_equal(errno, EXDEV);
        assert_int_equal(fd, -EBADF);
        assert_int_equal(fcntl(number, F_GETFD), -1);
        assert_int_equal(fd_close(-EBADF), -EBADF);
}

static void test_sealed(void **state) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;

        assert_int_equal(fd_new_sealed("test", "a\0b", 3, &fd), 0);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(errno, EPERM);
        assert_int_equal(ftruncate(fd, 1), -1);
        assert_int_equal(ftruncate(fd, 10), -1);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);

        assert_int_equal(fd_read_file(fd, 3, &text, &size), 0);
        assert_int_equal(size, 3);
        assert_memory_equal(text, "a\0b\0", 4);
}

static void test_read_file_limits(void **state) {
        _cleanup_close_ int fd = -EBADF, dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        size_t size = 7;

        assert_int_equal(fd_new_sealed("test", "a\0b", 3, &fd), 0);
        assert_int_equal(fd_read_file(fd, 2, &text, &size), -EFBIG);
        assert_int_equal(fd_read_file(fd, 3, &text, NULL), -EBADMSG); /* a NUL where a string is wanted */
        assert_int_equal(fd_read_file(dir, 100, &text, &size), -EBADF);
        assert_null(text);
        assert_int_equal(size, 7);
}

static void test_read_file_starts_at_zero(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;

        tmpdir_write(d.fd, "f", "hello");
        fd = openat(d.fd, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
        assert_int_equal(fd_read_file(fd, 100, &text, NULL), 0);
        assert_string_equal(text, "hello");
}

static void test_write_all_crosses_short_writes(void **state) {
        enum { N = 1024 * 1024 };
        _cleanup_free_ char *out = malloc(N), *in = malloc(N);
        int pair[2];
        pid_t pid;

        for (size_t i = 0; i < N; i++)
                out[i] = (char) (i * 7);
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) fd_close(pair[0]);
                _exit(fd_write_all(pair[1], out, N) == 0 ? 0 : 1);
        }
        (void) fd_close(pair[1]);
        assert_int_equal(fd_read_full(pair[0], in, N), N);
        assert_int_equal(fd_read_full(pair[0], in, 1), 0); /* the end */
        assert_memory_equal(in, out, N);
        (void) fd_close(pair[0]);
}

static void test_write_all_reports(void **state) {
        int pair[2];

        (void) signal(SIGPIPE, SIG_IGN);
        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        (void) fd_close(pair[0]);
        assert_int_equal(fd_write_all(pair[1], "x", 1), -EPIPE);
        (void) fd_close(pair[1]);
        assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
        assert_int_equal(fd_read_full(-1, pair, 1), -EBADF);
}

static void test_move_above_stdio(void **state) {
        int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), fd,
            high = open("/dev/null", O_RDONLY | O_CLOEXEC);

        (void) close(STDIN_FILENO);
        fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fd, STDIN_FILENO);
        fd = fd_move_above_stdio(fd);
        assert_true(fd > STDERR_FILENO);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
        assert_int_equal(fd_move_above_stdio(high), high);
        (void) fd_close(fd);
        (void) fd_close(high);
        (void) dup2(saved, STDIN_FILENO);
        (void) fd_close(saved);
}

static void test_flags(void **state) {
        _cleanup_close_ int fd = open("/dev/null", O_RDWR | O_APPEND | O_CLOEXEC);

        assert_int_equal(fd_set_nonblock(fd, true), 0);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fd, F_GETFL) & O_APPEND);
        assert_int_equal(fd_set_nonblock(fd, false), 0);
        assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_int_equal(fd_set_cloexec(fd, false), 0);
        assert_int_equal(fcntl(fd, F_GETFD), 0);
        assert_int_equal(fd_set_cloexec(-1, true), -EBADF);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_close_keeps_errno),
                cmocka_unit_test(test_sealed),
                cmocka_unit_test(test_read_file_limits),
                cmocka_unit_test(test_read_file_starts_at_zero),
                cmocka_unit_test(test_write_all_crosses_short_writes),
                cmocka_unit_test(test_write_all_reports),
                cmocka_unit_test(test_move_above_stdio),
                cmocka_unit_test(test_flags),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
