/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/table.h"
#include "engine/cgroup.h"
#include "engine/container.h"
#include "engine/exec.h"
#include "engine/health.h"
#include "engine/image.h"
#include "engine/mount-plan.h"
#include "engine/limit-watch.h"
#include "engine/root.h"
#include "engine/restart.h"
#include "engine/supervisor.h"
#include "engine/system.h"
#include "engine/update.h"
#include "engine/userns.h"
#include "engine/volume.h"

static const char *const container_state_table[] = {
        [CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running",
        [CONTAINER_PAUSED] = "paused",   [CONTAINER_RESTARTING] = "restarting",
        [CONTAINER_STOPPED] = "stopped", [CONTAINER_REMOVING] = "removing",
        [CONTAINER_DEAD] = "dead",
};
DEFINE_STRING_TABLE(container_state, ContainerState, _CONTAINER_STATE_MAX)

static const char *const container_event_table[] = {
        [CONTAINER_EVENT_STARTED] = "started", [CONTAINER_EVENT_EXITED] = "exited",
        [CONTAINER_EVENT_REMOVE] = "remove",   [CONTAINER_EVENT_PAUSED] = "paused",
        [CONTAINER_EVENT_RESUMED] = "resumed", [CONTAINER_EVENT_RESTART] = "restart",
        [CONTAINER_EVENT_BROKEN] = "broken",
};
DEFINE_STRING_TABLE(container_event, ContainerEvent, _CONTAINER_EVENT_MAX)

/* What happens besides the change of state. */
typedef void (*move_handler_t)(Container *c);

static void on_move_running(Container *c) {
        c->record->started_usec = c->record->state_changed_usec;
        (void) string_set(&c->record->error, NULL);
}

static void on_move_exited(Container *c) {
        c->record->finished_usec = c->record->state_changed_usec;
}

static void on_move_paused(Container *c) {
        health_suspend(c);
}

static void on_move_resumed(Container *c) {
        health_resume(c);
}

static void on_move_plain(Container *c) {
        (void) c;
}

typedef struct Move {
        ContainerState next;
        move_handler_t handler; /* NULL: refused */
} Move;

static const Move moves[_CONTAINER_STATE_MAX][_CONTAINER_EVENT_MAX] = {
        [CONTAINER_CREATED] = {
                [CONTAINER_EVENT_STARTED] = { CONTAINER_RUNNING, on_move_running },
                [CONTAINER_EVENT_REMOVE] = { CONTAINER_REMOVING, on_move_plain },
        },
        [CONTAINER_RUNNING] = {
                [CONTAINER_EVENT_EXITED] = { CONTAINER_STOPPED, on_move_exited },
                [CONTAINER_EVENT_REMOVE] = { CONTAINER_REMOVING, on_move_plain },
                [CONTAINER_EVENT_PAUSED] = { CONTAINER_PAUSED, on_move_paused },
                [CONTAINER_EVENT_RESTART] = { CONTAINER_RESTARTING, on_move_exited },
        },
        [CONTAINER_PAUSED] = {
                [CONTAINER_EVENT_EXITED] = { CONTAINER_STOPPED, on_move_exited },
                [CONTAINER_EVENT_REMOVE] = { CONTAINER_REMOVING, on_move_plain },
                [CONTAINER_EVENT_RESUMED] = { CONTAINER_RUNNING, on_move_resumed },
                [CONTAINER_EVENT_RESTART] = { CONTAINER_RESTARTING, on_move_exited },
        },
        [CONTAINER_RESTARTING] = {
                [CONTAINER_EVENT_STARTED] = { CONTAINER_RUNNING, on_move_running },
                [CONTAINER_EVENT_EXITED] = { CONTAINER_STOPPED, on_move_plain },
                [CONTAINER_EVENT_REMOVE] = { CONTAINER_REMOVING, on_move_plain },
                [CONTAINER_EVENT_BROKEN] = { CONTAINER_DEAD, on_move_plain },
        },
        [CONTAINER_STOPPED] = {
                [CONTAINER_EVENT_STARTED] = { CONTAINER_RUNNING, on_move_running },
                [CONTAINER_EVENT_REMOVE] = { CONTAINER_REMOVING, on_move_plain },
                [CONTAINER_EVENT_BROKEN] = { CONTAINER_DEAD, on_move_plain },
        },
        [CONTAINER_DEAD] = {
                [CONTAINER_EVENT_REMOVE] = { CONTAINER_REMOVING, on_move_plain },
        },
};

int container_next_state(ContainerState state, ContainerEvent event) {
        const Move *move = &moves[state][event];

        return move->handler ? (int) move->next : -ESTALE;
}

bool container_is_running(const Container *c) {
        return c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED;
}

bool container_is_ephemeral(const Container *c) {
        return c->record->spec->remove || c->record->spec->remove_image;
}

int container_save(Container *c) {
        Store *s = c->engine->store;
        bool ephemeral = container_is_ephemeral(c);
        int r;

        /* Only the first record has to outlive a power cut: after one nothing runs, and the rest is found
         * out anew. */
        r = container_record_save(ephemeral ? s->runtime_containers_fd : s->containers_fd, c->record,
                                  !ephemeral && c->state == CONTAINER_CREATED && c->record->exit_code == -1);
        if (r < 0)
                return log_error_errno(r, "Cannot write the record of container %s: %m", c->record->name);
        return 0;
}

void container_changed(Container *c) {
        if (c->engine->observer)
                c->engine->observer->container_changed(c, c->engine->observer_data);
        container_run_watches(c);
}

int container_move(Container *c, ContainerEvent event, Failure *f) {
        const Move *move = &moves[c->state][event];
        ContainerState old = c->state;

        if (!move->handler)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "%s: the container is %s, which does not allow '%s'", c->record->name,
                                   container_state_to_string(c->state), container_event_to_string(event));

        c->state = move->next;
        c->record->state_changed_usec = clock_now_realtime_usec();
        (void) string_set(&c->record->state, container_state_to_string(c->state));
        move->handler(c);
        if (c->state != CONTAINER_REMOVING)
                (void) container_save(c);
        log_debug("Container %s (%.12s): %s -> %s.", c->record->name, c->record->id,
                  container_state_to_string(old), container_state_to_string(c->state));
        container_changed(c);
        return 0;
}

