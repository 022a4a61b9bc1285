/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-word.h"

#include "test.h"

static int apply(MountKind kind, MountSyntax syntax, const char *first, const char *second) {
        _cleanup_(mount_request_done) MountRequest m = { .kind = kind };
        char hint[MOUNT_HINT_MAX] = "";
        MountReader d = { .request = &m, .syntax = syntax, .hint = hint };
        int r = mount_word_apply(&d, first, NULL);

        if (r >= 0 && second)
                r = mount_word_apply(&d, second, NULL);
        assert_int_equal(r < 0, *hint != 0);
        return r;
}

static void test_groups(void **state) {
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_VOLUME, "ro", "nosuid"), 0);
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_VOLUME, "suid", "nosuid"), -EINVAL);
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_VOLUME, "cached", "cached"), 0);
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_VOLUME, "z", "Z"), -EINVAL);
}

static void test_kinds(void **state) {
        assert_int_equal(apply(MOUNT_KIND_TMPFS, MOUNT_SYNTAX_MOUNT, "tmpcopyup", NULL), 0);
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_MOUNT, "tmpcopyup", NULL), -EINVAL);
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_VOLUME, "noidmap", NULL), -EINVAL);
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_BIND, "rootidmap", NULL), 0);
        assert_int_equal(apply(MOUNT_KIND_BIND, MOUNT_SYNTAX_VOLUME, "", NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_groups),
                cmocka_unit_test(test_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
