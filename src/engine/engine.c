/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/journal.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/apparmor.h"
#include "engine/cgroup.h"
#include "engine/compile.h"
#include "engine/container.h"
#include "engine/image.h"
#include "engine/restart.h"
#include "engine/supervisor.h"
#include "engine/transfer.h"
#include "engine/worker.h"
#include "engine/volume.h"
#include "security/seccomp-filter.h"
#include "store/layer.h"

#define PROGRAM_BYTES_MAX (64 * 1024 * 1024)
#define SECCOMP_PROFILE_BYTES_MAX (1024 * 1024)
/* Removing this many entries takes less time than starting a worker for it. */
#define REMOVE_INLINE_MAX 64

static int open_program(const char *directory, const char *name, int *ret_fd, Failure *f) {
        _cleanup_free_ char *path = NULL;
        int fd, r;

        r = path_join(directory, name, &path);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno,
                                         "cannot open %s; is creel installed completely?", path);
        *ret_fd = fd;
        return 0;
}

/* A copy that has no name and cannot be written: a container that gets hold of its supervisor's
 * /proc/self/exe holds this. */
static int seal_program(int fd, const char *name, int *ret_fd) {
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r;

        r = fd_read_file(fd, PROGRAM_BYTES_MAX, &data, &size);
        return r < 0 ? r : fd_new_sealed(name, data, size, ret_fd);
}

static int open_programs(Engine *e, const char *directory, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = open_program(directory, "creel-supervise", &fd, f);
        if (r >= 0)
                r = seal_program(fd, "creel-supervise", &e->supervise_fd);
        if (r >= 0)
                r = open_program(directory, "creel-pull", &e->pull_fd, f);
        if (r >= 0)
                r = open_program(directory, "creel-unpack", &e->unpack_fd, f);
        return r;
}

