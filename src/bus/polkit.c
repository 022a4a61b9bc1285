/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdbool.h>

#include "bus/polkit.h"
#include "basic/failure.h"
#include "basic/hashmap.h"
#include "basic/list.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/error.h"

#define DBUS_NAME "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"
#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_FLAG_INTERACTIVE 1u

typedef struct Sender Sender;

typedef enum CheckState {
        CHECK_UID,    /* the bus is asked who the sender is */
        CHECK_POLKIT, /* polkit is asked */
        CHECK_GRANTED,
        CHECK_DENIED,
} CheckState;

typedef struct Check {
        Sender *sender;
        CheckState state;
        sd_bus_message *call;
        char *action;
        char **details;
        sd_bus_message_handler_t again;
        void *userdata;
        sd_bus_slot *slot;
        sd_bus_error error;
        LIST_FIELDS(struct Check, checks);
} Check;

struct Sender {
        Polkit *polkit;
        char *name;
        uid_t uid;
        bool uid_known;
        sd_bus_slot *slot;
        unsigned n_checks;
        LIST_HEAD(Check, checks);
};

struct Polkit {
        sd_bus *bus;
        sd_bus_slot *vanished_slot;
        Hashmap *senders;
        Check *current; /* its call is being entered again */
};

static Check *check_free(Check *c) {
        if (!c)
                return NULL;
        if (c->sender) {
                LIST_REMOVE(checks, c->sender->checks, c);
                c->sender->n_checks--;
        }
        sd_bus_slot_unref(c->slot);
        sd_bus_error_free(&c->error);
        sd_bus_message_unref(c->call);
        strv_free(c->details);
        free(c->action);
        return mfree(c);
}

DEFINE_CLEANUP(Check, check_free)

static Sender *sender_free(Sender *s) {
        if (!s)
                return NULL;
        if (s->polkit)
                (void) hashmap_remove(s->polkit->senders, s->name);
        while (s->checks)
                check_free(s->checks);
        sd_bus_slot_unref(s->slot);
        free(s->name);
        return mfree(s);
}

DEFINE_CLEANUP(Sender, sender_free)

static int sender_new(Polkit *p, const char *name, Sender **ret) {
        _cleanup_(sender_freep) Sender *s = NULL;
        int r;

        s = new0(Sender, 1);
        if (!s || string_set(&s->name, name) < 0)
                return -ENOMEM;
        r = hashmap_put(p->senders, s->name, s);
        if (r < 0)
                return r;
        s->polkit = p;
        *ret = TAKE_PTR(s);
        return 0;
}

/* Enters the method again; the check is gone afterwards. */
static void check_dispatch(Check *c) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Polkit *p = c->sender->polkit;
        int r;

        p->current = c;
        r = sd_bus_message_rewind(c->call, true);
        if (r >= 0)
                r = c->again(c->call, c->userdata, &error);
        p->current = NULL;

        if (r < 0 || sd_bus_error_is_set(&error)) {
                r = sd_bus_error_is_set(&error) ? sd_bus_reply_method_error(c->call, &error)
                                                : sd_bus_reply_method_errno(c->call, r, NULL);
                if (r < 0)
                        log_debug_errno(r, "Cannot answer a call of %s, ignoring: %m", c->sender->name);
        }
        check_free(c);
}

static void check_decide(Check *c, const char *error_name, const char *text) {
        c->slot = sd_bus_slot_unref(c->slot);
        c->state = error_name ? CHECK_DENIED : CHECK_GRANTED;
        if (error_name)
                (void) sd_bus_error_set(&c->error, error_name, text);
        check_dispatch(c);
}

static int on_polkit_answer(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Check *c = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        int authorized = 0, challenge = 0, r;

        if (e) {
                if (sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                    sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                        check_decide(c, SD_BUS_ERROR_ACCESS_DENIED,
                                     "Access denied: only root may do this, because polkit does not run "
                                     "here");
                else {
                        log_debug("polkit cannot answer for %s: %s", c->action, strempty(e->message));
                        check_decide(c, SD_BUS_ERROR_ACCESS_DENIED,
                                     "Access denied: polkit could not answer");
                }
                return 0;
        }
        r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
        if (r < 0)
                check_decide(c, SD_BUS_ERROR_ACCESS_DENIED, "Access denied: polkit's answer makes no sense");
        else if (authorized)
                check_decide(c, NULL, NULL);
        else if (challenge)
                check_decide(c, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                             "Authentication is required: run this on a terminal with a polkit agent, or as "
                             "root");
        else
                check_decide(c, SD_BUS_ERROR_ACCESS_DENIED,
                             "Access denied by polkit: run this as root, or ask the administrator for a "
                             "rule");
        return 0;
}

static int check_append_details(Check *c, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        for (char **d = c->details; r >= 0 && d && d[0] && d[1]; d += 2)
                r = sd_bus_message_append(m, "{ss}", d[0], d[1]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int check_ask_polkit(Check *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        bool interactive = sd_bus_message_get_allow_interactive_authorization(c->call) > 0;
        sd_bus *bus = c->sender->polkit->bus;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})s", "system-bus-name", 1, "name", "s", c->sender->name,
                                          c->action);
        if (r >= 0)
                r = check_append_details(c, m);
        if (r >= 0)
                r = sd_bus_message_append(m, "us", interactive ? POLKIT_FLAG_INTERACTIVE : 0u, "");
        if (r >= 0) /* somebody may have to find a password first: no time limit of ours */
                r = sd_bus_call_async(bus, &c->slot, m, on_polkit_answer, c, UINT64_MAX);
        if (r >= 0)
                c->state = CHECK_POLKIT;
        return r;
}

