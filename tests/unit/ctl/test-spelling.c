/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/spelling.h"

static void test_private_users(void **state) {
        static const struct {
                const char *text, *userns, *uidmap;
        } good[] = { { "no", "host", NULL },
                     { "yes", "auto", NULL },
                     { "pick", "auto", NULL },
                     { "identity", NULL, "0:0:65536" },
                     { "100000", NULL, "0:100000:65536" },
                     { "1:5", NULL, "0:1:5" },
                     { "0", NULL, "0:0:65536" } };
        static const char *const bad[] = { "", "nonsense", "1:", "1:x", "1:0", ":5", "1:2:3", "-1" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
                const char *hint;

                assert_int_equal(spelling_private_users(s, good[i].text, &hint), 0);
                assert_true(streq_ptr(s->userns, good[i].userns));
                assert_true(streq_ptr(s->uidmap ? s->uidmap[0] : NULL, good[i].uidmap));
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
                const char *hint = NULL;

                assert_int_equal(spelling_private_users(s, bad[i], &hint), -EINVAL);
                assert_non_null(hint);
        }
}

static void test_gpus(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
        const char *hint = NULL;

        assert_int_equal(spelling_gpus(s, "all", &hint), 0);
        assert_int_equal(spelling_gpus(s, "0,device=1", &hint), 0);
        assert_string_equal(s->devices[0], "nvidia.com/gpu=all");
        assert_string_equal(s->devices[1], "nvidia.com/gpu=0");
        assert_string_equal(s->devices[2], "nvidia.com/gpu=1");
        assert_int_equal(spelling_gpus(s, "", &hint), -EINVAL);
        assert_int_equal(spelling_gpus(s, "a b", &hint), -EINVAL);
        assert_non_null(hint);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_private_users),
                                            cmocka_unit_test(test_gpus) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
