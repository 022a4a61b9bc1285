/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/process-column.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"

#include "test.h"

static void test_names(void **state) {
        for (int i = 0; i < _PROCESS_COLUMN_MAX; i++) {
                assert_int_equal(process_column_from_string(process_column_to_string((ProcessColumn) i)), i);
                assert_non_null(process_column_title((ProcessColumn) i));
        }
        assert_int_equal(process_column_from_string("%p"), PROCESS_PID);
        assert_int_equal(process_column_from_string("%C"), PROCESS_PCPU);
        assert_true(process_column_from_string("%") < 0);
        assert_true(process_column_from_string("%pp") < 0);
        assert_true(process_column_from_string("PID") < 0);
        assert_true(process_column_from_string("") < 0);
}

static void test_parse(void **state) {
        char *const words[] = { (char *) "pid,%U", (char *) "args comm", NULL }, *const bad[] = {
                (char *) "pid", (char *) "-eo user", NULL
        };
        ProcessColumn columns[PROCESS_COLUMNS_MAX];
        _cleanup_strv_free_ char **many = NULL;
        _cleanup_free_ char *word = NULL;
        size_t n;

        assert_int_equal(process_columns_parse(words, columns, &n, &word), 0);
        assert_int_equal(n, 4);
        assert_int_equal(columns[1], PROCESS_USER);
        assert_int_equal(columns[3], PROCESS_COMM);
        assert_int_equal(process_columns_parse(NULL, columns, &n, &word), 0);
        assert_int_equal(n, 8);
        assert_int_equal(process_columns_parse(bad, columns, &n, &word), -EINVAL);
        assert_string_equal(word, "-eo");
        for (int i = 0; i <= PROCESS_COLUMNS_MAX; i++)
                assert_int_equal(strv_extend(&many, "pid"), 0);
        assert_int_equal(process_columns_parse(many, columns, &n, &word), -E2BIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_parse),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
