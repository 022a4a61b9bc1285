/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "basic/memory.h"
#include "engine/limit-watch.h"

/* Without a cgroup, and with one that is gone, there is nothing to watch, and nothing fails. */
static void test_nothing(void **state) {
        sd_event *event = NULL;
        ContainerRecord record = { .name = (char *) "x" };
        Engine e = {};
        Container c = { .engine = &e, .record = &record };

        assert_true(sd_event_new(&event) >= 0);
        e.event = event;
        limits_watch(&c);
        assert_null(c.limits_source);
        c.cgroup = (char *) "/no/such.scope";
        limits_watch(&c);
        assert_null(c.limits_source);
        limits_forget(&c);
        sd_event_source_disable_unref(e.limits_keeper);
        sd_event_unref(event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
