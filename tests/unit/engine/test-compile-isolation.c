/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"
#include <linux/capability.h>

#define BIT(c) (UINT64_C(1) << (c))

static void test_capabilities(void **state) {
        _cleanup_(case_done) Case c = case_new("");
        _cleanup_failure_ Failure failure = {};
        uint64_t caps;

        assert_int_equal(container_capabilities(c.record->spec, false, &caps, NULL), 0);
        assert_true(caps & BIT(CAP_CHOWN));
        assert_false(caps & (BIT(CAP_SYS_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_MKNOD) | BIT(CAP_SYS_PTRACE)));

        set(&c, "cap-add", "net_raw");
        set(&c, "cap-drop", "CAP_CHOWN");
        assert_int_equal(container_capabilities(c.record->spec, false, &caps, NULL), 0);
        assert_true(caps & BIT(CAP_NET_RAW));
        assert_false(caps & BIT(CAP_CHOWN));

        set(&c, "cap-drop", "all");
        assert_int_equal(container_capabilities(c.record->spec, false, &caps, NULL), 0);
        assert_true(caps == BIT(CAP_NET_RAW));

        set(&c, "cap-add", "CAP_FLY");
        assert_true(container_capabilities(c.record->spec, false, &caps, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        assert_non_null(strstr(failure.text, "CAP_FLY"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_capabilities),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
