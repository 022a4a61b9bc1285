/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "security/selinux.h"
#include "test.h"

/* A directory of that name is not enough, nor is another file system. */
static void test_not_there(void **state) {
        assert_false(selinux_is_available("/absent"));
        assert_false(selinux_is_available("/proc"));
        assert_false(selinux_is_available("/tmp"));
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_not_there) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
