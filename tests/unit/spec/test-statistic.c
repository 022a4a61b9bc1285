/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/statistic.h"

#include "test.h"

static void test_names(void **state) {
        for (int i = 0; i < _STATISTIC_MAX; i++)
                assert_int_equal(statistic_from_string(statistic_to_string((Statistic) i)), i);
        for (int i = 0; i < _PRESSURE_KIND_MAX; i++)
                assert_int_equal(pressure_kind_from_string(pressure_kind_to_string((PressureKind) i)), i);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