void container_event(const Container *c, const char *action, const char *key, int value) {
        _cleanup_strv_free_ char **l = NULL;
        char *name = NULL, *image = NULL, *extra = NULL;

        if (string_format(&name, "name=%s", c->record->name) < 0 || strv_consume(&l, name) < 0 ||
            string_format(&image, "image=%s", c->record->image) < 0 || strv_consume(&l, image) < 0)
                return;
        if (key && (string_format(&extra, "%s=%d", key, value) < 0 || strv_consume(&l, extra) < 0))
                return;
        engine_event(c->engine, "container", action, c->record->id, l);
}

void exec_event(const Container *c, const char *action, const char *exec_id, int status) {
        _cleanup_strv_free_ char **l = NULL;
        char *text = NULL;

        if (string_format(&text, "name=%s", c->record->name) < 0 || strv_consume(&l, text) < 0 ||
            string_format(&text, "image=%s", c->record->image) < 0 || strv_consume(&l, text) < 0 ||
            string_format(&text, "execID=%s", exec_id) < 0 || strv_consume(&l, text) < 0)
                return;
        if (status >= 0 && (string_format(&text, "exitCode=%d", status) < 0 || strv_consume(&l, text) < 0))
                return;
        engine_event(c->engine, "container", action, c->record->id, l);
}

int container_kill(Container *c, bool all, int signal, Failure *f) {
        if (!container_is_running(c) || c->leader_pidfd < 0)
                return failure_set(f, FAILURE_INVALID_STATE, "%s: the container is %s, not running",
                                   c->record->name, container_state_to_string(c->state));
        /* SIGKILL reaches a frozen process, anything else would wait. */
        if (signal != SIGKILL && container_thaw(c, f) < 0)
                return -EIO;
        if (all) {
                int r = c->cgroup ? cgroup_signal_payload(c->cgroup, signal) : -ESRCH;

                if (r < 0)
                        return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot signal container %s",
                                                 c->record->name);
        } else if (syscall(SYS_pidfd_send_signal, c->leader_pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot signal container %s",
                                         c->record->name);

        container_event(c, "kill", "signal", signal);
        return 0;
}

