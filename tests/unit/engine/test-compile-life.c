/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/memory.h"
#include "basic/str.h"
#include "engine/compile-part.h"

static int compile(const char *const keys[], const char *const values[], Failure *f) {
        _cleanup_(container_spec_freep) ContainerSpec *spec = new0(ContainerSpec, 1);
        ContainerRecord record = { .spec = spec };
        const CompileInput in = { .record = &record };
        const char *hint;

        for (size_t i = 0; keys[i]; i++)
                assert_int_equal(container_spec_set_text(spec, container_spec_find(keys[i]), values[i],
                                                         &hint),
                                 0);
        return compile_life(&in, f);
}

static void test_combinations(void **state) {
        static const struct {
                const char *keys[3], *values[3], *named; /* NULL: fine */
        } cases[] = {
                { { NULL }, { NULL }, NULL },
                { { "rm", "restart" }, { NULL, "no" }, NULL },
                { { "rm", "restart" }, { NULL, "always" }, "--restart" },
                { { "rm", "restart" }, { NULL, "on-failure:1" }, "--rm" },
                { { "rmi", "restart" }, { NULL, "unless-stopped" }, "--rmi" },
                { { "health-cmd" }, { "true" }, NULL },
                { { "sdnotify" }, { "healthy" }, "--sdnotify" },
                { { "sdnotify", "health-cmd" }, { "healthy", "true" }, NULL },
                { { "health-on-failure" }, { "kill" }, "--health-cmd" },
                { { "no-healthcheck", "health-cmd" }, { NULL, "true" }, "--no-healthcheck" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure f = {};
                int r = compile(cases[i].keys, cases[i].values, &f);

                assert_int_equal(r, cases[i].named ? -EINVAL : 0);
                if (cases[i].named) {
                        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
                        assert_non_null(strstr(f.text, cases[i].named));
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_combinations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
