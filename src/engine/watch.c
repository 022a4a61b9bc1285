/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Those who wait for a container to get somewhere. */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/table.h"
#include "engine/container.h"
#include "engine/health.h"

static const char *const container_condition_table[] = {
        [CONTAINER_CONDITION_STOPPED] = "stopped",     [CONTAINER_CONDITION_RUNNING] = "running",
        [CONTAINER_CONDITION_REMOVED] = "removed",     [CONTAINER_CONDITION_CREATED] = "created",
        [CONTAINER_CONDITION_PAUSED] = "paused",       [CONTAINER_CONDITION_RESTARTING] = "restarting",
        [CONTAINER_CONDITION_REMOVING] = "removing",   [CONTAINER_CONDITION_HEALTHY] = "healthy",
        [CONTAINER_CONDITION_UNHEALTHY] = "unhealthy", [CONTAINER_CONDITION_READY] = "ready",
};
DEFINE_STRING_TABLE(container_condition, ContainerCondition, _CONTAINER_CONDITION_MAX)

/* What podman and docker call some of them. */
static const struct {
        const char *word;
        ContainerCondition condition;
} aliases[] = {
        { "exited", CONTAINER_CONDITION_STOPPED },     { "not-running", CONTAINER_CONDITION_STOPPED },
        { "configured", CONTAINER_CONDITION_CREATED }, { "initialized", CONTAINER_CONDITION_CREATED },
        { "stopping", CONTAINER_CONDITION_STOPPED },
};

static int condition_parse(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(aliases); i++)
                if (streq(aliases[i].word, word))
                        return (int) aliases[i].condition;
        return container_condition_from_string(word);
}

int container_conditions_parse(const char *s, uint32_t *ret, Failure *f) {
        _cleanup_strv_free_ char **words = NULL;
        uint32_t conditions = 0;
        int r;

        r = strv_split(s, ",", &words);
        if (r < 0)
                return r;
        STRV_FOREACH(i, words) {
                r = condition_parse(*i);
                if (r < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "%s: not a condition; these are created, running, paused, "
                                           "restarting, stopped, removing, removed, healthy, unhealthy "
                                           "and ready",
                                           *i);
                conditions |= UINT32_C(1) << r;
        }
        if (conditions == 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "a condition is missing; say, for example, stopped");
        *ret = conditions;
        return 0;
}

/* What goes on by itself is not stopped. */
static bool is_stopped(const Container *c) {
        return !container_is_running(c) && c->state != CONTAINER_RESTARTING && !c->supervisor;
}

static bool condition_holds(const Container *c, ContainerCondition condition) {
        switch (condition) {
        case CONTAINER_CONDITION_STOPPED:
                return is_stopped(c);
        case CONTAINER_CONDITION_RUNNING:
                return c->state == CONTAINER_RUNNING;
        case CONTAINER_CONDITION_REMOVED:
                return c->removed;
        case CONTAINER_CONDITION_CREATED:
                return c->state == CONTAINER_CREATED;
        case CONTAINER_CONDITION_PAUSED:
                return c->state == CONTAINER_PAUSED;
        case CONTAINER_CONDITION_RESTARTING:
                return c->state == CONTAINER_RESTARTING;
        case CONTAINER_CONDITION_REMOVING:
                return c->state == CONTAINER_REMOVING;
        case CONTAINER_CONDITION_READY:
                return c->ready;
        case CONTAINER_CONDITION_HEALTHY:
                return health_status(c) == HEALTH_HEALTHY;
        case CONTAINER_CONDITION_UNHEALTHY:
                return health_status(c) == HEALTH_UNHEALTHY;
        case _CONTAINER_CONDITION_MAX:
        default:
                return false;
        }
}

static bool any_condition_holds(const Container *c, uint32_t conditions) {
        for (int i = 0; i < _CONTAINER_CONDITION_MAX; i++)
                if (conditions & (UINT32_C(1) << i) && condition_holds(c, (ContainerCondition) i))
                        return true;
        return false;
}

void container_run_watches(Container *c) {
        LIST_FOREACH(watches, w, c->watches) {
                bool holds = any_condition_holds(c, w->conditions);

                if (!holds && !c->removed)
                        continue;
                LIST_REMOVE(watches, c->watches, w);
                c->n_watches--;
                w->callback(c, holds, w->userdata);
                free(w);
        }
}

int container_watch(Container *c, uint32_t conditions, container_watch_t callback, void *userdata,
                    Failure *f) {
        ContainerWatch *w;

        if (any_condition_holds(c, conditions)) {
                callback(c, true, userdata);
                return 0;
        }
        if (c->n_watches >= CONTAINER_WATCHERS_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "%s: too many callers are waiting for this container", c->record->name);
        w = new0(ContainerWatch, 1);
        if (!w)
                return -ENOMEM;
        *w = (ContainerWatch){ .conditions = conditions, .callback = callback, .userdata = userdata };
        LIST_APPEND(watches, c->watches, w);
        c->n_watches++;
        return 0;
}
