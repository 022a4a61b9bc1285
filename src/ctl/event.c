/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <time.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/event.h"
#include "ctl/output.h"
#include "ctl/template.h"
#include "spec/json.h"

#define ATTRIBUTES_BYTES_MAX (256 * 1024)

Event *event_free(Event *e) {
        if (!e)
                return NULL;
        free(e->type);
        free(e->action);
        free(e->id);
        (void) json_object_put(e->attributes);
        return mfree(e);
}

int event_set_attributes(Event *e, const char *text) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = json_parse(text, strlen(text), ATTRIBUTES_BYTES_MAX, &o);
        if (r < 0)
                return r;
        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        json_object_object_foreach(o, key, value) {
                (void) key;
                if (!json_object_is_type(value, json_type_string))
                        return -EBADMSG;
        }
        (void) json_object_put(e->attributes);
        e->attributes = TAKE_PTR(o);
        return 0;
}

static const char *attribute(const Event *e, const char *key) {
        const char *s = "";

        if (e->attributes)
                (void) json_get_string(e->attributes, key, &s);
        return s;
}

static bool match_type(const Event *e, const char *value) {
        return streq(e->type, value);
}

static bool match_action(const Event *e, const char *value) {
        /* docker says "die", podman and we say "died". */
        return streq(e->action, streq(value, "die") ? "died" : value);
}

static bool match_container(const Event *e, const char *value) {
        return streq(e->type, "container") &&
               (streq(attribute(e, "name"), value) || (*value && startswith(e->id, value)));
}

static bool match_image(const Event *e, const char *value) {
        return streq(attribute(e, "image"), value) ||
               (streq(e->type, "image") &&
                (streq(attribute(e, "name"), value) || (*value && startswith(e->id, value))));
}

static const struct {
        const char *key;
        bool (*match)(const Event *e, const char *value);
} filter_keys[] = {
        { "type=", match_type },           { "event=", match_action }, { "action=", match_action },
        { "container=", match_container }, { "image=", match_image },
};

int event_check_filters(char *const *filters, Failure *f) {
        STRV_FOREACH (i, filters) {
                bool known = false;

                for (size_t k = 0; k < ELEMENTSOF(filter_keys); k++)
                        known |= startswith(*i, filter_keys[k].key) != NULL;
                if (!known)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "filter '%s': must be type=, event=, container= or image=", *i);
        }
        return 0;
}

bool event_match(const Event *e, char *const *filters) {
        for (size_t k = 0; k < ELEMENTSOF(filter_keys); k++) {
                bool asked = false, matched = false;

                STRV_FOREACH (i, filters) {
                        const char *value = startswith(*i, filter_keys[k].key);

                        asked |= value != NULL;
                        matched |= value && filter_keys[k].match(e, value);
                }
                if (asked && !matched)
                        return false;
        }
        return true;
}

static int event_to_json(const Event *e, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = output_add_time(o, "time", e->time_usec);
        if (r >= 0)
                r = json_add_u64(o, "timeUSec", e->time_usec);
        if (r >= 0)
                r = json_add_string(o, "Type", e->type);
        if (r >= 0)
                r = json_add_string(o, "Status", e->action);
        if (r >= 0)
                r = json_add_string(o, "ID", e->id);
        if (r >= 0)
                r = json_add_string(o, "Name", attribute(e, "name"));
        if (r >= 0)
                r = json_add_string(o, "Image", attribute(e, "image"));
        if (r >= 0)
                r = json_add(o, "Attributes",
                             e->attributes ? json_object_get(e->attributes) : json_object_new_object());
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static void print_for_people(const Event *e, FILE *out) {
        time_t t = (time_t) (e->time_usec / USEC_PER_SEC);
        char day[32] = "?", zone[16] = "";
        const char *separator = " (";
        struct tm tm;

        if (localtime_r(&t, &tm)) {
                (void) strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm);
                (void) strftime(zone, sizeof(zone), "%z", &tm);
        }
        (void) fprintf(out, "%s.%06u %s %s %s %s", day, (unsigned) (e->time_usec % USEC_PER_SEC), zone,
                       e->type, e->action, e->id);
        if (e->attributes) {
                json_object_object_foreach(e->attributes, key, value) {
                        (void) fprintf(out, "%s%s=%s", separator, key, json_object_get_string(value));
                        separator = ", ";
                }
        }
        (void) fputs(*separator == ',' ? ")\n" : "\n", out);
}

int event_print(const Event *e, bool json, const char *template, FILE *out, Failure *f) {
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        if (!json && !template) {
                print_for_people(e, out);
                return 0;
        }
        r = event_to_json(e, &o);
        if (r >= 0)
                r = template ? template_render(template, o, &text, f) : json_format(o, false, &text);
        if (r < 0)
                return r;
        (void) fprintf(out, "%s\n", text);
        return 0;
}