static void check_proceed(Check *c) {
        int r;

        if (c->sender->uid == 0) {
                check_decide(c, NULL, NULL);
                return;
        }
        r = check_ask_polkit(c);
        if (r < 0) {
                log_debug_errno(r, "Cannot ask polkit: %m");
                check_decide(c, SD_BUS_ERROR_ACCESS_DENIED, "Access denied: polkit could not be asked");
        }
}

static int on_sender_uid(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Sender *s = userdata;
        uint32_t uid = UINT32_MAX;

        s->slot = sd_bus_slot_unref(s->slot);
        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "u", &uid) < 0) {
                /* It has left the bus: nobody waits for an answer. */
                sender_free(s);
                return 0;
        }
        s->uid = (uid_t) uid;
        s->uid_known = true;
        /* Entering a method can end in anything, but a sender lives until the bus says that it is gone. */
        for (;;) {
                Check *next = NULL;

                LIST_FOREACH(checks, c, s->checks)
                        if (!next && c->state == CHECK_UID)
                                next = c;
                if (!next)
                        return 0;
                check_proceed(next);
        }
}

static int on_name_vanished(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Polkit *p = userdata;
        const char *name;

        if (sd_bus_message_read(m, "s", &name) >= 0)
                sender_free(hashmap_get(p->senders, name));
        return 0;
}

static int sender_get(Polkit *p, const char *name, Sender **ret) {
        _cleanup_(sender_freep) Sender *s = NULL;
        int r;

        *ret = hashmap_get(p->senders, name);
        if (*ret)
                return 0;
        if (hashmap_size(p->senders) >= POLKIT_SENDERS_MAX)
                return -E2BIG;
        r = sender_new(p, name, &s);
        if (r < 0)
                return r;
        r = sd_bus_call_method_async(p->bus, &s->slot, DBUS_NAME, DBUS_PATH, DBUS_NAME,
                                     "GetConnectionUnixUser", on_sender_uid, s, "s", name);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

static int sender_add_check(Sender *s, sd_bus_message *call, const char *action, const char *const *details,
                            sd_bus_message_handler_t again, void *userdata) {
        _cleanup_(check_freep) Check *c = NULL;
        int r;

        if (s->n_checks >= POLKIT_CHECKS_PER_SENDER_MAX)
                return -E2BIG;
        c = new0(Check, 1);
        if (!c || string_set(&c->action, action) < 0 || strv_copy((char *const *) details, &c->details) < 0)
                return -ENOMEM;
        c->again = again;
        c->userdata = userdata;
        c->call = sd_bus_message_ref(call);
        c->sender = s;
        LIST_APPEND(checks, s->checks, c);
        s->n_checks++;
        if (s->uid_known) {
                r = check_ask_polkit(c);
                if (r < 0)
                        return r;
        }
        TAKE_PTR(c);
        return 0;
}

int polkit_check(Polkit *p, sd_bus_message *call, const char *action, const char *const *details,
                 sd_bus_message_handler_t again, void *userdata, sd_bus_error *error) {
        const char *name = sd_bus_message_get_sender(call);
        Sender *s = NULL;
        int r;

        if (p->current && p->current->call == call) {
                assert(streq(p->current->action, action));
                if (p->current->state == CHECK_GRANTED)
                        return 1;
                (void) sd_bus_error_copy(error, &p->current->error);
                return -EACCES;
        }
        if (!name) {
                (void) sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
                                        "Access denied: the call does not say who sent it");
                return -EACCES;
        }
        r = sender_get(p, name, &s);
        if (r >= 0 && s->uid_known && s->uid == 0)
                return 1;
        if (r >= 0)
                r = sender_add_check(s, call, action, details, again, userdata);
        if (r == -E2BIG)
                (void) sd_bus_error_set(
                                error, BUS_ERROR_PREFIX "LimitsExceeded",
                                "Too many requests wait for authorization; answer or cancel some first");
        return r < 0 ? r : 0;
}

int polkit_new(sd_bus *bus, Polkit **ret) {
        _cleanup_(polkit_freep) Polkit *p = NULL;
        int r;

        p = new0(Polkit, 1);
        if (!p)
                return -ENOMEM;
        p->bus = sd_bus_ref(bus);
        p->senders = hashmap_new();
        if (!p->senders)
                return -ENOMEM;
        /* arg2 is the new owner: only names that disappear wake us up. */
        r = sd_bus_add_match_async(bus, &p->vanished_slot,
                                   "type='signal',sender='" DBUS_NAME "',path='" DBUS_PATH
                                   "',interface='" DBUS_NAME "',member='NameOwnerChanged',arg2=''",
                                   on_name_vanished, NULL, p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

Polkit *polkit_free(Polkit *p) {
        Sender *s;

        if (!p)
                return NULL;
        for (size_t i = 0; p->senders && (s = hashmap_iterate(p->senders, &i));) {
                while (s->checks) {
                        (void) sd_bus_reply_method_errorf(s->checks->call, BUS_ERROR_PREFIX "Cancelled",
                                                          "creeld is going down; try again");
                        check_free(s->checks);
                }
                sender_free(s);
        }
        hashmap_free(p->senders);
        sd_bus_slot_unref(p->vanished_slot);
        sd_bus_unref(p->bus);
        return mfree(p);
}

int polkit_sender_uid(Polkit *p, sd_bus_message *call, uid_t *ret) {
        const char *name = sd_bus_message_get_sender(call);
        const Sender *s = name ? hashmap_get(p->senders, name) : NULL;

        if (!s || !s->uid_known)
                return -ENODATA;
        *ret = s->uid;
        return 0;
}