static int make_up_name(Engine *e, const char *id, char **ret) {
        static const char *const adjectives[] = { "amber", "brisk", "calm",   "deft",  "eager", "fleet",
                                                  "grand", "hardy", "ideal",  "jolly", "keen",  "lucid",
                                                  "merry", "noble", "polite", "quick" };
        static const char *const fishes[] = { "bream",  "carp",  "dace",   "eel",    "flounder", "gudgeon",
                                              "hake",   "ide",   "ling",   "mullet", "perch",    "roach",
                                              "salmon", "tench", "turbot", "zander" };

        for (unsigned i = 0; i < 64; i += 4) {
                _cleanup_free_ char *name = NULL;
                unsigned a = (unsigned) strtoul((char[2]){ id[i], 0 }, NULL, 16),
                         b = (unsigned) strtoul((char[2]){ id[(i + 1) % 64], 0 }, NULL, 16);
                int r;

                r = i < 32 ? string_format(&name, "%s_%s", adjectives[a], fishes[b])
                           : string_format(&name, "%s_%s_%.4s", adjectives[a], fishes[b], id + i);
                if (r < 0)
                        return r;
                if (!hashmap_get(e->containers_by_name, name)) {
                        *ret = TAKE_PTR(name);
                        return 0;
                }
        }
        return string_format(ret, "creel_%.16s", id);
}

