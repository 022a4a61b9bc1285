/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "basic/macro.h"
#include "spec/platform.h"

#include "test.h"

static void test_parse(void **state) {
        static const struct {
                const char *s, *formatted; /* NULL: refused */
        } cases[] = {
                { "linux/amd64", "linux/amd64" },
                { "linux/x86_64", "linux/amd64" },
                { "linux/aarch64", "linux/arm64" },
                { "linux/armhf", "linux/arm/v7" },
                { "linux/armhf/v6", "linux/arm/v6" },
                { "linux/arm64/v8", "linux/arm64/v8" },
                { "", NULL },
                { "linux", NULL },
                { "linux/", NULL },
                { "/linux/amd64", NULL },
                { "linux//amd64", NULL },
                { "linux/a/b/c", NULL },
                { "linux/a b", NULL },
                { "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char buf[PLATFORM_STRING_MAX];
                Platform p;

                assert_int_equal(platform_parse(cases[i].s, &p), cases[i].formatted ? 0 : -EINVAL);
                if (cases[i].formatted)
                        assert_string_equal(platform_format(&p, buf), cases[i].formatted);
        }
}

static int rank(const char *wanted, const char *offered) {
        Platform a, b;

        assert_int_equal(platform_parse(wanted, &a), 0);
        assert_int_equal(platform_parse(offered, &b), 0);
        return platform_rank(&a, &b);
}

static void test_rank(void **state) {
        assert_int_equal(rank("linux/amd64", "linux/arm64"), -1);
        assert_int_equal(rank("linux/amd64", "windows/amd64"), -1);

        assert_true(rank("linux/amd64", "linux/amd64") >= 0);
        assert_int_equal(rank("linux/amd64", "linux/amd64/v2"), -1);
        assert_true(rank("linux/amd64/v3", "linux/amd64/v3") > rank("linux/amd64/v3", "linux/amd64/v2"));
        assert_true(rank("linux/amd64/v3", "linux/amd64/v2") > rank("linux/amd64/v3", "linux/amd64"));
        assert_int_equal(rank("linux/amd64/v2", "linux/amd64/v3"), -1);

        assert_true(rank("linux/arm/v7", "linux/arm/v6") > rank("linux/arm/v7", "linux/arm/v5"));
        assert_int_equal(rank("linux/arm/v6", "linux/arm"), -1);
        assert_true(rank("linux/arm64", "linux/arm64/v8") >= 0);
        assert_true(rank("linux/arm64/v8", "linux/arm64") >= 0);

        assert_true(rank("linux/arm/soft", "linux/arm/soft") > 0);
        assert_int_equal(rank("linux/arm/soft", "linux/arm"), 0);
        assert_int_equal(rank("linux/mips", "linux/mips/x"), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_rank),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
