/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/image.h"
#include "engine/mount-plan.h"
#include "engine/volume.h"

Volume *volume_free(Volume *v) {
        if (!v)
                return NULL;
        (void) volume_record_free(v->record);
        return mfree(v);
}

int volume_adopt(Engine *e, VolumeRecord *record, Volume **ret) {
        Volume *v = new0(Volume, 1);
        int r;

        if (!v) {
                (void) volume_record_free(record);
                return -ENOMEM;
        }
        *v = (Volume){ .engine = e, .record = record };
        r = hashmap_put(e->volumes, record->name, v);
        if (r < 0) {
                (void) volume_free(v);
                return r;
        }
        *ret = v;
        return 0;
}

static int make(Engine *e, const char *name, char *const *labels, const char *container, bool sync,
                Volume **ret, Failure *f) {
        VolumeRecord *record;
        int r;

        if (hashmap_size(e->volumes) >= ENGINE_VOLUMES_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "there are %u volumes already; remove some first", ENGINE_VOLUMES_MAX);
        record = new0(VolumeRecord, 1);
        if (!record)
                return -ENOMEM;
        record->created_usec = clock_now_realtime_usec();
        record->anonymous = container;
        r = string_set(&record->name, name);
        if (r >= 0)
                r = string_set(&record->driver, "local");
        if (r >= 0)
                r = string_set(&record->container, container);
        if (r >= 0)
                r = strv_copy(labels, &record->labels);
        if (r >= 0)
                r = volume_commit(e->store, record, sync);
        if (r < 0) {
                (void) volume_record_free(record);
                return failure_set_errno(f, FAILURE_STORAGE, r, "cannot create the volume %s", name);
        }
        r = volume_adopt(e, record, ret);
        if (r >= 0)
                engine_event(e, "volume", "create", name, NULL);
        return r;
}

int volume_create(Engine *e, const char *name, char *const *labels, Volume **ret, Failure *f) {
        char id[DIGEST_HEX_LENGTH + 1];
        int r;

        if (!name) {
                r = id_generate(id);
                if (r < 0)
                        return r;
                name = id;
        }
        if (!volume_name_is_valid(name))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' is not a name for a volume: a letter or digit, then those, '_', "
                                   "'.' and '-'",
                                   name);
        if (hashmap_get(e->volumes, name))
                return failure_set(f, FAILURE_NAME_IN_USE,
                                   "the volume %s exists already; use it, or choose another name", name);
        return make(e, name, labels, NULL, true, ret, f);
}

int volume_find(Engine *e, const char *name, Volume **ret, Failure *f) {
        Volume *v, *found = hashmap_get(e->volumes, name);
        size_t n = strlen(name);

        if (!found && n > 0)
                HASHMAP_FOREACH(v, e->volumes) {
                        if (strncmp(v->record->name, name, n) != 0)
                                continue;
                        if (found)
                                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                   "%s: several volumes have a name that starts so; give "
                                                   "more of it",
                                                   name);
                        found = v;
                }
        if (!found)
                return failure_set(f, FAILURE_NO_SUCH_VOLUME,
                                   "%s: no such volume; 'creelctl volume ls' lists them", name);
        *ret = found;
        return 0;
}

int volume_path(const Volume *v, char **ret) {
        return string_format(ret, "%s/volumes/%s/data", v->engine->store->path, v->record->name);
}

static int plan_of(Container *c, bool borrowed, MountPlan *ret, Failure *f) {
        const Image *image = hashmap_get(c->engine->images, digest_hex(&c->record->image_id));

        return mount_plan_make(&(const CompileInput){ .engine = borrowed ? c->engine : NULL,
                                                      .record = c->record,
                                                      .config = image ? image->record->config : NULL },
                               ret, f);
}

static bool plan_uses(const MountPlan *p, const char *name) {
        for (size_t i = 0; i < p->n_requests; i++)
                if ((p->requests[i].kind == MOUNT_KIND_VOLUME ||
                     p->requests[i].kind == MOUNT_KIND_OVERLAY) &&
                    streq_ptr(p->requests[i].source, name))
                        return true;
        return false;
}

static bool is_used_by(const Volume *v, Container *c) {
        _cleanup_(mount_plan_done) MountPlan p = {};

        if (streq_ptr(v->record->container, c->record->id))
                return true;
        /* Who lends it mounts may be gone. */
        if (plan_of(c, true, &p, NULL) < 0 && plan_of(c, false, &p, NULL) < 0)
                return false;
        return plan_uses(&p, v->record->name);
}

int volume_users(const Volume *v, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        Container *c;
        int r = 0;

        HASHMAP_FOREACH(c, v->engine->containers)
                if (r >= 0 && is_used_by(v, c))
                        r = strv_extend(&l, c->record->name);
        if (r >= 0)
                *ret = TAKE_PTR(l);
        return r;
}

/* Out of sight first; the files go in the background. */
static int unlink_files(Volume *v) {
        Engine *e = v->engine;
        _cleanup_free_ char *tree = NULL;
        int r;

        r = store_discard(e->store, e->store->volumes_fd, v->record->name, &tree);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0)
                engine_remove_staged(e, tree);
        engine_event(e, "volume", "remove", v->record->name, NULL);
        (void) hashmap_remove(e->volumes, v->record->name);
        (void) volume_free(v);
        return 0;
}

int volume_remove(Volume *v, Failure *f) {
        _cleanup_strv_free_ char **users = NULL;
        _cleanup_free_ char *names = NULL;
        int r;

        r = volume_users(v, &users);
        if (r >= 0 && users)
                r = strv_join(users, ", ", &names);
        if (r < 0)
                return r;
        if (users)
                return failure_set(f, FAILURE_BUSY, "the volume %s is in use by %s; remove that first",
                                   v->record->name, names);
        r = unlink_files(v);
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot remove the volume %s",
                                         v->record->name)
                     : 0;
}

int volume_prepare(Container *c, Failure *f) {
        _cleanup_(mount_plan_done) MountPlan p = {};
        int r;

        r = plan_of(c, true, &p, f);
        for (size_t i = 0; i < p.n_requests && r >= 0; i++) {
                const MountRequest *m = p.requests + i;
                char own[DIGEST_HEX_LENGTH + 1];
                bool anonymous;
                Volume *v;

                if ((m->kind != MOUNT_KIND_VOLUME && m->kind != MOUNT_KIND_OVERLAY) || !m->source ||
                    hashmap_get(c->engine->volumes, m->source))
                        continue;
                mount_plan_anonymous_name(c->record->id, m->destination, own);
                anonymous = streq(own, m->source);
                r = make(c->engine, m->source, NULL, anonymous ? c->record->id : NULL, !anonymous, &v, f);
        }
        return r;
}

static bool is_used_by_others(const Volume *v, const Container *except) {
        Container *c;

        HASHMAP_FOREACH(c, v->engine->containers)
                if (c != except && is_used_by(v, c))
                        return true;
        return false;
}

void volume_remove_anonymous(Container *c) {
        Engine *e = c->engine;
        Volume *v;

        for (bool again = hashmap_size(e->volumes) > 0; again;) {
                again = false;
                HASHMAP_FOREACH(v, e->volumes)
                        if (streq_ptr(v->record->container, c->record->id) && !is_used_by_others(v, c)) {
                                int r = unlink_files(v);

                                if (r < 0)
                                        log_warning_errno(r,
                                                          "Cannot remove a volume of container %s, "
                                                          "ignoring: %m",
                                                          c->record->name);
                                again = r >= 0;
                                break;
                        }
        }
}
