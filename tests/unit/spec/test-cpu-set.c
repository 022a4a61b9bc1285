/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "spec/cpu-set.h"

#include "test.h"

static void test_parse(void **state) {
        static const char *const bad[] = { "",     ",",      "a",    "1-",  "-1", "3-1",
                                           "1024", "0-1024", "1--2", "0x1", "1;2" };
        cpu_set_t set;

        assert_int_equal(cpu_set_parse("0", &set), 0);
        assert_int_equal(CPU_COUNT(&set), 1);
        assert_true(CPU_ISSET(0, &set));
        assert_int_equal(cpu_set_parse("1-3,7 9", &set), 0);
        assert_int_equal(CPU_COUNT(&set), 5);
        assert_true(CPU_ISSET(2, &set) && CPU_ISSET(9, &set) && !CPU_ISSET(0, &set));
        assert_int_equal(cpu_set_parse("1023", &set), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (cpu_set_parse(bad[i], &set) != -EINVAL)
                        fail_msg("%s passes", bad[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
