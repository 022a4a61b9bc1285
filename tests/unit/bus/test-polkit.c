/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/polkit.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "peer.h"

#include "test.h"

/* One far end plays the bus driver, polkit and the callers: calls come from the sender that the message
 * claims. */
typedef struct World {
        sd_event *event;
        sd_bus *client, *server;
        Polkit *polkit;
        sd_bus_slot *object;
        uint32_t uid;
        bool polkit_missing, polkit_mute;
        int authorized, challenge;
        unsigned n_uid_calls, n_polkit_calls, n_entered, n_done;
        uint32_t polkit_flags;
        char detail[64], subject[64];
        bool answered;
        char error[128];
        unsigned n_answers;
} World;

static int answer_polkit(World *w, sd_bus_message *m) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *kind, *key, *subject, *action, *k = "", *v = "", *id;

        w->n_polkit_calls++;
        if (w->polkit_mute)
                return 1;
        if (w->polkit_missing)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_SERVICE_UNKNOWN, "not there");
        assert_true(sd_bus_message_read(m, "(sa{sv})s", &kind, 1, &key, "s", &subject, &action) >= 0);
        assert_true(sd_bus_message_read(m, "a{ss}", 1, &k, &v) >= 0);
        assert_true(sd_bus_message_read(m, "us", &w->polkit_flags, &id) >= 0);
        assert_string_equal(kind, "system-bus-name");
        assert_string_equal(action, "org.creel1.inspect");
        (void) snprintf(w->detail, sizeof(w->detail), "%s=%s", k, v);
        (void) snprintf(w->subject, sizeof(w->subject), "%s", subject);
        assert_true(sd_bus_message_new_method_return(m, &reply) >= 0);
        assert_true(sd_bus_message_append(reply, "(bba{ss})", w->authorized, w->challenge, 0) >= 0);
        return sd_bus_send(NULL, reply, NULL) < 0 ? -1 : 1;
}

static int on_far_end(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        World *w = userdata;

        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "GetConnectionUnixUser")) {
                w->n_uid_calls++;
                if (w->uid == UINT32_MAX)
                        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_NAME_HAS_NO_OWNER, "gone");
                return sd_bus_reply_method_return(m, "u", w->uid);
        }
        if (sd_bus_message_is_method_call(m, "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization"))
                return answer_polkit(w, m);
        return 0;
}

static int method_peek(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *const details[] = {"container", "web", NULL};
        World *w = userdata;
        const char *word;
        int r;

        w->n_entered++;
        r = sd_bus_message_read(call, "s", &word);
        if (r < 0)
                return r;
        assert_string_equal(word, "hello");
        r = polkit_check(w->polkit, call, "org.creel1.inspect", details, method_peek, w, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        w->n_done++;
        return sd_bus_reply_method_return(call, NULL);
}

static const sd_bus_vtable vtable[] = {
                SD_BUS_VTABLE_START(0),
                SD_BUS_METHOD("Peek", "s", "", method_peek, SD_BUS_VTABLE_UNPRIVILEGED),
                SD_BUS_VTABLE_END,
};

static int setup(void **state) {
        World *w = calloc(1, sizeof(World));

        if (!w || sd_event_new(&w->event) < 0 ||
            peer_pair(w->event, on_far_end, w, &w->client, &w->server) < 0 ||
            polkit_new(w->client, &w->polkit) < 0 ||
            sd_bus_add_object_vtable(w->client, &w->object, "/x", "org.creel1.Test", vtable, w) < 0)
                return -1;
        peer_settle(w->event); /* both ends are through with the authentication */
        *state = w;
        return 0;
}

static int teardown(void **state) {
        World *w = *state;

        polkit_free(w->polkit);
        sd_bus_slot_unref(w->object);
        sd_bus_close_unref(w->client);
        sd_bus_close_unref(w->server);
        sd_event_unref(w->event);
        free(w);
        return 0;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        World *w = userdata;

        w->answered = true;
        w->n_answers++;
        (void) snprintf(w->error, sizeof(w->error), "%s", e ? e->name : "");
        return 0;
}

static void send_call(World *w, const char *sender, bool interactive) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(w->server, &m, NULL, "/x", "org.creel1.Test", "Peek") >=
                    0);
        assert_true(sd_bus_message_append(m, "s", "hello") >= 0);
        assert_true(sd_bus_message_set_sender(m, sender) >= 0);
        assert_true(sd_bus_message_set_allow_interactive_authorization(m, interactive) >= 0);
        assert_true(sd_bus_call_async(w->server, NULL, m, on_answer, w, UINT64_MAX) >= 0);
}

