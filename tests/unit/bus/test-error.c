/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/error.h"
#include "basic/str.h"

#include "test.h"

static void test_there_and_back(void **state) {
        for (int kind = 0; kind < _FAILURE_KIND_MAX; kind++) {
                _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_failure_ Failure f = {}, back = {};

                assert_true(failure_set(&f, (FailureKind) kind, "image %s is gone", "x") < 0);
                assert_int_equal(bus_error_set_failure(&error, &f),
                                 -failure_kind_to_errno((FailureKind) kind));
                assert_string_equal(error.message, "image x is gone");
                assert_non_null(startswith(error.name, "org.creel1.Error."));
                assert_int_equal(bus_error_to_kind(&error), kind);
                assert_true(bus_error_to_failure(&error, &back) < 0);
                assert_int_equal(back.kind, kind);
                assert_string_equal(back.text, "image x is gone");
        }
}

static void test_failure_without_text(void **state) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const Failure f = {.kind = FAILURE_NO_SUCH_IMAGE};

        assert_true(bus_error_set_failure(&error, &f) < 0);
        assert_string_equal(error.name, "org.creel1.Error.System");
}

static void test_errors_of_others(void **state) {
        const sd_bus_error denied = SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_ACCESS_DENIED, "no"),
                           newer = SD_BUS_ERROR_MAKE_CONST("org.creel1.Error.InventedLater", "?"),
                           other = SD_BUS_ERROR_MAKE_CONST("com.example.Odd", NULL);
        _cleanup_failure_ Failure f = {};

        assert_int_equal(bus_error_to_kind(&denied), FAILURE_SECURITY);
        assert_int_equal(bus_error_to_kind(&newer), FAILURE_SYSTEM);
        assert_int_equal(bus_error_to_kind(NULL), FAILURE_SYSTEM);
        assert_true(bus_error_to_failure(&other, &f) < 0);
        assert_string_equal(f.text, "com.example.Odd");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                        cmocka_unit_test(test_there_and_back),
                        cmocka_unit_test(test_failure_without_text),
                        cmocka_unit_test(test_errors_of_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
