/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/log.h"
#include "basic/str.h"
#include "engine/restart.h"

uint64_t restart_delay(uint64_t last_usec, uint64_t ran_usec) {
        if (last_usec == 0 || ran_usec >= RESTART_RESET_USEC)
                return RESTART_DELAY_MIN_USEC;
        return MIN(MAX(last_usec, RESTART_DELAY_MIN_USEC) * 2, RESTART_DELAY_MAX_USEC);
}

RestartPolicy restart_policy_of(const Container *c) {
        RestartPolicy policy = {};

        (void) restart_policy_parse(c->record->spec->restart_policy, &policy);
        return policy;
}

bool restart_is_due(const Container *c, const ExitRecord *exit) {
        RestartPolicy policy = restart_policy_of(c);

        if (c->record->stopped_by_user || exit->asked)
                return false;
        /* The end of the host is no failure of the container's. */
        if (c->engine->first_of_boot && policy.mode == RESTART_ON_FAILURE)
                return false;
        return restart_policy_applies(&policy, exit->status, c->record->n_restarts);
}

void restart_count(Container *c, uint64_t ran_usec) {
        c->record->n_restarts++;
        c->restart_delay_usec = restart_delay(c->restart_delay_usec, ran_usec);
}

static void enqueue_start(Container *c) {
        JobParameters p = JOB_PARAMETERS_DEFAULT;

        p.automatic = true;
        container_enqueue(c, JOB_START, &p, NULL, NULL);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Container *c = userdata;

        restart_disarm(c);
        enqueue_start(c);
        return 0;
}

void restart_schedule(Container *c) {
        int r;

        restart_disarm(c);
        r = sd_event_add_time_relative(c->engine->event, &c->restart_timer, CLOCK_MONOTONIC,
                                       c->restart_delay_usec, USEC_PER_MSEC, on_time, c);
        if (r < 0) {
                log_error_errno(r, "Cannot wait before container %s is started again, starting it now: %m",
                                c->record->name);
                enqueue_start(c);
        }
}

void restart_resume(Container *c) {
        c->restart_delay_usec = RESTART_DELAY_MIN_USEC;
        restart_schedule(c);
}

void restart_disarm(Container *c) {
        c->restart_timer = sd_event_source_disable_unref(c->restart_timer);
}

static bool is_wanted(const Container *c) {
        switch (restart_policy_of(c).mode) {
        case RESTART_ALWAYS:
                return true;
        case RESTART_UNLESS_STOPPED:
                return !c->record->stopped_by_user;
        case RESTART_NO:
        case RESTART_ON_FAILURE:
        case _RESTART_MODE_MAX:
        default:
                return false;
        }
}

void restart_start_wanted(Engine *e) {
        Container *c;

        if (!e->first_of_boot)
                return;
        e->first_of_boot = false;
        HASHMAP_FOREACH(c, e->containers)
                if (c->state == CONTAINER_STOPPED && is_wanted(c))
                        enqueue_start(c);
}
