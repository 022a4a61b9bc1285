/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/str.h"
#include "spec/env-merge.h"

#include "test.h"

static void test_merge(void **state) {
        static const char *const env[] = { "HELLO=world", "EMPTY=", NULL };
        static const struct {
                const char *text, *result;
        } rows[] = {
                { "A=b", "A=b" },
                { "A=", "A=" },
                { "HELLO=${HELLO}-some", "HELLO=world-some" },
                { "A=$HELLO.$HELLO", "A=world.world" },
                { "A=${MISSING}-x", "A=-x" },
                { "A=${MISSING:-d${HELLO}}", "A=dworld" },
                { "A=${EMPTY:-d}", "A=d" },
                { "A=${HELLO:-d}", "A=world" },
                { "A=${HELLO:+yes}", "A=yes" },
                { "A=${EMPTY:+yes}", "A=" },
                { "A=\\$HELLO", "A=$HELLO" },
                { "A=$", "A=$" },
                { "A=$$HELLO", "A=$world" },
                { "A=a\\", "A=a\\" },
        };
        static const char *const bad[] = {
                "", "A", "=b", "A=${HELLO", "A=${}", "A=${HELLO?x}", "A=${HELLO:=x}", "A=${HELLO:}"
        };
        char *s;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(env_merge(rows[i].text, (char *const *) env, &s), 0);
                assert_string_equal(s, rows[i].result);
                free(s);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (env_merge(bad[i], (char *const *) env, &s) != -EINVAL)
                        fail_msg("%s passes", bad[i]);
}

/* Nesting is bounded. */
static void test_depth(void **state) {
        static const char text[] = "A=${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-x}}}}}}}}}}";
        char *s;

        assert_int_equal(env_merge(text, NULL, &s), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_merge),
                cmocka_unit_test(test_depth),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
