/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "runtime/bind.h"

#include "child.h"
#include "test.h"

static char source[] = "/mnt/src", destination[] = "/x";

static void make_file(const char *path) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        CHECK(fd >= 0);
}

/* What the path leads to later does not matter. */
static void opened_once(void) {
        RuntimeMount m = { .destination = destination, .source = source, .options = { .bind = true } };
        _cleanup_close_ int source_fd = -EBADF, fd = -EBADF;
        _cleanup_failure_ Failure f = {};
        struct stat st;

        CHECK(mkdir("src", 0755) >= 0);
        make_file("src/old");
        CHECK(bind_open(&m, &source_fd, &f) >= 0);
        CHECK(rename("src", "away") >= 0 && symlink("/etc", "src") >= 0);
        CHECK(bind_mount(&m, source_fd, -EBADF, &fd, &f) >= 0);
        CHECK(fstatat(fd, "old", &st, 0) >= 0 && fstatat(fd, "passwd", &st, 0) < 0);
}

static void subpath(void) {
        char inside[] = "a/b", out[] = "out", up[] = "up";
        RuntimeMount m = { .destination = destination, .source = source, .options = { .bind = true } };
        _cleanup_close_ int source_fd = -EBADF, fd = -EBADF;
        _cleanup_failure_ Failure f = {};
        struct stat st;

        CHECK(mkdir("src", 0755) >= 0 && mkdir("src/a", 0755) >= 0 && mkdir("src/a/b", 0755) >= 0);
        CHECK(symlink("/etc", "src/out") >= 0 && symlink("../../etc", "src/up") >= 0);
        make_file("src/a/b/here");
        m.subpath = inside;
        CHECK(bind_open(&m, &source_fd, &f) >= 0);
        CHECK(bind_mount(&m, source_fd, -EBADF, &fd, &f) >= 0);
        CHECK(fstatat(fd, "here", &st, 0) >= 0);
        m.subpath = out;
        CHECK(bind_open(&m, &source_fd, &f) < 0 && strstr(f.text, "out"));
        m.subpath = up;
        CHECK(bind_open(&m, &source_fd, &f) < 0);
}

static void link_itself(void) {
        RuntimeMount m = {
                .destination = destination, .source = source, .copy_link = true, .options = { .bind = true }
        };
        _cleanup_close_ int source_fd = -EBADF, fd = -EBADF;
        _cleanup_failure_ Failure f = {};
        struct stat st;

        CHECK(symlink("/etc", "src") >= 0);
        CHECK(bind_open(&m, &source_fd, &f) >= 0);
        CHECK(bind_mount(&m, source_fd, -EBADF, &fd, &f) >= 0);
        CHECK(fstat(fd, &st) >= 0 && S_ISLNK(st.st_mode));
}

static void missing(void) {
        RuntimeMount m = { .destination = destination, .source = source, .options = { .bind = true } };
        _cleanup_failure_ Failure f = {};
        int fd;

        CHECK(bind_open(&m, &fd, &f) == -ENOENT || f.kind == FAILURE_INVALID_ARGUMENT);
        CHECK(strstr(f.text, source));
}

#define ISOLATED(name)                                   \
        static void test_##name(void **state) {          \
                assert_int_equal(run_isolated(name), 0); \
        }
ISOLATED(opened_once)
ISOLATED(subpath)
ISOLATED(link_itself)
ISOLATED(missing)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_opened_once),
                cmocka_unit_test(test_subpath),
                cmocka_unit_test(test_link_itself),
                cmocka_unit_test(test_missing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
