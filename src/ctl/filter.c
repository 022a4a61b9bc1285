/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <regex.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/filter.h"
#include "ctl/timespec.h"
#include "spec/restart-policy.h"

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

/* As docker and podman take it: '^web$' is the one, 'web' all that have it in their name. */
static bool match_name(const ContainerInfo *info, const char *value) {
        regex_t expression;
        bool found;

        if (regcomp(&expression, value, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        found = regexec(&expression, info->name, 0, NULL, 0) == 0;
        regfree(&expression);
        return found;
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

static bool match_no_label(const ContainerInfo *info, const char *value) {
        return !match_label(info, value);
}

static bool match_exited(const ContainerInfo *info, const char *value) {
        int64_t code;

        return streq(info->state, "stopped") && parse_i64(value, &code) >= 0 && code == info->exit_code;
}

static bool match_restart_policy(const ContainerInfo *info, const char *value) {
        RestartPolicy wanted, policy;

        return restart_policy_parse(value, &wanted) >= 0 &&
               restart_policy_parse(info->restart_policy, &policy) >= 0 && wanted.mode == policy.mode;
}

static bool match_health(const ContainerInfo *info, const char *value) {
        return streq(strempty(info->health), streq(value, "none") ? "" : value);
}

static bool match_until(const ContainerInfo *info, const char *value) {
        uint64_t usec;

        return timespec_parse(value, clock_now_realtime_usec(), &usec) >= 0 && info->created_usec < usec;
}

/* filter_resolve() made a time out of the name. */
static bool match_before(const ContainerInfo *info, const char *value) {
        uint64_t usec;

        return parse_u64(value, &usec) >= 0 && info->created_usec < usec;
}

static bool match_since(const ContainerInfo *info, const char *value) {
        uint64_t usec;

        return parse_u64(value, &usec) >= 0 && info->created_usec > usec;
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
        { "label!", true, match_no_label },
        { "exited", false, match_exited },
        { "restart-policy", false, match_restart_policy },
        { "health", false, match_health },
        { "until", true, match_until },
        { "before", true, match_before },
        { "since", true, match_since },
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

static bool is_number(const char *s) {
        int64_t n;

        return parse_i64(s, &n) >= 0;
}

static bool is_policy(const char *s) {
        RestartPolicy policy;

        return restart_policy_parse(s, &policy) >= 0;
}

static bool is_health(const char *s) {
        return streq(s, "starting") || streq(s, "healthy") || streq(s, "unhealthy") || streq(s, "none");
}

static bool is_time(const char *s) {
        uint64_t usec;

        return timespec_parse(s, clock_now_realtime_usec(), &usec) >= 0;
}

static bool is_expression(const char *s) {
        regex_t expression;

        if (regcomp(&expression, s, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        regfree(&expression);
        return true;
}

/* Keys that do not take any value. */
static const struct {
        const char *key;
        bool (*is_valid)(const char *value);
        const char *hint;
} value_checks[] = {
        { "status", status_exists,
          "created, running, paused, restarting, stopped (exited), removing or dead" },
        { "exited", is_number, "an exit status" },
        { "name", is_expression, "a part of a name, or a regular expression" },
        { "restart-policy", is_policy, "no, on-failure, always or unless-stopped" },
        { "health", is_health, "starting, healthy, unhealthy or none" },
        { "until", is_time, "a time, such as 10m or 2026-01-02" },
};

int filter_check(char *const *filters, Failure *f) {
        STRV_FOREACH(i, filters) {
                bool known = false;

                for (size_t k = 0; k < ELEMENTSOF(filter_keys); k++)
                        known |= value_of(*i, filter_keys[k].key) != NULL;
                if (!known)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "filter '%s': must be id=, name=, status=, exited=, label=, "
                                           "label!=, ancestor=, restart-policy=, health=, before=, since= "
                                           "or until=",
                                           *i);
                for (size_t k = 0; k < ELEMENTSOF(value_checks); k++) {
                        const char *value = value_of(*i, value_checks[k].key);

                        if (value && !value_checks[k].is_valid(value))
                                return failure_set(f, FAILURE_INVALID_ARGUMENT, "filter '%s': must be %s",
                                                   *i, value_checks[k].hint);
                }
        }
        return 0;
}

static int find_created(const ObjectList *l, const char *name, uint64_t *ret, Failure *f) {
        for (size_t i = 0; i < l->n_containers; i++)
                if (streq(l->containers[i]->name, name) ||
                    (*name && startswith(l->containers[i]->id, name))) {
                        *ret = l->containers[i]->created_usec;
                        return 0;
                }
        return failure_set(f, FAILURE_NO_SUCH_CONTAINER,
                           "%s: no such container; 'creelctl ps -a' lists them", name);
}

int filter_resolve(char **filters, const ObjectList *l, Failure *f) {
        for (char **i = filters; i && *i; i++) {
                const char *before = value_of(*i, "before"), *since = value_of(*i, "since");
                uint64_t usec = 0;
                char *s;
                int r;

                if (!before && !since)
                        continue;
                r = find_created(l, before ?: since, &usec, f);
                if (r >= 0)
                        r = string_format(&s, "%s=%" PRIu64, before ? "before" : "since", usec);
                if (r < 0)
                        return r;
                free(*i);
                *i = s;
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
