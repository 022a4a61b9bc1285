/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "basic/str.h"
#include "ctl/ctl.h"
#include "spec/container-spec.h"
#include "test.h"

static void test_table(void **state) {
        for (const Verb *v = ctl_verbs; v->name; v++) {
                assert_ptr_equal(verb_find(v->name), v); /* no name twice */
                assert_non_null(v->run);
                assert_non_null(v->options);
                assert_non_null(v->help);
                assert_true(v->n_max == -1 || v->n_max >= v->n_min);
                assert_true((v->n_max == 0) == (v->operands == NULL));
        }
        assert_null(verb_find("frob"));
        assert_null(verb_find(""));
}

/* Within a verb a name or letter means one thing. */
static void test_options(void **state) {
        for (const Verb *v = ctl_verbs; v->name; v++) {
                const Option *tables[] = { v->options, v->more_options ? v->more_options() : NULL };
                bool letters[128] = {};

                for (size_t i = 0; i < ELEMENTSOF(tables); i++)
                        for (const Option *o = tables[i]; o && o->name; o++) {
                                assert_non_null(o->set);
                                if (o->letter) {
                                        assert_false(letters[(unsigned char) o->letter]);
                                        letters[(unsigned char) o->letter] = true;
                                }
                        }
        }
}

static void test_container_options(void **state) {
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;
                bool found = false;

                for (const Option *o = container_options_table(); o->name; o++)
                        found |= streq(o->name, field->key) && o->letter == field->short_option &&
                                 streq_ptr(o->argument, field->argument);
                assert_true(found == (field->help != NULL));
        }
}

static void test_format(void **state) {
        Ctl c = {};

        assert_false(ctl_wants_json(&c));
        assert_null(ctl_template(&c));
        c.format = "json";
        assert_true(ctl_wants_json(&c));
        assert_null(ctl_template(&c));
        c.format = "table";
        assert_false(ctl_wants_json(&c));
        assert_null(ctl_template(&c));
        c.format = "{{.x}}";
        assert_string_equal(ctl_template(&c), "{{.x}}");
}

static void test_report(void **state) {
        Failure f = {};
        int status = 0;

        (void) failure_set(&f, FAILURE_COMMAND_NOT_EXECUTABLE, "expected on standard error");
        ctl_worsen(&status, ctl_report(&f, -EACCES));
        assert_int_equal(status, 126);
        assert_null(f.text);
        ctl_worsen(&status, ctl_report(&f, -ENOMEM));
        assert_int_equal(status, 126);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_options),
                cmocka_unit_test(test_container_options),
                cmocka_unit_test(test_format),
                cmocka_unit_test(test_report),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
