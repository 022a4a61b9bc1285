/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/mount-mapping.h"

#include "test.h"

static void test_good(void **state) {
        _cleanup_(mount_request_done) MountRequest m = {}, relative = {};

        assert_int_equal(mount_mapping_parse("uids=0-1-10#10-11-10;gids=0-100-10", &m), 0);
        assert_int_equal(m.n_uids, 2);
        assert_int_equal(m.n_gids, 1);
        assert_int_equal(m.uids[1].backing, 10);
        assert_int_equal(m.uids[1].host, 11);
        assert_int_equal(m.uids[1].size, 10);
        assert_false(m.uids[0].relative);
        assert_int_equal(m.gids[0].host, 100);
        assert_int_equal(mount_mapping_parse("gids=@5-6-7#1-2-3", &relative), 0);
        assert_true(relative.gids[0].relative && relative.gids[1].relative);
        assert_int_equal(relative.n_uids, 0);
}

static void test_bad(void **state) {
        static const char *const bad[] = {
                "",
                ";",
                "uids",
                "uids=",
                "uids=1",
                "uids=1-2",
                "uids=1-2-3-4",
                "uids=1--2",
                "uids=-1-2-3",
                "uids=1-2-0",
                "uids=1-2-x",
                "uids=0-0-4294967296",
                "uids=4294967295-0-1",
                "uids=1-2-3;uids=1-2-3",
                "pids=1-2-3",
                "uids=1-2-3-",
                "uids=@",
                "uids=1-2-3,gids=1-2-3",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(mount_request_done) MountRequest m = {};

                if (mount_mapping_parse(bad[i], &m) != -EINVAL)
                        fail_msg("%s passes", bad[i]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
