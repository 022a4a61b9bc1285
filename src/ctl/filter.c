/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/filter.h"

/* Length of @reference without tag and digest. */
static size_t repository_length(const char *reference) {
        size_t n = strcspn(reference, "@");
        const char *slash = memrchr(reference, '/', n);
        const char *colon = memchr(slash ?: reference, ':', n - (slash ? (size_t) (slash - reference) : 0));

        return colon ? (size_t) (colon - reference) : n;
}

static bool equal_or_repository(const char *name, const char *reference) {
        return streq(name, reference) ||
               (strlen(name) == repository_length(reference) && startswith(reference, name));
}

bool filter_names_image(const char *name, const char *reference) {
        for (const char *p = reference;; p++) {
                if (equal_or_repository(name, p))
                        return true;
                p = strchr(p, '/');
                if (!p || p >= reference + repository_length(reference))
                        return false;
        }
}

static bool match_id(const ContainerInfo *info, const char *value) {
        return startswith(info->id, value);
}

static bool match_name(const ContainerInfo *info, const char *value) {
        return strstr(info->name, value);
}

static bool match_status(const ContainerInfo *info, const char *value) {
        return streq(info->state, streq(value, "exited") ? "stopped" : value);
}

static bool match_label(const ContainerInfo *info, const char *value) {
        size_t n = strlen(value);

        STRV_FOREACH (i, info->labels)
                if (streq(*i, value) || (!strchr(value, '=') && startswith(*i, value) && (*i)[n] == '='))
                        return true;
        return false;
}

static bool match_ancestor(const ContainerInfo *info, const char *value) {
        const char *hex = startswith(value, "sha256:") ?: value, *id = strempty(info->image_id);

        if (filter_names_image(value, strempty(info->image)))
                return true;
        return strlen(hex) >= 4 && string_in_charset(hex, LOWERCASE_HEX) &&
               startswith(startswith(id, "sha256:") ?: id, hex);
}

static const struct {
        const char *key;
        bool all; /* every value has to match, not just one */
        bool (*match)(const ContainerInfo *info, const char *value);
} filter_keys[] = {
        { "id", false, match_id },
        { "name", false, match_name },
        { "status", false, match_status },
        { "label", true, match_label },
        { "ancestor", false, match_ancestor },
};

static const char *value_of(const char *filter, const char *key) {
        const char *rest = startswith(filter, key);

        return rest && *rest == '=' ? rest + 1 : NULL;
}

static bool status_exists(const char *s) {
        static const char *const states[] = { "created", "running", "paused",   "restarting",
                                              "stopped", "exited",  "removing", "dead" };

        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (streq(states[i], s))
                        return true;
        return false;
}

int filter_check(char *const *filters, Failure *f) {
        STRV_FOREACH (i, filters) {
                const char *status = value_of(*i, "status");
                bool known = false;

                for (size_t k = 0; k < ELEMENTSOF(filter_keys); k++)
                        known |= value_of(*i, filter_keys[k].key) != NULL;
                if (!known)
                        return failure_set(
                                        f, FAILURE_INVALID_ARGUMENT,
                                        "filter '%s': must be id=, name=, status=, label= or ancestor=", *i);
                if (status && !status_exists(status))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "filter '%s': must be created, running, paused, restarting, "
                                           "stopped (exited), removing or dead",
                                           *i);
        }
        return 0;
}

bool filter_match(char *const *filters, const ContainerInfo *info) {
        for (size_t k = 0; k < ELEMENTSOF(filter_keys); k++) {
                size_t n_values = 0, n_matches = 0;

                STRV_FOREACH (i, filters) {
                        const char *value = value_of(*i, filter_keys[k].key);

                        if (!value)
                                continue;
                        n_values++;
                        n_matches += filter_keys[k].match(info, value);
                }
                if (filter_keys[k].all ? n_matches < n_values : n_values > 0 && n_matches == 0)
                        return false;
        }
        return true;
}
