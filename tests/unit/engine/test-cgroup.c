/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "engine/cgroup.h"

static void test_absent(void **state) {
        _cleanup_free_ char *path = NULL;

        assert_int_equal(cgroup_signal_payload("/there/is-no-such.scope", 9), -ENOENT);
        /* no process has this number: the kernel's limit lies below */
        assert_int_equal(cgroup_scope_of(4194305, &path), -ENOENT);
        assert_null(path);
}

static void test_units(void **state) {
        char deep[256];

        assert_int_equal(cgroup_unit_is_empty("creeltest-none.slice", "creel-x.scope"), -ENOENT);
        assert_int_equal(cgroup_unit_is_empty("-.slice", "creel-no-such.scope"), -ENOENT);
        /* every dash is a directory */
        for (size_t i = 0; i < 248; i++)
                deep[i] = i % 2 ? '-' : 'a';
        memcpy(deep + 248, "a.slice", sizeof("a.slice"));
        assert_int_equal(cgroup_unit_is_empty(deep, "creel-x.scope"), -ENAMETOOLONG);
}

static void test_self(void **state) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = cgroup_scope_of(getpid(), &path);
        /* wherever the tests run: in some scope, or in none */
        if (r >= 0) {
                assert_int_equal(path[0], '/');
                assert_true(endswith(path, ".scope"));
        } else
                assert_int_equal(r, -ENXIO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_units),
                cmocka_unit_test(test_self),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
