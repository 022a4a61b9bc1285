/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/memory.h"
#include "basic/strv.h"
#include "ctl/select.h"

#define STRINGS(...) ((char **) (const char *[]){ __VA_ARGS__, NULL })

static void test_states(void **state) {
        static const struct {
                const char *state;
                bool active, idle, running, paused;
        } cases[] = {
                { "created", false, true, false, false }, { "running", true, false, true, false },
                { "paused", true, false, false, true },   { "restarting", true, false, false, false },
                { "stopped", false, true, false, false }, { "dead", false, false, false, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const ContainerInfo info = { .state = (char *) cases[i].state };

                assert_int_equal(select_is_active(&info), cases[i].active);
                assert_int_equal(select_is_idle(&info), cases[i].idle);
                assert_int_equal(select_is_running(&info), cases[i].running);
                assert_int_equal(select_is_paused(&info), cases[i].paused);
        }
}

static void refused(char **operands) {
        _cleanup_failure_ Failure f = {};
        char **names = NULL;
        Ctl c = {};

        assert_true(select_names(&c, "stop", NULL, operands, &names, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        assert_null(names);
}

static void test_what_excludes_each_other(void **state) {
        refused(STRINGS(NULL));
        selection = (Selection){ .all = true };
        refused(STRINGS("a"));
        selection.latest = true;
        refused(STRINGS(NULL));
        selection = (Selection){ .latest = true };
        refused(STRINGS("a"));
        selection = (Selection){ .filters = STRINGS("colour=red") };
        refused(STRINGS(NULL));
        selection = (Selection){ .cidfiles = STRINGS("/nonexistent/cid") };
        refused(STRINGS(NULL));
        selection = (Selection){};
}

static void test_operands(void **state) {
        _cleanup_strv_free_ char **names = NULL;
        Ctl c = {};

        /* nobody is asked, and with --ignore a file that is not there is no mistake */
        selection = (Selection){ .cidfiles = STRINGS("/nonexistent/cid"), .ignore = true };
        assert_int_equal(select_names(&c, "stop", NULL, STRINGS("a", "b"), &names, NULL), 0);
        assert_true(strv_equal(names, STRINGS("a", "b")));
        selection = (Selection){};
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_what_excludes_each_other),
                cmocka_unit_test(test_operands),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
