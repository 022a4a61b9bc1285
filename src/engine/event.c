/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/journal.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "spec/json.h"

static const struct {
        const char *type, *action, *message_id;
} events[] = {
        { "container", "create", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c01" },
        { "container", "start", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c02" },
        { "container", "died", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c03" },
        { "container", "stop", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c04" },
        { "container", "kill", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c05" },
        { "container", "oom", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c06" },
        { "container", "attach", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c12" },
        { "container", "exec", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c10" },
        { "container", "exec_died", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c11" },
        { "container", "remove", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c07" },
        { "container", "pause", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c30" },
        { "container", "unpause", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c31" },
        { "container", "restart", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c32" },
        { "container", "rename", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c33" },
        { "container", "update", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c40" },
        { "container", "health_status", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c34" },
        { "image", "pull", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c20" },
        { "image", "tag", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c21" },
        { "image", "untag", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c22" },
        { "image", "remove", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c23" },
        { "image", "pull-error", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c24" },
        { "volume", "create", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c40" },
        { "volume", "remove", "5d7f1e6a0b8f4d0e9c2a7b1f3e4d5c41" },
};

const char *event_message_id(const char *type, const char *action) {
        for (size_t i = 0; i < ELEMENTSOF(events); i++)
                if (streq(events[i].type, type) && streq(events[i].action, action))
                        return events[i].message_id;
        return NULL;
}

static int event_to_journal(Engine *e, const char *type, const char *action, const char *id,
                            char *const *attributes) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *message = NULL, *map = NULL;
        const char *name = strv_env_get(attributes, "name");
        bool container = streq(type, "container");
        int r;

        if (!o)
                return -ENOMEM;
        STRV_FOREACH(i, attributes) {
                _cleanup_free_ char *key = strndup(*i, strcspn(*i, "="));

                r = key ? json_add_string(o, key, *i + strlen(key) + 1) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        r = json_format(o, false, &map);
        if (r >= 0)
                r = string_format(&message, "%s %s %s%s%.12s%s", type, action, strempty(name),
                                  name ? " (" : "", startswith(id, "sha256:") ?: id, name ? ")" : "");
        if (r < 0)
                return r;

        const JournalField fields[] = {
                journal_string("MESSAGE", message),
                journal_string("PRIORITY", "6"),
                journal_string("SYSLOG_IDENTIFIER", "creeld"),
                journal_string("MESSAGE_ID", event_message_id(type, action)),
                journal_string("CREEL_EVENT_TYPE", type),
                journal_string("CREEL_EVENT_ACTION", action),
                journal_string("CREEL_EVENT_ID", id),
                journal_string("CREEL_EVENT_ATTRIBUTES", map),
                /* not CONTAINER_NAME and CONTAINER_ID_FULL: those select a container's own output */
                journal_string("CREEL_CONTAINER", container ? name : NULL),
        };
        return journal_send(e->journal_fd, fields, ELEMENTSOF(fields));
}

void engine_event(Engine *e, const char *type, const char *action, const char *id, char *const *attributes) {
        int r;

        assert(event_message_id(type, action));

        r = event_to_journal(e, type, action, id, attributes);
        if (r < 0)
                log_debug_errno(r, "Cannot write event %s %s to the journal, ignoring: %m", type, action);
        if (e->observer)
                e->observer->event(clock_now_realtime_usec(), type, action, id, attributes,
                                   e->observer_data);
}