static int open_seccomp(Engine *e, const EngineParameters *p, Failure *f) {
        _cleanup_close_ int cache_fd = -EBADF;
        int r;

        r = file_read(AT_FDCWD, p->seccomp_path, SECCOMP_PROFILE_BYTES_MAX, &e->seccomp_profile, NULL);
        if (r < 0)
                return failure_set_errno(f, FAILURE_CONFIGURATION, r, "cannot read the seccomp profile %s",
                                         p->seccomp_path);
        r = path_mkdir_parents(AT_FDCWD, p->cache_path, 0700);
        if (r >= 0) {
                cache_fd = open(p->cache_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                r = cache_fd < 0 ? negative_errno() : 0;
        }
        if (r >= 0 && mkdirat(cache_fd, "seccomp", 0700) < 0 && errno != EEXIST)
                r = negative_errno();
        if (r >= 0) {
                e->seccomp_cache_fd =
                                openat(cache_fd, "seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = e->seccomp_cache_fd < 0 ? negative_errno() : 0;
        }
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot open the cache %s", p->cache_path)
                     : 0;
}

static int load_reserved_ids(Engine *e) {
        _cleanup_close_ int fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? negative_errno() : idreserved_load(fd, &e->ids_reserved);
}

static int note_damage(Engine *e, const char *format, const char *name) {
        char *path;
        int r;

        r = string_format(&path, format, name);
        return r < 0 ? r : strv_consume(&e->damaged, path);
}

static int load_image(Store *s, const char *name, void *userdata) {
        ImageRecord *record = NULL;
        Engine *e = userdata;
        Image *image;
        int r;

        r = image_load(s, name, &record);
        if (r < 0) {
                log_warning_errno(r, "The image record %s is damaged, ignoring; pull the image again: %m",
                                  name);
                return note_damage(e, "images/%s", name);
        }
        r = image_adopt(e, record, &image);
        if (r < 0)
                (void) image_record_free(record);
        return r;
}

static int load_ref(Store *s, const char *name, void *userdata) {
        Engine *e = userdata;
        Ref *ref = NULL;
        int r;

        r = ref_load(s, name, &ref);
        if (r >= 0) {
                r = image_adopt_ref(e, ref);
                if (r < 0)
                        (void) ref_free(ref);
        }
        if (r < 0 && r != -ENOMEM)
                log_warning_errno(r,
                                  "The reference %s is damaged or its image gone, ignoring; pull the image "
                                  "again: %m",
                                  name);
        return r == -ENOMEM ? r : 0;
}

static int load_container(Engine *e, int dirfd, const char *id) {
        ContainerRecord *record = NULL;
        Container *c;
        int r;

        if (hashmap_get(e->containers, id))
                return 0;
        r = container_record_load(dirfd, id, &record);
        if (r == -ENOENT)
                return 0; /* what belongs to no record is removed when all are known */
        if (r >= 0)
                r = container_adopt(e, record, &c);
        if (r >= 0 || r == -ENOMEM)
                return r;
        log_warning_errno(r, "The record of container %.12s is damaged; its files stay in containers/%s: %m",
                          id, id);
        return note_damage(e, "containers/%s/container.json", id);
}

static int load_durable(Store *s, const char *name, void *userdata) {
        return load_container(userdata, s->containers_fd, name);
}

static int load_ephemeral(Store *s, const char *name, void *userdata) {
        return load_container(userdata, s->runtime_containers_fd, name);
}

static int load_volume(Store *s, const char *name, void *userdata) {
        VolumeRecord *record = NULL;
        Engine *e = userdata;
        Volume *v;
        int r;

        r = volume_load(s, name, &record);
        if (r >= 0)
                r = volume_adopt(e, record, &v);
        if (r < 0 && r != -ENOMEM)
                log_warning_errno(r, "The record of volume %s is damaged; its files stay in volumes/%s: %m",
                                  name, name);
        return r == -ENOMEM ? r : 0;
}

static int engine_load(Engine *e) {
        Store *s = e->store;
        int r;

        r = store_for_each(s, s->images_fd, load_image, e);
        if (r >= 0)
                r = store_for_each(s, s->refs_fd, load_ref, e);
        if (r >= 0)
                r = store_for_each(s, s->volumes_fd, load_volume, e);
        if (r >= 0)
                r = store_for_each(s, s->runtime_containers_fd, load_ephemeral, e);
        if (r >= 0)
                r = store_for_each(s, s->containers_fd, load_durable, e);
        return r;
}

/* The filter of a container without wishes, so that the first start of one does not wait for the compiler.
 */
static void warm_seccomp_cache(Engine *e) {
        static const ContainerSpec plain = {};
        _cleanup_failure_ Failure f = {};
        _cleanup_close_ int fd = -EBADF;
        SeccompSource source = { .json = e->seccomp_profile, .n_bytes = strlen(e->seccomp_profile) };

        if (container_capabilities(&plain, false, &source.capabilities, &f) < 0 ||
            seccomp_filter_get(e->seccomp_cache_fd, &source, &fd, &f) < 0)
                log_warning("%s", strempty(f.text));
}

int engine_new(const EngineParameters *p, Engine **ret, Failure *f) {
        _cleanup_(engine_freep) Engine *e = new(Engine, 1);
        int r;

        if (!e)
                return -ENOMEM;
        *e = (Engine){ .supervise_fd = -EBADF,
                       .own_cgroup_fd = -EBADF,
                       .pull_fd = -EBADF,
                       .unpack_fd = -EBADF,
                       .seccomp_cache_fd = -EBADF,
                       .journal_fd = -EBADF };
        e->event = sd_event_ref(p->event);
        e->containers = hashmap_new();
        e->containers_by_name = hashmap_new();
        e->images = hashmap_new();
        e->refs = hashmap_new();
        e->volumes = hashmap_new();
        if (!e->containers || !e->containers_by_name || !e->images || !e->refs || !e->volumes)
                return -ENOMEM;

        r = store_open(p->store_path, p->runtime_path, &e->store, f);
        if (r >= 0)
                r = open_programs(e, p->program_path, f);
        if (r >= 0)
                r = open_seccomp(e, p, f);
        if (r < 0)
                return r;
        r = journal_open(&e->journal_fd);
        if (r >= 0)
                r = load_reserved_ids(e);
        if (r < 0)
                return r;
        r = systemd_new(e->event, &e->systemd);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r,
                                         "cannot connect to systemd; creeld needs it as PID 1");
        engine_begin_apparmor(e);
        warm_seccomp_cache(e);
        r = engine_load(e);
        if (r < 0)
                return failure_set_errno(f, FAILURE_STORAGE, r, "cannot read the store %s", p->store_path);
        *ret = TAKE_PTR(e);
        return 0;
}

Engine *engine_free(Engine *e) {
        Container *c;
        EngineRef *ref;
        Image *i;
        Volume *v;

        if (!e)
                return NULL;
        e->observer = NULL;
        e->limits_keeper = sd_event_source_disable_unref(e->limits_keeper);
        LIST_FOREACH(transfers, t, e->transfers)
                (void) transfer_free(t);
        if (e->containers)
                HASHMAP_FOREACH(c, e->containers)
                        (void) container_free(c);
        if (e->refs)
                HASHMAP_FOREACH(ref, e->refs)
                        (void) engine_ref_free(ref);
        if (e->images)
                HASHMAP_FOREACH(i, e->images)
                        (void) image_free(i);
        if (e->volumes)
                HASHMAP_FOREACH(v, e->volumes)
                        (void) volume_free(v);
        (void) hashmap_free(e->containers);
        (void) hashmap_free(e->containers_by_name);
        (void) hashmap_free(e->images);
        (void) hashmap_free(e->refs);
        (void) hashmap_free(e->volumes);
        (void) systemd_free(e->systemd);
        (void) store_close(e->store);
        (void) fd_close(e->supervise_fd);
        (void) fd_close(e->own_cgroup_fd);
        (void) fd_close(e->pull_fd);
        (void) fd_close(e->unpack_fd);
        (void) fd_close(e->seccomp_cache_fd);
        (void) fd_close(e->journal_fd);
        (void) sd_event_unref(e->event);
        free(e->seccomp_profile);
        (void) strv_free(e->damaged);
        (void) idreserved_free(e->ids_reserved);
        return mfree(e);
}

/* A container that was running when creeld was last seen. */
static void reattach(Container *c) {
        ExitRecord e;
        int r;

        r = exit_record_load(c->engine->store, c->record->id, &e);
        if (r >= 0) {
                container_on_exited(c, &e);
                return;
        }
        r = supervisor_reattach(c, &c->supervisor);
        if (r >= 0)
                return;
        log_debug_errno(r, "Container %s has no supervisor any more: %m", c->record->name);
        /* What it may have left running goes with the scope; after a reboot there is none. */
        (void) scope_kill(c->engine->systemd, c->unit, SIGKILL, NULL, NULL, NULL);
        (void) string_set(&c->record->error, "the supervisor process died, or the host went down");
        e = (ExitRecord){ .status = 128 + SIGKILL,
                          .signal = SIGKILL,
                          .finished_usec = clock_now_realtime_usec() };
        container_on_exited(c, &e);
}

/* A start that ended with an earlier creeld may have left a scope that was never populated: systemd keeps
 * it. */
static void drop_empty_scope(const Container *c) {
        const char *slice = c->record->spec->cgroup_parent ?: "machine.slice";

        if (cgroup_unit_is_empty(slice, c->unit) > 0)
                (void) scope_stop(c->engine->systemd, c->unit, NULL, NULL, NULL);
}

static void reconcile_container(Container *c) {
        if (container_is_running(c)) {
                reattach(c);
                return;
        }
        /* creeld may have gone in the middle of the next attempt. */
        if (c->state == CONTAINER_RESTARTING && supervisor_reattach(c, &c->supervisor) >= 0)
                return;
        drop_empty_scope(c);
        if (c->state == CONTAINER_RESTARTING) {
                restart_resume(c);
                return;
        }
        /* Created for one run that did not come about, or in the middle of its removal. */
        if (c->state == CONTAINER_REMOVING || container_is_ephemeral(c)) {
                (void) scope_kill(c->engine->systemd, c->unit, SIGKILL, NULL, NULL, NULL);
                container_finish_removal(c);
        }
}

/* Still there, and not made good by another pull. */
static bool damage_stands(Engine *e, const char *path) {
        _cleanup_free_ char *hex = NULL;
        const char *name = startswith(path, "images/");

        if (faccessat(e->store->root_fd, path, F_OK, 0) < 0)
                return false;
        hex = name ? strndup(name, strcspn(name, ".")) : NULL;
        return !hex || !hashmap_get(e->images, hex);
}

static bool any_damage_stands(Engine *e) {
        STRV_FOREACH(i, e->damaged)
                if (damage_stands(e, *i))
                        return true;
        return false;
}

static bool container_is_damaged(Engine *e, const char *id) {
        _cleanup_free_ char *path = NULL;

        return string_format(&path, "containers/%s/container.json", id) < 0 ||
               strv_contains(e->damaged, path);
}

/* Directories of containers that no record speaks of: a create or a removal that was cut short. */
static int discard_orphan(Store *s, const char *name, void *userdata) {
        Engine *e = userdata;
        _cleanup_free_ char *tree = NULL;

        if (container_is_damaged(e, name))
                return 0;
        if (!hashmap_get(e->containers, name) && store_discard(s, s->containers_fd, name, &tree) >= 0)
                engine_remove_staged(e, tree);
        return 0;
}

static int remove_runtime_orphan(Store *s, const char *name, void *userdata) {
        Engine *e = userdata;

        if (!hashmap_get(e->containers, name))
                (void) path_remove_tree(s->runtime_containers_fd, name, 4096);
        return 0;
}

/* True for the first creeld of this boot: the runtime directory does not outlive it. */
static bool mark_boot(Engine *e) {
        _cleanup_close_ int fd = openat(e->store->runtime_fd, "booted",
                                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        return fd >= 0;
}

int engine_reconcile(Engine *e) {
        _cleanup_free_ char *leftover = NULL;
        Container *c;
        int r;

        e->first_of_boot = mark_boot(e);
        r = store_sweep_staging(e->store, &leftover);
        if (r > 0)
                engine_remove_staged(e, leftover);
        HASHMAP_FOREACH(c, e->containers)
                reconcile_container(c);
        while (r >= 0 && e->n_reattaching > 0)
                r = sd_event_run(e->event, UINT64_MAX);
        if (r >= 0)
                r = store_for_each(e->store, e->store->containers_fd, discard_orphan, e);
        if (r >= 0)
                r = store_for_each(e->store, e->store->runtime_containers_fd, remove_runtime_orphan, e);
        if (r < 0)
                return r;
        engine_collect(e);
        restart_start_wanted(e);
        return 0;
}

typedef struct Removal {
        Engine *engine;
        char *name;
        Worker *worker;
} Removal;

static void on_remove_message(Worker *w, Message *m, void *userdata) {
        Removal *removal = userdata;
        _cleanup_failure_ Failure f = {};

        if (!m || message_type(m) != MESSAGE_REMOVE_DONE) {
                (void) worker_failure(m, "removing files", &f);
                log_warning("%s; the next start of creeld tries again", strempty(f.text));
        } else if (unlinkat(removal->engine->store->staging_fd, removal->name, AT_REMOVEDIR) < 0)
                log_warning_errno(errno, "Cannot remove staging/%s, ignoring: %m", removal->name);
        (void) worker_free(w);
        free(removal->name);
        free(removal);
}

static int remove_by_worker(Engine *e, const char *name) {
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_close_ int fd = -EBADF;
        Removal *removal;
        int r;

        fd = openat(e->store->staging_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = message_new(MESSAGE_REMOVE_START, &m);
        if (r >= 0)
                r = message_put_fd(m, FIELD_DIRECTORY, fd);
        if (r < 0)
                return r;
        removal = new0(Removal, 1);
        if (!removal)
                return -ENOMEM;
        removal->engine = e;
        removal->name = strdup(name);
        r = removal->name ? worker_start(e, e->unpack_fd, "creel-unpack", on_remove_message, removal,
                                         &removal->worker)
                          : -ENOMEM;
        if (r >= 0)
                r = worker_send(removal->worker, m);
        if (r < 0) {
                (void) worker_free(removal->worker);
                free(removal->name);
                free(removal);
        }
        return r;
}

void engine_remove_staged(Engine *e, const char *name) {
        int r;

        r = path_remove_tree(e->store->staging_fd, name, REMOVE_INLINE_MAX);
        if (r < 0 && r != -ENOENT)
                r = remove_by_worker(e, name);
        if (r < 0 && r != -ENOENT)
                log_warning_errno(r, "Cannot remove staging/%s, the next start of creeld tries again: %m",
                                  name);
}

/* What must stay: by layer and by blob. The keys live in the objects. */
static int mark_needed(Engine *e, Hashmap *layers, Hashmap *blobs) {
        static char needed;
        Container *c;
        Image *i;
        int r = 0;

        HASHMAP_FOREACH(i, e->images) {
                for (size_t k = 0; k < i->record->n_layers && (r >= 0 || r == -EEXIST); k++)
                        r = hashmap_put(layers, digest_hex(&i->record->layers[k].diff_id), &needed);
                for (size_t k = 0; k < i->record->n_blobs && (r >= 0 || r == -EEXIST); k++)
                        r = hashmap_put(blobs, digest_hex(&i->record->blobs[k]), &needed);
        }
        HASHMAP_FOREACH(c, e->containers)
                STRV_FOREACH(l, c->record->layers)
                        if (r >= 0 || r == -EEXIST)
                                r = hashmap_put(layers, *l, &needed);
        LIST_FOREACH(transfers, t, e->transfers) {
                for (size_t k = 0; k < t->n_layers && (r >= 0 || r == -EEXIST); k++)
                        r = hashmap_put(layers, digest_hex(&t->layers[k].diff_id), &needed);
                for (size_t k = 0; t->record && k < t->record->n_blobs && (r >= 0 || r == -EEXIST); k++)
                        r = hashmap_put(blobs, digest_hex(&t->record->blobs[k]), &needed);
        }
        return r == -EEXIST ? 0 : r;
}

typedef struct Collection {
        Engine *engine;
        Hashmap *needed;
} Collection;

static int collect_layer(Store *s, const char *name, void *userdata) {
        Collection *collection = userdata;
        _cleanup_free_ char *tree = NULL;

        if (hashmap_get(collection->needed, name))
                return 0;
        if (store_discard(s, s->layers_fd, name, &tree) >= 0)
                engine_remove_staged(collection->engine, tree);
        return 0;
}

static int collect_blob(Store *s, const char *name, void *userdata) {
        Collection *collection = userdata;

        if (!hashmap_get(collection->needed, name))
                (void) unlinkat(s->blobs_fd, name, 0);
        return 0;
}

void engine_collect(Engine *e) {
        _cleanup_(hashmap_freep) Hashmap *layers = NULL, *blobs = NULL;
        int r;

        if (any_damage_stands(e))
                return;
        layers = hashmap_new();
        blobs = hashmap_new();
        r = layers && blobs ? mark_needed(e, layers, blobs) : -ENOMEM;
        if (r >= 0)
                r = store_for_each(e->store, e->store->layers_fd, collect_layer, &(Collection){ e, layers });
        if (r >= 0)
                r = store_for_each(e->store, e->store->blobs_fd, collect_blob, &(Collection) { e, blobs });
        if (r < 0)
                log_warning_errno(r, "Cannot look for layers that nobody needs, ignoring: %m");
}
