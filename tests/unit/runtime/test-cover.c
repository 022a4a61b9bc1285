/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/cover.h"

#include "child.h"
#include "test.h"

static void put(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) >= 0);
}

static void expect(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *found = NULL;

        CHECK(fd >= 0 && fd_read_file(fd, 10000, &found, NULL) >= 0);
        CHECK(strcmp(found, text) == 0);
}

static int make_root(int *ret_scratch) {
        CHECK(mkdir("etc", 0755) >= 0 && mkdir("dev", 0755) >= 0);
        CHECK(mount("tmpfs", "dev", "tmpfs", 0, NULL) >= 0);
        put("etc/passwd", "old\n");
        *ret_scratch = open("dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void covers(void) {
        int scratch, root = make_root(&scratch);
        _cleanup_failure_ Failure failure = {};
        struct stat st;

        CHECK(cover_file(root, scratch, "/etc/passwd", "new\n", &failure) >= 0);
        CHECK(fchdir(root) >= 0);
        expect("etc/passwd", "new\n");
        CHECK(stat("etc/passwd", &st) >= 0 && (st.st_mode & 07777) == 0644);
        /* nothing stays in front of the scratch directory, and the image's file is as it was */
        CHECK(access("dev/file", F_OK) < 0);
        CHECK(umount2("etc/passwd", 0) >= 0);
        expect("etc/passwd", "old\n");
}

/* A link of the image stays inside. */
static void follows_inside(void) {
        int scratch, root = make_root(&scratch);
        _cleanup_failure_ Failure failure = {};

        CHECK(rename("etc/passwd", "target") >= 0 && symlink("../../../target", "etc/passwd") >= 0);
        CHECK(cover_file(root, scratch, "/etc/passwd", "new\n", &failure) >= 0);
        CHECK(fchdir(root) >= 0);
        expect("target", "new\n");
}

static void refuses_directory(void) {
        int scratch, root = make_root(&scratch);
        _cleanup_failure_ Failure failure = {};

        CHECK(mkdir("etc/group", 0755) >= 0);
        CHECK(cover_file(root, scratch, "/etc/group", "x", &failure) < 0 && failure.text);
}

#define ISOLATED(name)                                   \
        static void test_##name(void **state) {          \
                assert_int_equal(run_isolated(name), 0); \
        }
ISOLATED(covers)
ISOLATED(follows_inside)
ISOLATED(refuses_directory)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_covers),
                cmocka_unit_test(test_follows_inside),
                cmocka_unit_test(test_refuses_directory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
