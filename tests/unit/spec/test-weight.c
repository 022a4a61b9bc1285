/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/weight.h"

#include "test.h"

static void test_ends(void **state) {
        assert_int_equal(weight_of_shares(2), 1);
        assert_int_equal(weight_of_shares(1024), 100);
        assert_int_equal(weight_of_shares(262144), 10000);
        assert_int_equal(weight_of_shares(INT64_MAX), 10000);
        assert_int_equal(weight_of_blkio(10), 1);
        assert_int_equal(weight_of_blkio(1000), 10000);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_ends) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
