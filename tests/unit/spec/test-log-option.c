/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/str.h"
#include "spec/log-option.h"

#include "test.h"

static void test_parse(void **state) {
        static const char *const bad[] = { "",
                                           "tag",
                                           "tags=x",
                                           "label=",
                                           "label=x=y",
                                           "label=_A=y",
                                           "label=1A=y",
                                           "label=A",
                                           "label=MESSAGE=x",
                                           "label=CONTAINER_ID=x",
                                           "tag={{.Nothing}}",
                                           "max-file=3" };
        const char *s;

        assert_int_equal(log_option_parse("tag=a{{.Name}}", &s), LOG_OPTION_TAG);
        assert_string_equal(s, "a{{.Name}}");
        assert_int_equal(log_option_parse("label=APP_1=web=x", &s), LOG_OPTION_LABEL);
        assert_string_equal(s, "APP_1=web=x");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (log_option_parse(bad[i], &s) >= 0)
                        fail_msg("%s passes", bad[i]);
}

static void test_tag(void **state) {
        static const LogTag tag = { "0123456789abcdef", "web", "localhost/x:1", "fedcba98765432100" };
        char *s;

        assert_int_equal(log_tag_expand("{{.Name}}/{{.ID}}-{{.FullID}} {{.ImageName}} {{.ImageID}}", &tag,
                                        &s),
                         0);
        assert_string_equal(s, "web/0123456789ab-0123456789abcdef localhost/x:1 fedcba987654");
        free(s);
        assert_int_equal(log_tag_expand("{{", &tag, &s), -EINVAL);
        assert_int_equal(log_tag_expand("", &tag, &s), 0);
        assert_string_equal(s, "");
        free(s);
}

static void test_driver(void **state) {
        assert_int_equal(log_driver_from_string("none"), LOG_DRIVER_NONE);
        assert_string_equal(log_driver_to_string(LOG_DRIVER_PASSTHROUGH), "passthrough");
        assert_int_equal(log_driver_from_string("syslog"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_tag),
                cmocka_unit_test(test_driver),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
