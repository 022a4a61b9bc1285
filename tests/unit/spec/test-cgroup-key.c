/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/cgroup-key.h"
#include "basic/memory.h"
#include "basic/str.h"

#include "test.h"

static void test_parse(void **state) {
        _cleanup_free_ char *key = NULL, *huge = NULL;
        const char *value;

        assert_int_equal(cgroup_key_parse("memory.high=1073741824", &key, &value), 0);
        assert_string_equal(key, "memory.high");
        assert_string_equal(value, "1073741824");
        assert_int_equal(cgroup_key_controller(key), strlen("memory"));
        assert_int_equal(cgroup_key_parse("hugetlb.2MB.max=a=b c", &huge, &value), 0);
        assert_string_equal(huge, "hugetlb.2MB.max");
        assert_string_equal(value, "a=b c");
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",
                "=",
                "memory.high",
                "memory.high=",
                "=1",
                "memory=1",
                ".high=1",
                "memory.=1",
                "cgroup.procs=1",
                "cgroup.freeze=1",
                "../a.b=1",
                "a/b.c=1",
                "memory.../x=1",
                "Memory.high=1",
                "memory high=1",
                "cgroup.=1",
                "memory.\nhigh=1",
        };
        char longest[CGROUP_KEY_BYTES_MAX + 32];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                char *key = NULL;
                const char *value;

                assert_int_equal(cgroup_key_parse(bad[i], &key, &value), -EINVAL);
                assert_null(key);
        }
        (void) memset(longest, 'a', sizeof(longest));
        longest[3] = '.';
        memcpy(longest + CGROUP_KEY_BYTES_MAX + 1, "=1", 3);
        assert_int_equal(cgroup_key_parse(longest, &(char *){ NULL }, &(const char *){ NULL }), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
