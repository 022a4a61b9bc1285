/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/macro.h"
#include "ctl/journal.h"
#include "test.h"

/* What entries look like is for the integration tests, which have a journald; every way of seeking has to
 * cope with there being none. */
static void test_empty(void **state) {
        static const struct {
                uint64_t since_usec, until_usec, tail;
        } cases[] = {
                { USEC_INFINITY, USEC_INFINITY, UINT64_MAX },
                { USEC_INFINITY, USEC_INFINITY, 0 },
                { USEC_INFINITY, USEC_INFINITY, 3 },
                { 5, USEC_INFINITY, UINT64_MAX },
                { 5, 10, 3 },
                { USEC_INFINITY, 10, 1 },
        };
        char directory[] = "/tmp/test-journal-XXXXXX", *text = NULL, *field = NULL;
        _cleanup_journal_ sd_journal *j = NULL;
        size_t size;
        FILE *out;

        assert_non_null(mkdtemp(directory));
        assert_true(sd_journal_open_directory(&j, directory, 0) >= 0);
        assert_true(journal_match_container(j, "abc", NULL) >= 0);
        assert_true(journal_match_container(j, NULL, "web") >= 0);
        out = open_memstream(&text, &size);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const JournalLines lines = {
                        cases[i].since_usec, cases[i].until_usec, cases[i].tail, true, out, out
                };

                assert_int_equal(journal_print_lines(j, &lines), 0);
                assert_int_equal(journal_print_new(j, &lines), 0);
        }
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, "");
        assert_true(journal_get(j, "MESSAGE", &field) < 0);
        assert_null(field);
        free(text);
        (void) rmdir(directory);
}

/* Without a journald it returns at once. */
static void test_synchronize(void **state) {
        journal_synchronize();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_synchronize),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
