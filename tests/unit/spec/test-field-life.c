/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/memory.h"
#include "basic/strv.h"
#include "spec/container-spec.h"
#include "spec/field-life.h"

static bool takes(const char *key, const char *text) {
        _cleanup_(container_spec_freep) ContainerSpec *spec = new0(ContainerSpec, 1);
        const char *hint = NULL;
        int r = container_spec_set_text(spec, container_spec_find(key), text, &hint);

        assert_true(r == 0 || (r == -EINVAL && hint));
        return r == 0;
}

static void test_values(void **state) {
        static const struct {
                const char *key, *good[5], *bad[6];
        } cases[] = {
                { "restart", { "no", "always", "on-failure:3" }, { "", "sometimes", "always:3" } },
                { "health-cmd", { "true", "none", "[\"a\"]" }, { "", "[]", "[1]" } },
                { "health-startup-cmd", { "true" }, { "", "none", "[]" } },
                { "health-interval", { "1ms", "30s", "disable" }, { "", "30", "-1s", "25h", "x" } },
                { "health-timeout", { "1s" }, { "", "0s", "disable", "25h" } },
                { "health-start-period", { "0s", "1m" }, { "", "25h" } },
                { "health-start-interval", { "1s" }, { "0s" } },
                { "health-startup-interval", { "1s", "disable" }, { "us" } },
                { "health-startup-timeout", { "1s" }, { "0s" } },
                { "health-retries", { "1", "10" }, { "", "0", "-1", "1000001", "x" } },
                { "health-startup-retries", { "0", "3" }, { "-1" } },
                { "health-startup-success", { "0", "3" }, { "-1" } },
                { "health-on-failure", { "none", "kill", "restart", "stop" }, { "", "reboot" } },
                { "health-log-destination", { "local", "/var/log", "events_logger" }, { "", "here" } },
                { "health-max-log-count", { "0", "1000" }, { "-1", "1001" } },
                { "health-max-log-size", { "0", "65536" }, { "-1", "65537" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                for (size_t k = 0; k < ELEMENTSOF(cases[i].good) && cases[i].good[k]; k++)
                        assert_true(takes(cases[i].key, cases[i].good[k]));
                for (size_t k = 0; k < ELEMENTSOF(cases[i].bad) && cases[i].bad[k]; k++)
                        assert_false(takes(cases[i].key, cases[i].bad[k]));
        }
}

static void test_without_a_way_in(void **state) {
        char *s = (char *) "nowhere";

        assert_non_null(field_check_health_log(&s));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_without_a_way_in),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