static void call(World *w, const char *sender) {
        w->answered = false;
        send_call(w, sender, true);
        assert_true(peer_run_until(w->event, &w->answered));
}

static void test_root_is_asked_for_once(void **state) {
        World *w = *state;

        for (unsigned i = 0; i < 3; i++) {
                call(w, ":1.1");
                assert_string_equal(w->error, "");
        }
        assert_int_equal(w->n_uid_calls, 1);
        assert_int_equal(w->n_polkit_calls, 0);
        assert_int_equal(w->n_done, 3);
        assert_int_equal(w->n_entered, 4);
}

static void test_user_goes_through_polkit(void **state) {
        World *w = *state;

        w->uid = 1000;
        w->authorized = 1;
        call(w, ":1.2");
        assert_string_equal(w->error, "");
        assert_string_equal(w->detail, "container=web");
        assert_string_equal(w->subject, ":1.2");
        assert_int_equal(w->polkit_flags, 1);
        assert_int_equal(w->n_entered, 2);

        w->authorized = 0;
        call(w, ":1.2");
        assert_string_equal(w->error, SD_BUS_ERROR_ACCESS_DENIED);
        w->challenge = 1;
        call(w, ":1.2");
        assert_string_equal(w->error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
        assert_int_equal(w->n_uid_calls, 1);
        assert_int_equal(w->n_done, 1);
}

static void test_without_polkit_only_root(void **state) {
        World *w = *state;

        w->uid = 1000;
        w->polkit_missing = true;
        call(w, ":1.3");
        assert_string_equal(w->error, SD_BUS_ERROR_ACCESS_DENIED);
}

static void test_questions_are_bounded(void **state) {
        World *w = *state;

        w->uid = 1000;
        w->polkit_mute = true;
        for (unsigned i = 0; i < POLKIT_CHECKS_PER_SENDER_MAX; i++)
                send_call(w, ":1.4", false);
        peer_settle(w->event);
        assert_int_equal(w->n_polkit_calls, POLKIT_CHECKS_PER_SENDER_MAX);
        assert_int_equal(w->n_answers, 0);
        call(w, ":1.4");
        assert_string_equal(w->error, "org.creel1.Error.LimitsExceeded");
        /* Teardown answers the ones that wait. */
        w->polkit = polkit_free(w->polkit);
        peer_settle(w->event);
        assert_int_equal(w->n_answers, POLKIT_CHECKS_PER_SENDER_MAX + 1);
        assert_string_equal(w->error, "org.creel1.Error.Cancelled");
}

static void vanish(World *w, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(w->server, &m, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                              "NameOwnerChanged") >= 0);
        assert_true(sd_bus_message_append(m, "sss", name, name, "") >= 0);
        assert_true(sd_bus_message_set_sender(m, "org.freedesktop.DBus") >= 0);
        assert_true(sd_bus_send(w->server, m, NULL) >= 0);
        peer_settle(w->event);
}

static void test_a_sender_that_leaves_is_forgotten(void **state) {
        World *w = *state;

        call(w, ":1.5");
        vanish(w, ":1.5");
        call(w, ":1.5");
        assert_int_equal(w->n_uid_calls, 2);

        /* With a question open, and before the bus could say who it was. */
        w->uid = 1000;
        w->polkit_mute = true;
        send_call(w, ":1.6", false);
        peer_settle(w->event);
        vanish(w, ":1.6");
        w->uid = UINT32_MAX;
        send_call(w, ":1.7", false);
        peer_settle(w->event);
        assert_int_equal(w->n_done, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                        cmocka_unit_test_setup_teardown(test_root_is_asked_for_once, setup, teardown),
                        cmocka_unit_test_setup_teardown(test_user_goes_through_polkit, setup, teardown),
                        cmocka_unit_test_setup_teardown(test_without_polkit_only_root, setup, teardown),
                        cmocka_unit_test_setup_teardown(test_questions_are_bounded, setup, teardown),
                        cmocka_unit_test_setup_teardown(test_a_sender_that_leaves_is_forgotten, setup,
                                                        teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
