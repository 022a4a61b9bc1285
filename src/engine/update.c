/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Other limits for a container, running or not. Nothing changes unless all of it can: the new specification
 * is compiled first, systemd checks all properties before it sets one, and the record comes last. */

#include "basic/memory.h"
#include "basic/str.h"
#include "engine/compile-part.h"
#include "engine/compile-unit.h"
#include "engine/health.h"
#include "engine/root.h"
#include "engine/update.h"

static bool updates(const ContainerSpec *update, const char *key) {
        return container_spec_has(update, key);
}

/* --cpus and --cpu-quota are two words for one limit: the later one holds. */
static int settle_cpu_limit(const ContainerSpec *base, const ContainerSpec *update, ContainerSpec *merged,
                            Failure *f) {
        if (updates(update, "cpu-period") && !updates(update, "cpu-quota") && base->cpus > 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option --cpu-period: this container's limit was given with --cpus; give "
                                   "--cpu-quota, too");
        if (updates(update, "cpus") && !updates(update, "cpu-quota") && !updates(update, "cpu-period")) {
                container_spec_unset(merged, "cpu-quota");
                container_spec_unset(merged, "cpu-period");
        } else if (updates(update, "cpu-quota") && !updates(update, "cpus"))
                container_spec_unset(merged, "cpus");
        return 0;
}

/* A check and its absence exclude each other: the later wish holds. */
static void settle_health(const ContainerSpec *update, ContainerSpec *merged) {
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const char *key = container_spec_fields[i].key;

                if (!startswith(key, "health-"))
                        continue;
                if (updates(update, "no-healthcheck"))
                        container_spec_unset(merged, key);
                else if (updates(update, key))
                        container_spec_unset(merged, "no-healthcheck");
        }
}

static int merge(const ContainerSpec *base, const ContainerSpec *update, ContainerSpec **ret, Failure *f) {
        _cleanup_(container_spec_freep) ContainerSpec *merged = NULL;
        int r;

        r = container_spec_merge(base, update, &merged);
        if (r >= 0)
                r = settle_cpu_limit(base, update, merged, f);
        if (r >= 0)
                settle_health(update, merged);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(merged);
        return 0;
}

int update_compile(const ContainerSpec *base, const ContainerSpec *update, ContainerSpec **ret_spec,
                   UnitProperties *ret_changed, Failure *f) {
        _cleanup_(unit_properties_done) UnitProperties old = {}, new = {}, changed = {};
        _cleanup_(container_spec_freep) ContainerSpec *merged = NULL;
        int r;

        r = merge(base, update, &merged, f);
        if (r >= 0)
                r = compile_unit(merged, &new, f);
        if (r < 0)
                return r;
        /* What cannot be compiled any more, since a disk is gone, is set anew as a whole. */
        if (compile_unit(base, &old, NULL) < 0)
                old = (UnitProperties){};
        r = unit_properties_difference(&old, &new, &changed);
        if (r >= 0 && unit_properties_find(&old, "CPUQuotaPeriodUSec") &&
            !unit_properties_find(&new, "CPUQuotaPeriodUSec"))
                r = unit_properties_add_number(&changed, "CPUQuotaPeriodUSec", UINT64_MAX);
        if (r < 0)
                return r;
        *ret_spec = TAKE_PTR(merged);
        *ret_changed = changed;
        changed = (UnitProperties){};
        return 0;
}

static void update_done(Container *c, ContainerSpec *spec) {
        ContainerSpec *old = c->record->spec;

        c->record->spec = spec;
        health_update(c, old);
        (void) container_spec_free(old);
        (void) container_save(c);
        container_event(c, "update", NULL, 0);
        if (c->engine->observer)
                c->engine->observer->container_changed(c, c->engine->observer_data);
        container_job_done(c, NULL);
}

static void on_properties(int error, const char *text, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Container *c = userdata;
        Job *j = c->jobs;

        c->scope_job = scope_job_free(c->scope_job);
        /* One that has just ended has nothing left to set: the next start does. */
        if (error < 0 && container_is_running(c)) {
                (void) failure_set(&f, FAILURE_SYSTEM, "%s: %s", c->record->name, text);
                container_job_done(c, &f);
                return;
        }
        update_done(c, TAKE_PTR(j->parameters.update));
}

void container_begin_update(Container *c, Job *j) {
        _cleanup_(unit_properties_done) UnitProperties changed = {};
        _cleanup_(container_spec_freep) ContainerSpec *merged = NULL;
        _cleanup_failure_ Failure f = {};
        int r;

        r = update_compile(c->record->spec, j->parameters.update, &merged, &changed, &f);
        if (r >= 0)
                r = compile_life_check(merged, container_image_config(c), &f);
        if (r >= 0 && (changed.n == 0 || !container_is_running(c))) {
                update_done(c, TAKE_PTR(merged));
                return;
        }
        if (r >= 0) {
                (void) container_spec_free(j->parameters.update);
                j->parameters.update = TAKE_PTR(merged);
                r = scope_update(c->engine->systemd, c->unit, &changed, on_properties, c, &c->scope_job);
        }
        if (r >= 0)
                return;
        if (!f.text)
                (void) failure_set_errno(&f, FAILURE_SYSTEM, r, "cannot update container %s",
                                         c->record->name);
        container_job_done(c, &f);
}
