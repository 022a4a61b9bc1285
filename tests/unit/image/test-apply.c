/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "image/apply.h"
#include "image/cursor.h"
#include "tar-builder.h"
#include "tmpdir.h"

#include <sys/xattr.h>

#include "test.h"

/* What the whole program makes of streams is in tests/unit/unpack; here are the ways through this file. */

static TarBuilder builder;

static int start(void **state) {
        builder = (TarBuilder) {};
        (void) umask(0);
        return 0;
}

static int apply(const TmpDir *d, ApplyResult *ret, Failure *reterr) {
        const ApplyLimits limits = { .entries_max = 100 };

        builder_end(&builder);
        builder.chunk_bytes = 1000;
        return apply_tar(d->fd, builder_read, &builder, &limits, ret, reterr);
}

static bool is_opaque(int dirfd, const char *name) {
        _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char value;

        return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static void test_kinds(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        ApplyResult result;
        struct stat st, hard;

        builder_member(&builder, "./", '5', "", "");
        builder_member(&builder, "d/f", '0', "", "content");
        builder_member(&builder, "hard", '1', "d/f", "");
        builder_member(&builder, "soft", '2', "/etc", "");
        builder_member(&builder, "fifo", '6', "", "");
        builder_member(&builder, "d", '5', "", "");
        assert_int_equal(apply(&d, &result, NULL), 0);

        assert_int_equal(result.entries, 6);
        assert_int_equal(result.file_bytes, 7);
        assert_int_equal(fstatat(d.fd, "d/f", &st, 0), 0);
        assert_int_equal(fstatat(d.fd, "hard", &hard, 0), 0);
        assert_int_equal(st.st_ino, hard.st_ino);
        assert_int_equal(st.st_size, 7);
        assert_int_equal(st.st_mtim.tv_sec, 1000);
        assert_int_equal(fstatat(d.fd, "d", &st, 0), 0);
        assert_int_equal(st.st_mtim.tv_sec, 1000);
        assert_int_equal(fstatat(d.fd, "soft", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(fstatat(d.fd, "fifo", &st, 0), 0);
        assert_true(S_ISFIFO(st.st_mode));
}

static void test_whiteouts(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        ApplyResult result;
        struct stat st;

        if (geteuid() != 0)
                skip();
        builder_member(&builder, ".wh.gone", '0', "", "");
        builder_member(&builder, ".wh.both", '0', "", "");
        builder_member(&builder, "both/f", '0', "", "x");
        builder_member(&builder, "d/.wh..wh..opq", '0', "", "");
        builder_member(&builder, "file", '0', "", "x");
        builder_member(&builder, "file", '5', "", "");
        builder_member(&builder, "kept", '0', "", "x");
        builder_member(&builder, ".wh.kept", '0', "", "");
        assert_int_equal(apply(&d, &result, NULL), 0);

        assert_int_equal(fstatat(d.fd, "gone", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(whiteout_is(st.st_mode, st.st_rdev));
        assert_true(is_opaque(d.fd, "both") && is_opaque(d.fd, "d") && is_opaque(d.fd, "file"));
        assert_int_equal(fstatat(d.fd, "kept", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(st.st_mode));
}

static void test_refusals(void **state) {
        static const struct {
                const char *name;
                char type;
                const char *link;
                FailureKind kind;
                const char *text;
        } cases[] = {
                { "../x", '0', "", FAILURE_SECURITY, "\"../x\": " },
                { "d/\n..", '1', "gone", FAILURE_REGISTRY, "\"d/\\x0a..\": it is a hard link" },
                { "h", '1', "../x", FAILURE_SECURITY, "\"h\": " },
                { "s", '2', "", FAILURE_REGISTRY, "no target" },
                { "./", '0', "", FAILURE_SECURITY, "root of the tree" },
                { ".wh.", '0', "", FAILURE_SECURITY, "whiteout" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_tmpdir_ TmpDir d = tmpdir_new();
                _cleanup_failure_ Failure failure = {};
                ApplyResult result = { .entries = 4711 };

                (void) start(NULL);
                builder_member(&builder, cases[i].name, cases[i].type, cases[i].link, "");
                assert_true(apply(&d, &result, &failure) < 0);
                assert_int_equal(failure.kind, cases[i].kind);
                assert_non_null(strstr(failure.text, cases[i].text));
                assert_int_equal(result.entries, 4711); /* outputs only on success */
        }
}

static void test_too_many_entries(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_failure_ Failure failure = {};
        ApplyResult result;
        char name[16];

        for (unsigned i = 0; i < 101; i++) {
                (void) snprintf(name, sizeof(name), "f%u", i);
                builder_member(&builder, name, '0', "", "");
        }
        assert_true(apply(&d, &result, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_LIMITS_EXCEEDED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_kinds, start),
                cmocka_unit_test_setup(test_whiteouts, start),
                cmocka_unit_test_setup(test_refusals, start),
                cmocka_unit_test_setup(test_too_many_entries, start),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
