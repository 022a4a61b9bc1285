/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "spec/system-mode.h"

#include "test.h"

static void test_words(void **state) {
        assert_int_equal(volatile_mode_parse("state"), VOLATILE_STATE);
        assert_int_equal(volatile_mode_parse("true"), VOLATILE_YES);
        assert_int_equal(volatile_mode_parse("0"), VOLATILE_NO);
        assert_int_equal(volatile_mode_parse(""), -EINVAL);
        assert_int_equal(volatile_mode_parse(NULL), -EINVAL);
        assert_int_equal(systemd_mode_parse("always"), SYSTEMD_ALWAYS);
        assert_int_equal(systemd_mode_parse("no"), SYSTEMD_FALSE);
        assert_int_equal(systemd_mode_parse("sometimes"), -EINVAL);
        assert_int_equal(link_journal_parse("try-guest"), LINK_JOURNAL_TRY_GUEST);
        assert_int_equal(link_journal_parse("yes"), LINK_JOURNAL_AUTO);
        assert_int_equal(link_journal_parse("Host"), -EINVAL);
        for (LinkJournal i = 0; i < _LINK_JOURNAL_MAX; i++)
                assert_int_equal(link_journal_parse(link_journal_to_string(i)), i);
}

static void test_init(void **state) {
        assert_true(system_program_is_init("/sbin/init"));
        assert_true(system_program_is_init("/usr/local/sbin/init"));
        assert_true(system_program_is_init("systemd"));
        assert_true(system_program_is_init("/lib/systemd/systemd"));
        assert_false(system_program_is_init("init"));
        assert_false(system_program_is_init("/bin/init"));
        assert_false(system_program_is_init("/lib/systemd/systemd-journald"));
        assert_false(system_program_is_init(""));
}

static void test_uuid(void **state) {
        char id[33];

        assert_true(system_uuid_is_valid("0123456789abcdef0123456789ABCDEF"));
        assert_true(system_uuid_is_valid("01234567-89ab-cdef-0123-456789abcdef"));
        assert_false(system_uuid_is_valid("00000000000000000000000000000000"));
        assert_false(system_uuid_is_valid("0123456789abcdef0123456789abcde"));
        assert_false(system_uuid_is_valid("0123456789abcdef0123456789abcdeg"));
        assert_false(system_uuid_is_valid("0123456-789ab-cdef-0123-456789abcdef"));
        assert_false(system_uuid_is_valid(""));
        system_uuid_normalize("01234567-89AB-cdef-0123-456789abcdef", id);
        assert_string_equal(id, "0123456789abcdef0123456789abcdef");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_init),
                cmocka_unit_test(test_uuid),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
