/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "spec/container-spec.h"

#include "test.h"

static void test_fields(void **state) {
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *f = container_spec_fields + i;

                assert_ptr_equal(container_spec_find(f->key), f);
                if (f->short_option)
                        assert_ptr_equal(container_spec_find_short(f->short_option), f);
                /* what takes no argument is a flag, but for the command, which is no option */
                if (f->help)
                        assert_int_equal(f->argument == NULL, f->kind == SPEC_BOOLEAN);
                assert_true(f->offset + (f->kind == SPEC_BOOLEAN ? sizeof(bool) : sizeof(uint64_t)) <=
                            sizeof(ContainerSpec));
                for (size_t k = 0; k < i; k++)
                        assert_int_not_equal(container_spec_fields[k].offset, f->offset);
        }
        assert_null(container_spec_find("nonsense"));
        assert_null(container_spec_find_short(0));
        assert_null(container_spec_find_short('Z'));
}

static void test_names(void **state) {
        char longest[66];

        (void) memset(longest, 'a', 65);
        longest[65] = 0;
        assert_true(container_name_is_valid("a"));
        assert_true(container_name_is_valid("0-web_1.x"));
        assert_true(container_name_is_valid(longest + 1));
        assert_false(container_name_is_valid(longest));
        assert_false(container_name_is_valid(""));
        assert_false(container_name_is_valid(NULL));
        assert_false(container_name_is_valid("-a"));
        assert_false(container_name_is_valid(".."));
        assert_false(container_name_is_valid("a/b"));
        assert_false(container_name_is_valid("a b"));
        assert_false(container_name_is_valid("a\n"));
        assert_false(container_name_is_valid("ä"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
