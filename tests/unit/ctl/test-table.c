/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "ctl/table.h"
#include "test.h"

static const char *const headers[] = { "ID", "NAME", "LAST", NULL };

static char *print(const Table *t, bool legend) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        assert_int_equal(table_print(t, legend, out), 0);
        assert_int_equal(fclose(out), 0);
        return text;
}

static void test_columns(void **state) {
        _cleanup_free_ char *with = NULL, *without = NULL;
        _cleanup_(table_freep) Table *t = NULL;

        assert_int_equal(table_new(headers, &t), 0);
        assert_int_equal(table_addf(t, "%d", 7), 0);
        assert_int_equal(table_add(t, "b\xc3\xa4r"), 0);
        assert_int_equal(table_add(t, "end"), 0);
        assert_int_equal(table_add(t, NULL), 0);
        assert_int_equal(table_add(t, "longer name"), 0);
        assert_int_equal(table_add(t, ""), 0);
        with = print(t, true);
        assert_string_equal(with, "ID   NAME          LAST\n"
                                  "7    b\xc3\xa4r           end\n"
                                  "     longer name   \n");
        without = print(t, false);
        assert_string_equal(without, "7   b\xc3\xa4r           end\n"
                                     "    longer name   \n");
}

static void test_empty(void **state) {
        _cleanup_(table_freep) Table *t = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(table_new(headers, &t), 0);
        text = print(t, true);
        assert_string_equal(text, "ID   NAME   LAST\n");
        assert_null(table_free(NULL));
}

/* What comes from an image must not be able to move the cursor. */
static void test_control_characters(void **state) {
        _cleanup_(table_freep) Table *t = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(table_new((const char *const[]){ "X", NULL }, &t), 0);
        assert_int_equal(table_add(t, "a\033[2Jb\n\x7f"), 0);
        text = print(t, false);
        assert_string_equal(text, "a?[2Jb??\n");
}

static void test_width(void **state) {
        assert_int_equal(table_text_width(""), 0);
        assert_int_equal(table_text_width("abc"), 3);
        assert_int_equal(table_text_width("\xe2\x97\x8f x"), 3);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_columns),
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_control_characters),
                cmocka_unit_test(test_width),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
