/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "runtime/idmap.h"
#include "runtime/mount.h"

#include "child.h"
#include "test.h"

static RuntimeIdMapping container = { .container_id = 0, .host_id = 0x100000, .size = 65536 };
static RuntimeIdMapping shifted = { .container_id = 7, .host_id = 0x100005, .size = 2 };

static void test_on_disk(void **state) {
        const RuntimeSpec s = { .uid_mappings = &container,
                                .gid_mappings = &container,
                                .n_uid_mappings = 1,
                                .n_gid_mappings = 1 };
        RuntimeMount m = {};
        uint32_t uid, gid;

        idmap_ids_on_disk(&s, &m, 5, 6, &uid, &gid);
        assert_int_equal(uid, 0x100005);
        assert_int_equal(gid, 0x100006);
        m.options.idmap = true;
        idmap_ids_on_disk(&s, &m, 5, 6, &uid, &gid);
        assert_int_equal(uid, 5);
        m.uid_mappings = m.gid_mappings = &shifted;
        m.n_uid_mappings = m.n_gid_mappings = 1;
        idmap_ids_on_disk(&s, &m, 5, 9, &uid, &gid);
        assert_int_equal(uid, 7);
        assert_int_equal(gid, (uint32_t) -1);
}

static void mapped(void) {
        const RuntimeSpec s = {};
        RuntimeMount m = { .options = { .idmap = true },
                           .uid_mappings = &shifted,
                           .gid_mappings = &shifted,
                           .n_uid_mappings = 1,
                           .n_gid_mappings = 1 };
        _cleanup_close_ int userns = -EBADF, fd = -EBADF;
        _cleanup_failure_ Failure f = {};
        struct stat st;

        CHECK(mkdir("x", 0755) >= 0 && chown("x", 8, 7) >= 0);
        CHECK(idmap_open(&s, &m, -EBADF, -EBADF, &userns, &f) >= 0 && userns >= 0);
        fd = open_tree(AT_FDCWD, "x", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        CHECK(fd >= 0 && mount_idmap(fd, userns, false) >= 0);
        CHECK(fstat(fd, &st) >= 0 && st.st_uid == 0x100006 && st.st_gid == 0x100005);
        m.options.idmap = false;
        CHECK(idmap_open(&s, &m, -EBADF, -EBADF, &userns, &f) >= 0 && userns < 0);
}

static void test_mapped(void **state) {
        assert_int_equal(run_isolated(mapped), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_on_disk),
                cmocka_unit_test(test_mapped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
