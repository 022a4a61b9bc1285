/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <errno.h>

#include "basic/macro.h"
#include "spec/restart-policy.h"

static void test_parse(void **state) {
        static const struct {
                const char *text;
                RestartPolicy policy;
        } good[] = {
                { NULL, { RESTART_NO, 0 } },
                { "no", { RESTART_NO, 0 } },
                { "never", { RESTART_NO, 0 } },
                { "on-failure", { RESTART_ON_FAILURE, 0 } },
                { "on-failure:0", { RESTART_ON_FAILURE, 0 } },
                { "on-failure:7", { RESTART_ON_FAILURE, 7 } },
                { "always", { RESTART_ALWAYS, 0 } },
                { "unless-stopped", { RESTART_UNLESS_STOPPED, 0 } },
        };
        static const char *const bad[] = { "",
                                           "maybe",
                                           "always:3",
                                           "no:1",
                                           "on-failure:",
                                           "on-failure:-1",
                                           "on-failure:x",
                                           "on-failure:4294967296",
                                           "Always",
                                           " always" };
        RestartPolicy p = { RESTART_ALWAYS, 9 };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(restart_policy_parse(good[i].text, &p), 0);
                assert_int_equal(p.mode, good[i].policy.mode);
                assert_int_equal(p.n_max, good[i].policy.n_max);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(restart_policy_parse(bad[i], &p), -EINVAL);
        assert_int_equal(p.mode, RESTART_UNLESS_STOPPED);
}

static void test_applies(void **state) {
        const RestartPolicy no = {}, failure = { RESTART_ON_FAILURE, 2 },
                            endless = { RESTART_ON_FAILURE, 0 }, always = { RESTART_ALWAYS, 0 },
                            unless = { RESTART_UNLESS_STOPPED, 0 };

        assert_false(restart_policy_applies(&no, 1, 0));
        assert_false(restart_policy_applies(&failure, 0, 0));
        assert_true(restart_policy_applies(&failure, 1, 0));
        assert_true(restart_policy_applies(&failure, 137, 1));
        assert_false(restart_policy_applies(&failure, 1, 2));
        assert_true(restart_policy_applies(&endless, 1, UINT64_MAX));
        assert_true(restart_policy_applies(&always, 0, 1000));
        assert_true(restart_policy_applies(&unless, 0, 1000));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_applies),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