static int record_new(Engine *e, Image *image, const char *reference, ContainerSpec *spec,
                      ContainerRecord **ret, Failure *f) {
        _cleanup_(container_record_freep) ContainerRecord *record = new0(ContainerRecord, 1);
        int r;

        if (!record) {
                (void) container_spec_free(spec);
                return -ENOMEM;
        }
        record->spec = spec;
        record->exit_code = -1;
        record->created_usec = record->state_changed_usec = clock_now_realtime_usec();
        r = id_generate(record->id);
        if (r >= 0)
                r = root_resolve(spec, &record->rootfs, f);
        if (r >= 0)
                r = string_set(&record->image, record->rootfs ?: reference);
        if (r >= 0)
                r = string_set(&record->state, container_state_to_string(CONTAINER_CREATED));
        if (r >= 0 && image)
                r = image_layers(image, &record->layers);
        if (r >= 0)
                r = spec->name ? string_set(&record->name, spec->name)
                               : make_up_name(e, record->id, &record->name);
        if (r < 0)
                return r;
        if (image)
                record->image_id = image->record->config_digest;
        r = userns_allocate(e, record, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(record);
        return 0;
}

int container_adopt(Engine *e, ContainerRecord *record, Container **ret) {
        _cleanup_(container_freep) Container *c = new0(Container, 1);
        int r;

        if (!c) {
                (void) container_record_free(record);
                return -ENOMEM;
        }
        c->engine = e;
        c->record = record;
        c->leader_pidfd = c->session_fd = -EBADF;
        r = container_state_from_string(record->state);
        if (r < 0)
                return -EBADMSG;
        c->state = (ContainerState) r;
        r = record->unit ? string_set(&c->unit, record->unit) : scope_unit_name(record->name, &c->unit);
        if (r >= 0)
                r = hashmap_put(e->containers, record->id, c);
        if (r < 0)
                return r;
        r = hashmap_put(e->containers_by_name, record->name, c);
        if (r < 0) {
                (void) hashmap_remove(e->containers, record->id);
                return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

/* Makes the directories and the first record of a new container. */
static int container_materialize(Container *c) {
        _cleanup_close_ int rootfs_fd = -EBADF, runtime_fd = -EBADF;
        int r;

        r = container_rootfs_open(c->engine->store, c->record->id, container_record_root_uid(c->record),
                                  container_record_root_gid(c->record), &rootfs_fd);
        if (r >= 0)
                r = container_runtime_open(c->engine->store, c->record->id, &runtime_fd);
        return r < 0 ? r : container_save(c);
}

int container_create(Engine *e, Image *image, const char *reference, ContainerSpec *spec, Container **ret,
                     Failure *f) {
        _cleanup_(container_spec_freep) ContainerSpec *owned = spec;
        ContainerRecord *record = NULL;
        Container *c, *holder;
        int r;

        holder = spec->name ? hashmap_get(e->containers_by_name, spec->name) : NULL;
        if (holder)
                return failure_set(f, FAILURE_NAME_IN_USE,
                                   "the name %s is in use by container %.12s; remove that or choose another "
                                   "name",
                                   spec->name, holder->record->id);
        if (hashmap_size(e->containers) >= ENGINE_CONTAINERS_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "there are %u containers already; remove some first",
                                   ENGINE_CONTAINERS_MAX);

        r = mount_plan_freeze(e, owned, f);
        if (r >= 0)
                r = record_new(e, image, reference, TAKE_PTR(owned), &record, f);
        if (r >= 0)
                r = container_adopt(e, record, &c);
        if (r < 0)
                return r;

        if (e->observer)
                e->observer->container_new(c, e->observer_data);
        r = volume_prepare(c, f);
        if (r >= 0)
                r = container_materialize(c);
        if (r < 0) {
                if (!f || !f->text)
                        r = failure_set_errno(f, FAILURE_STORAGE, r, "cannot create container %s",
                                              c->record->name);
                volume_remove_anonymous(c);
                container_finish_removal(c);
                return r;
        }
        container_event(c, "create", NULL, 0);
        *ret = c;
        return 0;
}

Container *container_free(Container *c) {
        if (!c)
                return NULL;
        while (c->jobs) {
                Job *j = c->jobs;

                LIST_REMOVE(jobs, c->jobs, j);
                (void) job_free(j);
        }
        while (c->watches) {
                ContainerWatch *w = c->watches;

                LIST_REMOVE(watches, c->watches, w);
                free(w);
        }
        c->health = health_free(c->health);
        exec_abandon_all(c);
        if (c->supervisor)
                supervisor_release(c->supervisor, NULL);
        restart_disarm(c);
        (void) scope_job_free(c->scope_job);
        limits_forget(c);
        (void) fd_close(c->leader_pidfd);
        (void) fd_close(c->session_fd);
        (void) container_record_free(c->record);
        free(c->unit);
        free(c->cgroup);
        free(c->status_text);
        return mfree(c);
}

int container_find(Engine *e, const char *name, Container **ret, Failure *f) {
        Container *c, *found = NULL;
        size_t n = strlen(name);

        found = hashmap_get(e->containers_by_name, name);
        if (!found)
                found = hashmap_get(e->containers, name);
        if (!found && n > 0 && n < DIGEST_HEX_LENGTH && string_in_charset(name, LOWERCASE_HEX))
                HASHMAP_FOREACH(c, e->containers) {
                        if (strncmp(c->record->id, name, n) != 0)
                                continue;
                        if (found)
                                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                   "%s: several containers have an id that starts so; give "
                                                   "more digits",
                                                   name);
                        found = c;
                }
        if (!found)
                return failure_set(f, FAILURE_NO_SUCH_CONTAINER,
                                   "%s: no such container; 'creelctl ps -a' lists them", name);
        *ret = found;
        return 0;
}

static void job_begin(Container *c) {
        static void (*const begin[_JOB_TYPE_MAX])(Container * c, Job * j) = {
                [JOB_START] = container_begin_start,   [JOB_STOP] = container_begin_stop,
                [JOB_REMOVE] = container_begin_remove, [JOB_RESTART] = container_begin_restart,
                [JOB_PAUSE] = container_begin_pause,   [JOB_UNPAUSE] = container_begin_unpause,
                [JOB_UPDATE] = container_begin_update,
        };
        Job *j = c->jobs;

        j->begun = true;
        begin[j->type](c, j);
}

static void settle_at_once(Container *c, job_done_t done, void *userdata, FailureKind kind,
                           const char *text) {
        Failure f = { kind, (char *) text };

        if (done)
                done(c, &f, userdata);
}

Job *container_job(const Container *c) {
        return c->jobs && c->jobs->begun ? c->jobs : NULL;
}

static Job *last_job(Container *c) {
        Job *last = NULL;

        LIST_FOREACH(jobs, j, c->jobs)
                last = j;
        return last;
}

static void drop_parameters(JobFds *fds, ContainerSpec *update) {
        job_fds_close(fds);
        (void) container_spec_free(update);
}

/* Does not wait until a system, which may never be, is ready. */
static bool ends_the_run(JobType type) {
        return type == JOB_STOP || type == JOB_REMOVE || type == JOB_RESTART;
}

void container_enqueue(Container *c, JobType type, const JobParameters *parameters, job_done_t done,
                       void *userdata) {
        JobFds fds = parameters->fds;
        Job *last = last_job(c), *j;
        JobMerge merge = last ? job_merge(last->type, type) : JOB_QUEUE;

        if (merge == JOB_JOIN && job_add_waiter(last, done, userdata) >= 0) {
                last->parameters.force |= parameters->force;
                last->parameters.volumes |= parameters->volumes;
                drop_parameters(&fds, parameters->update);
                return;
        }
        if (merge == JOB_REFUSE || merge == JOB_JOIN || c->n_jobs >= JOBS_MAX) {
                _cleanup_free_ char *text = NULL;

                (void) string_format(&text,
                                     "%s: a '%s' of this container is under way; wait for it and try again",
                                     c->record->name, job_type_to_string(last->type));
                drop_parameters(&fds, parameters->update);
                settle_at_once(c, done, userdata, FAILURE_BUSY, text ?: "busy");
                return;
        }
        if (job_new(c, type, parameters, &j) < 0) {
                drop_parameters(&fds, parameters->update);
                settle_at_once(c, done, userdata, FAILURE_SYSTEM, "out of memory");
                return;
        }
        (void) job_add_waiter(j, done, userdata);
        if (merge == JOB_REPLACE && !last->begun) {
                Failure cancelled = { FAILURE_CANCELLED, (char *) "another request took its place" };

                LIST_REMOVE(jobs, c->jobs, last);
                c->n_jobs--;
                job_settle(last, &cancelled);
        }
        LIST_APPEND(jobs, c->jobs, j);
        c->n_jobs++;
        if (c->jobs == j)
                job_begin(c);
        else if (ends_the_run(type) && container_awaits_readiness(c)) {
                Failure cancelled = { FAILURE_CANCELLED, (char *) "another request took its place" };

                container_job_done(c, &cancelled);
        }
}

void container_job_settle(Container *c, const Failure *f) {
        Job *j = c->jobs;

        assert(j && j->begun);

        LIST_REMOVE(jobs, c->jobs, j);
        c->n_jobs--;
        job_settle(j, f);
}

void container_job_next(Container *c) {
        if (c->jobs && !c->jobs->begun && !c->removed)
                job_begin(c);
}

void container_job_done(Container *c, const Failure *f) {
        container_job_settle(c, f);
        container_job_next(c);
}

/* Removes what is on disk and in the runtime directory: names first, trees in the background. */
static void container_unlink_files(Container *c) {
        Store *s = c->engine->store;
        _cleanup_free_ char *tree = NULL;
        int r;

        r = path_remove_tree(s->runtime_containers_fd, c->record->id, 4096);
        if (r < 0 && r != -ENOENT)
                log_warning_errno(r, "Cannot remove the runtime directory of container %s, ignoring: %m",
                                  c->record->name);
        r = store_discard(s, s->containers_fd, c->record->id, &tree);
        if (r < 0) {
                if (r != -ENOENT)
                        log_warning_errno(r, "Cannot remove the files of container %s, ignoring: %m",
                                          c->record->name);
        } else if (c->supervisor) {
                /* Its mount namespace still shows the tree: it goes when the process is gone. */
                supervisor_release(TAKE_PTR(c->supervisor), tree);
                return;
        } else
                engine_remove_staged(c->engine, tree);
        if (c->supervisor)
                supervisor_release(TAKE_PTR(c->supervisor), NULL);
}

/* --rmi: unless somebody else needs it. */
static void drop_image(Engine *e, const char *name) {
        _cleanup_strv_free_ char **untagged = NULL, **removed = NULL;
        _cleanup_failure_ Failure f = {};

        if (engine_remove_image(e, name, false, &untagged, &removed, &f) < 0)
                log_info("The image %s stays: %s", name, strempty(f.text));
}

void container_finish_removal(Container *c) {
        Engine *e = c->engine;
        _cleanup_free_ char *image = NULL;
        bool orphaned;

        if (c->record->spec->remove_image && c->record->exit_code >= 0)
                image = strdup(c->record->image);
        (void) hashmap_remove(e->containers, c->record->id);
        (void) hashmap_remove(e->containers_by_name, c->record->name);
        container_forget_system(c);
        if (container_is_ephemeral(c) || (c->jobs && c->jobs->parameters.volumes))
                volume_remove_anonymous(c);
        container_unlink_files(c);
        c->removed = true;
        container_event(c, "remove", NULL, 0);
        if (e->observer)
                e->observer->container_removed(c, e->observer_data);
        container_run_watches(c);
        c->session_fd = fd_close(c->session_fd);
        while (c->jobs) {
                Failure gone = { FAILURE_NO_SUCH_CONTAINER, (char *) "the container was removed" };
                Job *j = c->jobs;

                LIST_REMOVE(jobs, c->jobs, j);
                job_settle(j, j->type == JOB_REMOVE ? NULL : &gone);
        }
        /* Its image keeps the layers, unless that went first. */
        orphaned = c->record->layers && !hashmap_get(e->images, digest_hex(&c->record->image_id));
        (void) container_free(c);
        if (orphaned)
                engine_collect(e);
        if (image)
                drop_image(e, image);
}
