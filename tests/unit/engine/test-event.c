/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/str.h"
#include "engine/event.h"

static void test_message_ids(void **state) {
        static const char *const container[] = {
                "create", "start", "died", "stop", "kill", "oom", "remove"
        };
        static const char *const image[] = { "pull", "pull-error", "tag", "untag", "remove" };

        for (size_t i = 0; i < ELEMENTSOF(container); i++) {
                const char *id = event_message_id("container", container[i]);

                assert_non_null(id);
                assert_int_equal(strlen(id), 32);
                assert_true(string_in_charset(id, LOWERCASE_HEX));
                for (size_t k = 0; k < ELEMENTSOF(image); k++)
                        assert_string_not_equal(id, event_message_id("image", image[k]));
        }
        assert_null(event_message_id("container", "dance"));
        assert_null(event_message_id("image", "start"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_message_ids),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
