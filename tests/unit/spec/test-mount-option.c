/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mount.h>

#include "basic/strv.h"
#include "spec/mount-option.h"

#include "test.h"

static void test_attributes(void **state) {
        const char *words[] = { "nosuid", "nodev", "ro", "strictatime", "mode=755", "rro", "idmap", NULL };
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse((char *const *) words, &o), 0);
        assert_int_equal(o.attr_set,
                         MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY | MOUNT_ATTR_STRICTATIME);
        assert_int_equal(o.attr_clear, MOUNT_ATTR__ATIME);
        assert_int_equal(o.recursive_set, MOUNT_ATTR_RDONLY);
        assert_true(o.idmap);
        assert_false(o.bind);
        assert_int_equal(strv_length(o.data), 1);
        assert_string_equal(o.data[0], "mode=755");
}

static void test_last_one_wins(void **state) {
        const char *words[] = { "ro", "nosuid", "rw", "noatime", "relatime", "suid", NULL };
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse((char *const *) words, &o), 0);
        assert_int_equal(o.attr_set, 0);
        assert_int_equal(o.attr_clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR__ATIME);
}

static void test_bind_and_propagation(void **state) {
        const char *words[] = { "rbind", "rslave", "async", "r", "rw", NULL };
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse((char *const *) words, &o), 0);
        assert_true(o.bind && o.recursive_bind && o.propagation_recursive);
        assert_int_equal(o.propagation, MS_SLAVE);
        assert_int_equal(strv_length(o.data), 1);
        assert_string_equal(o.data[0], "r");
}

static void test_propagation_words(void **state) {
        uint64_t propagation = 0;
        bool recursive = true;

        assert_int_equal(mount_propagation_parse("shared", &propagation, &recursive), 0);
        assert_int_equal(propagation, MS_SHARED);
        assert_false(recursive);
        assert_int_equal(mount_propagation_parse("rprivate", &propagation, &recursive), 0);
        assert_true(recursive);
        assert_int_equal(mount_propagation_parse("", &propagation, &recursive), -EINVAL);
        assert_int_equal(mount_propagation_parse("rrslave", &propagation, &recursive), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_attributes),
                cmocka_unit_test(test_last_one_wins),
                cmocka_unit_test(test_bind_and_propagation),
                cmocka_unit_test(test_propagation_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
