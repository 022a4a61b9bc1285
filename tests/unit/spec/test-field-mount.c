/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/strv.h"
#include "spec/field-mount.h"

#include <string.h>

#include "test.h"

static void test_checks(void **state) {
        char good[] = "/a:/b", bad[] = "/a:b", mode[] = "tmpfs", nonsense[] = "x";
        char *one[] = { good, NULL }, *two[] = { good, bad, NULL }, **l = one;
        char *word = mode;

        assert_null(field_check_volume(&l));
        l = two;
        assert_non_null(strstr(field_check_volume(&l), "absolute"));
        assert_non_null(field_check_mount(&l));
        assert_non_null(field_check_volumes_from(&l));
        assert_null(field_check_image_volume(&word));
        word = nonsense;
        assert_non_null(field_check_image_volume(&word));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_checks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
