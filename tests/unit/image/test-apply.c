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
        builder = (TarBuilder){};
        (void) umask(0);
        return 0;
}

static int apply_at(int rootfd, ApplyResult *ret, Failure *reterr) {
        const ApplyLimits limits = { .entries_max = 100 };

        builder_end(&builder);
        builder.chunk_bytes = 1000;
        return apply_tar(rootfd, builder_read, &builder, &limits, ret, reterr);
}

static int apply(const TmpDir *d, ApplyResult *ret, Failure *reterr) {
        return apply_at(d->fd, ret, reterr);
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

/* A member that is one with the name in the way of the next: whatever it is, nothing is written beside the
 * tree, and what a link leads to out there stays what it was. */
static void test_links_lead_nowhere(void **state) {
        static const struct {
                char type;
                const char *name, *link;
                bool refused; /* the member behind it; else it goes into the tree */
                const char *made;
        } cases[] = {
                { '0', "link", "../outside/f", false, "link" },
                { '0', "link/f", "../outside", true, NULL },
                { '0', "link/f", "/outside", true, NULL },
                { '0', "link/f", "/proc/self/cwd", true, NULL },
                { '0', "link/f", "link", true, NULL },
                { '0', "link/f", "/../../d", false, "d/f" },
                { '5', "link", "../outside", false, "link" },
                { '5', "link/n", "../outside", true, NULL },
                { '6', "link", "../outside/f", false, "link" },
                { '2', "link", "../outside/f", false, "link" },
                { '1', "link/f", "../outside", true, NULL },
                { '0', "link/.wh.f", "../outside", true, NULL },
                { '0', "link/.wh..wh..opq", "../outside", true, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_tmpdir_ TmpDir d = tmpdir_new();
                _cleanup_close_ int root = -EBADF;
                ApplyResult result;
                struct stat st;
                int r;

                (void) start(NULL);
                assert_int_equal(mkdirat(d.fd, "root", 0755), 0);
                assert_int_equal(mkdirat(d.fd, "outside", 0755), 0);
                tmpdir_write(d.fd, "outside/f", "precious");
                root = openat(d.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                builder_member(&builder, "d", '5', "", "");
                builder_member(&builder, "d/t", '0', "", "");
                builder_member(&builder, "link", '2', cases[i].link, "");
                builder_member(&builder, cases[i].name, cases[i].type, cases[i].type == '0' ? "" : "d/t",
                               cases[i].type == '0' ? "x" : "");
                r = apply_at(root, &result, NULL);
                if (cases[i].refused ? r >= 0 : r != 0)
                        fail_msg("%c %s through a link to %s: %d", cases[i].type, cases[i].name,
                                 cases[i].link, r);
                if (cases[i].made)
                        assert_true(tmpdir_exists(root, cases[i].made));
                assert_int_equal(fstatat(d.fd, "outside/f", &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_true(S_ISREG(st.st_mode) && st.st_size == 8 && st.st_nlink == 1);
                assert_int_equal(fstatat(d.fd, "outside", &st, 0), 0);
                assert_int_equal(st.st_nlink, 2);
                assert_false(tmpdir_exists(d.fd, "outside/n"));
        }
}

/* A hard link is one to the link itself, and its own target is left alone. */
static void test_hard_links(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        ApplyResult result;
        struct stat st;

        builder_member(&builder, "soft", '2', "/etc/passwd", "");
        builder_member(&builder, "hard", '1', "soft", "");
        builder_member(&builder, "f", '0', "", "content");
        builder_member(&builder, "f", '1', "./f", "");
        builder_member(&builder, "full/x", '0', "", "");
        builder_member(&builder, "full", '1', "/f", "");
        assert_int_equal(apply(&d, &result, NULL), 0);

        assert_int_equal(fstatat(d.fd, "hard", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(st.st_nlink, 2);
        assert_int_equal(fstatat(d.fd, "full", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(st.st_mode));
        assert_int_equal(st.st_nlink, 2);
        assert_int_equal(st.st_size, 7);
}

/* What later members of the same name make of the earlier ones. */
static void test_replacements(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        ApplyResult result;
        struct stat st;

        builder_member(&builder, "kept/f", '0', "", "x");
        builder_member(&builder, "kept", '5', "", "");
        builder_member(&builder, "dir/a/b", '0', "", "x");
        builder_member(&builder, "dir", '0', "", "longer");
        builder_member(&builder, "file", '0', "", "longer");
        builder_member(&builder, "file", '0', "", "x");
        builder_member(&builder, "tree/a", '0', "", "x");
        builder_member(&builder, "tree", '2', "file", "");
        builder_member(&builder, "fifo", '0', "", "x");
        builder_member(&builder, "fifo", '6', "", "");
        assert_int_equal(apply(&d, &result, NULL), 0);

        assert_true(tmpdir_exists(d.fd, "kept/f"));
        assert_int_equal(fstatat(d.fd, "dir", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(st.st_mode) && st.st_size == 6);
        assert_int_equal(fstatat(d.fd, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_size, 1);
        assert_int_equal(fstatat(d.fd, "tree", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(fstatat(d.fd, "fifo", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISFIFO(st.st_mode));
}

/* Owner, set-id bits and sticky bit arrive; a set-group-id directory hands nothing down. */
static void test_modes(void **state) {
        static const struct {
                const char *name;
                char type;
                unsigned mode, uid, gid;
        } members[] = {
                { "shared", '5', 02775, 5, 6 },       { "shared/f", '0', 0644, 0, 0 },
                { "shared/sub", '5', 0755, 0, 0 },    { "suid", '0', 06755, 7, 8 },
                { "tmp", '5', 01777, 0, 0 },          { "none", '0', 0, 0, 0 },
                { "fifo", '6', 04600, 65535, 65535 },
        };
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        ApplyResult result;

        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                TarHeader h = header_new(members[i].name, members[i].type, "", 0);

                (void) snprintf(h.mode, sizeof(h.mode), "%07o", members[i].mode);
                (void) snprintf(h.uid, sizeof(h.uid), "%07o", members[i].uid);
                (void) snprintf(h.gid, sizeof(h.gid), "%07o", members[i].gid);
                builder_header(&builder, h);
        }
        assert_int_equal(apply(&d, &result, NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                struct stat st;

                assert_int_equal(fstatat(d.fd, members[i].name, &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_int_equal(st.st_mode & 07777, members[i].mode);
                assert_int_equal(st.st_uid, members[i].uid);
                assert_int_equal(st.st_gid, members[i].gid);
        }
}

/* A device 0:0 is a whiteout, which is no target of a hard link; an owner out of range is refused. */
static void test_members_out_of_range(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new(), other = tmpdir_new();
        _cleanup_failure_ Failure failure = {};
        TarHeader h = header_new("f", '0', "", 0);
        ApplyResult result;
        struct stat st;

        if (geteuid() != 0)
                skip();
        (void) snprintf(h.uid, sizeof(h.uid), "%07o", 65536U);
        builder_header(&builder, h);
        assert_true(apply(&other, &result, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_LIMITS_EXCEEDED);
        assert_false(tmpdir_exists(other.fd, "f"));

        (void) start(NULL);
        builder_member(&builder, "gone", '3', "", "");
        builder_member(&builder, "hard", '1', "gone", "");
        assert_true(apply(&d, &result, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_REGISTRY);
        assert_int_equal(fstatat(d.fd, "gone", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(whiteout_is(st.st_mode, st.st_rdev));
        assert_false(tmpdir_exists(d.fd, "hard"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_kinds, start),
                cmocka_unit_test_setup(test_whiteouts, start),
                cmocka_unit_test_setup(test_refusals, start),
                cmocka_unit_test_setup(test_too_many_entries, start),
                cmocka_unit_test_setup(test_links_lead_nowhere, start),
                cmocka_unit_test_setup(test_hard_links, start),
                cmocka_unit_test_setup(test_replacements, start),
                cmocka_unit_test_setup(test_modes, start),
                cmocka_unit_test_setup(test_members_out_of_range, start),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
