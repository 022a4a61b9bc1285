/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "engine/container.h"

/* The keys of the table live in the records. */
static int rekey(Container *c, const char *name) {
        Hashmap *by_name = c->engine->containers_by_name;
        ContainerSpec *spec = c->record->spec;
        char *old = c->record->name;
        _cleanup_free_ char *copy = strdup(name);
        int r;

        if (!copy)
                return -ENOMEM;
        r = hashmap_put(by_name, copy, c);
        if (r < 0)
                return r;
        (void) hashmap_remove(by_name, old);
        free(old);
        c->record->name = TAKE_PTR(copy);
        container_spec_mark(spec, container_spec_find("name"));
        return string_set(&spec->name, name);
}

int container_rename(Container *c, const char *name, Failure *f) {
        const EngineObserver *o = c->engine->observer;
        Container *holder = hashmap_get(c->engine->containers_by_name, name);
        bool shown = container_is_running(c);
        _cleanup_free_ char *old = strdup(c->record->name);
        int r;

        if (!container_name_is_valid(name))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: not a name; it must start with a letter or digit and hold only "
                                   "letters, digits, '_', '.' and '-', at most 64 of them",
                                   name);
        if (holder == c)
                return failure_set(f, FAILURE_NAME_IN_USE, "%s: the container has this name already", name);
        if (holder)
                return failure_set(f, FAILURE_NAME_IN_USE,
                                   "the name %s is in use by container %.12s; remove that or choose another "
                                   "name",
                                   name, holder->record->id);
        if (c->state == CONTAINER_REMOVING)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "%s: the container is removing, which does not allow 'rename'",
                                   c->record->name);

        r = rekey(c, name);
        /* systemd-machined knows it by its name. */
        if (r >= 0 && o && shown && old)
                o->container_renamed(c, old, c->engine->observer_data);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot rename container %s",
                                         c->record->name);
        if (!shown && !c->supervisor)
                (void) container_choose_unit(c);
        r = container_save(c);
        container_event(c, "rename", NULL, 0);
        container_changed(c);
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot record the name of container %s",
                                         c->record->name)
                     : 0;
}

static bool unit_is_taken(const Container *c, const char *unit) {
        Container *other;

        HASHMAP_FOREACH(other, c->engine->containers)
                if (other != c && (container_is_running(other) || other->supervisor) &&
                    streq(other->unit, unit))
                        return true;
        return false;
}

int container_choose_unit(Container *c) {
        _cleanup_free_ char *unit = NULL, *longer = NULL;
        int r;

        r = scope_unit_name(c->record->name, &unit);
        if (r >= 0 && unit_is_taken(c, unit)) {
                unit = mfree(unit);
                r = string_format(&longer, "%s-%.12s", c->record->name, c->record->id);
                if (r >= 0)
                        r = scope_unit_name(longer, &unit);
        }
        if (r < 0)
                return r;
        free(c->unit);
        c->unit = TAKE_PTR(unit);
        return 0;
}
