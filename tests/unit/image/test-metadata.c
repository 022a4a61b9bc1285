/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/xattr.h>

#include "image/metadata.h"
#include "tmpdir.h"

#include "test.h"

static const TarEntry entry = {
        .type = TAR_FILE,
        .path = (char *) "f",
        .mode = 06755,
        .uid = 12,
        .gid = 34,
        .mtime = { .tv_sec = 77, .tv_nsec = 99 },
};

static void test_owner_mode_time(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        if (geteuid() != 0)
                skip();
        tmpdir_write(d.fd, "f", "x");
        fd = openat(d.fd, "f", O_WRONLY | O_CLOEXEC);
        assert_int_equal(metadata_apply_fd(fd, &entry, METADATA_FRESH, NULL), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 06755);
        assert_int_equal(st.st_uid, 12);
        assert_int_equal(st.st_gid, 34);
        assert_int_equal(st.st_mtim.tv_sec, 77);
        assert_int_equal(st.st_mtim.tv_nsec, 99);
}

static void test_link_itself_is_changed(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        TarEntry link = entry;
        struct stat st, target;

        if (geteuid() != 0)
                skip();
        link.type = TAR_SYMLINK;
        tmpdir_write(d.fd, "target", "x");
        assert_int_equal(symlinkat("target", d.fd, "link"), 0);
        assert_int_equal(metadata_apply_at(d.fd, "link", &link, METADATA_FRESH, NULL), 0);
        assert_int_equal(fstatat(d.fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(fstatat(d.fd, "target", &target, 0), 0);
        assert_int_equal(st.st_uid, 12);
        assert_int_equal(st.st_mtim.tv_sec, 77);
        assert_int_equal(target.st_uid, 0);
        assert_int_not_equal(target.st_mtim.tv_sec, 77);
}

/* Only what the table lets through arrives, and a capability survives the change of owner. */
static void test_attributes(void **state) {
        static const uint8_t capability[20] = { 1, 0, 0, 2, 0, 0x20 };
        TarXattr xattrs[] = {
                { (char *) "trusted.overlay.opaque", (void *) "y", 1 },
                { (char *) "trusted.x", (void *) "y", 1 },
                { (char *) "user.overlay.opaque", (void *) "y", 1 },
                { (char *) "security.selinux", (void *) "label", 5 },
                { (char *) "security.capability", (void *) capability, sizeof(capability) },
        };
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int fd = -EBADF;
        TarEntry e = entry;
        char value[64];

        if (geteuid() != 0)
                skip();
        e.xattrs = xattrs;
        e.n_xattrs = 4;
        assert_false(metadata_needs_fd(&e));
        e.n_xattrs = 5;
        assert_true(metadata_needs_fd(&e));

        tmpdir_write(d.fd, "f", "x");
        fd = openat(d.fd, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(metadata_apply_fd(fd, &e, METADATA_FRESH, NULL), 0);
        assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)), sizeof(capability));
        for (size_t i = 0; i < 4; i++)
                assert_true(fgetxattr(fd, xattrs[i].name, value, sizeof(value)) < 0 ||
                            memcmp(value, xattrs[i].value, xattrs[i].n_bytes) != 0);
}

static void test_check(void **state) {
        _cleanup_failure_ Failure failure = {};
        TarEntry e = { .uid = METADATA_ID_MAX, .gid = METADATA_ID_MAX };

        assert_int_equal(metadata_check(&e, &failure), 0);
        e.gid++;
        assert_true(metadata_check(&e, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_LIMITS_EXCEEDED);
}

static void test_default_acl(void **state) {
        TarXattr x = { (char *) "system.posix_acl_default", NULL, 0 };
        TarEntry e = { .xattrs = &x };

        assert_false(metadata_has_default_acl(&e));
        e.n_xattrs = 1;
        assert_true(metadata_has_default_acl(&e));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_owner_mode_time), cmocka_unit_test(test_link_itself_is_changed),
                cmocka_unit_test(test_attributes),      cmocka_unit_test(test_check),
                cmocka_unit_test(test_default_acl),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
