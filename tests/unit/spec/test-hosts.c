/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "spec/hosts.h"

#include "test.h"

static void test_merge(void **state) {
        static const char base[] =
                        "# the host's\n127.0.0.1 localhost\n::1\tlocalhost ip6-localhost # two\n\n"
                        "10.0.0.1 web db\njunk\n10.0.0.2   mine";
        _cleanup_free_ char *all = NULL, *none = NULL;

        assert_int_equal(hosts_merge("1.2.3.4\tweb\n", base, "127.0.0.1\tlocalhost\n127.0.0.1\tbox mine\n",
                                     &all),
                         0);
        assert_string_equal(all, "1.2.3.4\tweb\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n"
                                 "10.0.0.1\tdb\n10.0.0.2\tmine\n127.0.0.1\tbox\n");
        assert_int_equal(hosts_merge(NULL, NULL, NULL, &none), 0);
        assert_string_equal(none, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_merge),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
