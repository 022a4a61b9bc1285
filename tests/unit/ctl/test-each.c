/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/each.h"
#include "peer.h"

/* GetContainer gives the name as the path. Stop of "slow" is answered after that of "fast"; "gone" is an
 * error. */
static int handle(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        static sd_bus_message *held;
        const char *name, *path = sd_bus_message_get_path(m);
        char answer[64];

        if (sd_bus_message_is_method_call(m, CREEL_MANAGER, "GetContainer")) {
                if (sd_bus_message_read(m, "s", &name) < 0)
                        return -EBADMSG;
                if (streq(name, "none"))
                        return sd_bus_reply_method_errorf(m, "org.creel1.Error.NoSuchContainer",
                                                          "none: no such container");
                (void) snprintf(answer, sizeof(answer), "/c/%s", name);
                return sd_bus_reply_method_return(m, "o", answer);
        }
        if (!sd_bus_message_is_method_call(m, CREEL_CONTAINER, "Wait"))
                return 0;
        if (streq(path, "/c/slow")) {
                held = sd_bus_message_ref(m);
                return 1;
        }
        if (streq(path, "/c/fast")) {
                if (sd_bus_reply_method_return(m, "i", 2) < 0 ||
                    sd_bus_reply_method_return(held, "i", 1) < 0)
                        return -EIO;
                held = sd_bus_message_unref(held);
                return 1;
        }
        return sd_bus_reply_method_errorf(m, "org.creel1.Error.CommandNotFound", "gone: no such command");
}

static int32_t codes[8];
static size_t n_codes;

static int append(sd_bus_message *m) {
        return sd_bus_message_append(m, "s", "stopped");
}

static void keep(const char *name, sd_bus_message *reply) {
        assert_true(sd_bus_message_read(reply, "i", codes + n_codes++) > 0);
}

static void test_order(void **state) {
        const EachMethod method = { .member = "Wait", .append = append, .print = keep };
        char *names[] = { (char *) "slow", (char *) "none", (char *) "gone", (char *) "fast", NULL };
        _cleanup_failure_ Failure f = {};
        Ctl c = {};
        pid_t pid = peer_start(&c, handle, NULL);

        /* the worst status is that of "gone" */
        assert_int_equal(each_container(&c, names, &method, &f), 127);
        assert_int_equal(n_codes, 2);
        assert_int_equal(codes[0], 1);
        assert_int_equal(codes[1], 2);
        assert_null(f.text);
        assert_int_equal(each_container(&c, (char *[]){ NULL }, &method, &f), 0);
        peer_stop(&c, pid);
}

/* More than may be under way at once. */
static void test_many(void **state) {
        const EachMethod method = { .member = "Wait", .append = append, .print = keep };
        char *names[3 * EACH_CALLS_MAX + 1] = {};
        Ctl c = {};
        pid_t pid = peer_start(&c, handle, NULL);

        for (size_t i = 0; i + 1 < ELEMENTSOF(names); i++)
                names[i] = (char *) "none";
        assert_int_equal(each_container(&c, names, &method, NULL), 125);
        peer_stop(&c, pid);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
