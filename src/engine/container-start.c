/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The beginning of a container: the supervisor prepares the root while PID 1 makes the scope; when both are
 * there, it goes. */

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "engine/cgroup.h"
#include "engine/compile-part.h"
#include "engine/compile-unit.h"
#include "engine/compile-device.h"
#include "engine/container.h"
#include "engine/etc.h"
#include "engine/filter.h"
#include "engine/host-tree.h"
#include "engine/image.h"
#include "engine/limit-watch.h"
#include "engine/journal-link.h"
#include "engine/migration.h"
#include "engine/pidfile.h"
#include "engine/root.h"
#include "engine/health.h"
#include "engine/restart.h"
#include "engine/supervisor.h"
#include "engine/volume.h"
#include "security/capability.h"
#include "store/layer.h"

/* systemd kills what is left this much later than we would have. */
#define SCOPE_STOP_GRACE_USEC (5 * USEC_PER_SEC)

/* An attempt that did not come about counts like one that failed. */
static void go_on_restarting(Container *c) {
        if (c->jobs->parameters.automatic &&
            restart_is_due(c, &(const ExitRecord){ .status = EXIT_FAILURE })) {
                log_info("Container %s was to be started again: %s", c->record->name,
                         strempty(c->record->error));
                restart_count(c, 0);
                (void) container_save(c);
                container_changed(c);
                restart_schedule(c);
        } else
                (void) container_move(c, CONTAINER_EVENT_EXITED, NULL);
}

static void start_failed(Container *c, const Failure *f) {
        c->start_held = false;
        c->session_fd = fd_close(c->session_fd);
        if (c->supervisor) {
                supervisor_kill(c->supervisor);
                supervisor_release(TAKE_PTR(c->supervisor), NULL);
        }
        /* A scope whose only process died on the way into it would stay. One that only has the name is
         * somebody else's. */
        c->scope_job = scope_job_abandon(c->scope_job);
        if (c->has_scope)
                (void) scope_stop(c->engine->systemd, c->unit, NULL, NULL, NULL);
        c->has_scope = false;
        limits_forget(c);
        c->cgroup = mfree(c->cgroup);
        (void) string_set(&c->record->error, f->text);
        if (f->kind == FAILURE_COMMAND_NOT_FOUND || f->kind == FAILURE_COMMAND_NOT_EXECUTABLE)
                c->record->exit_code = failure_kind_to_exit_status(f->kind);

        if (container_is_ephemeral(c)) {
                Job *j = c->jobs;

                /* The caller hears why before the container is gone. */
                LIST_REMOVE(jobs, c->jobs, j);
                c->n_jobs--;
                job_settle(j, f);
                (void) container_move(c, CONTAINER_EVENT_REMOVE, NULL);
                container_finish_removal(c);
                return;
        }
        if (c->state == CONTAINER_RESTARTING)
                go_on_restarting(c);
        else {
                (void) container_save(c);
                container_changed(c);
        }
        container_job_done(c, f);
}

static void on_scope(int error, const char *text, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Container *c = userdata;
        int r;

        c->scope_job = scope_job_free(c->scope_job);
        if (error < 0) {
                (void) failure_set(&f, FAILURE_SYSTEM, "%s: systemd cannot make the scope %s: %s",
                                   c->record->name, c->unit, text);
                start_failed(c, &f);
                return;
        }
        trace("scope made");
        c->has_scope = true;
        c->cgroup = mfree(c->cgroup);
        r = cgroup_scope_of(supervisor_pid(c->supervisor), &c->cgroup);
        if (r >= 0)
                r = supervisor_go(c->supervisor, c->cgroup);
        if (r >= 0)
                limits_watch(c);                        /* now, while the supervisor works */
        if (r < 0 && r != -EPIPE && r != -ECONNRESET) { /* a dead supervisor is noticed by its socket */
                (void) failure_set_errno(&f, FAILURE_SYSTEM, r, "cannot start container %s",
                                         c->record->name);
                start_failed(c, &f);
        }
}

static int request_scope(Container *c, Failure *f) {
        const ContainerSpec *spec = c->record->spec;
        _cleanup_(unit_properties_done) UnitProperties properties = {};
        _cleanup_free_ char *description = NULL;
        _cleanup_strv_free_ char **devices = NULL;
        bool all_devices;
        int r;

        r = string_format(&description, "Container %s", c->record->name);
        if (r >= 0)
                r = compile_unit(spec, &properties, f);
        if (r >= 0)
                r = container_device_policy(spec, &devices, &all_devices, f);
        if (r < 0)
                return r;
        r = scope_start(c->engine->systemd,
                        &(const ScopeSpec){
                                        .unit = c->unit,
                                        .slice = spec->cgroup_parent ?: "machine.slice",
                                        .description = description,
                                        .pid = supervisor_pid(c->supervisor),
                                        .pidfd = supervisor_pidfd(c->supervisor),
                                        .device_allow = devices,
                                        .all_devices = all_devices,
                                        /* Programs ignore it; the supervisor takes it for "stop the
                                         * container". Thus a stop of the scope by systemd ends in the
                                         * container's own stop signal, whether or not creeld is there. */
                                        .kill_signal = SIGURG,
                                        .timeout_stop_usec = container_stop_timeout_usec(c) +
                                                             SCOPE_STOP_GRACE_USEC,
                                        .properties = properties,
                        },
                        on_scope, c, &c->scope_job);
        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r, "cannot ask systemd for the scope %s",
                                         c->unit)
                     : 0;
}

static int ask_for_scope(Container *c, Failure *f) {
        const EngineObserver *o = c->engine->observer;

        c->start_held = o && o->container_is_leaving && o->container_is_leaving(c, c->engine->observer_data);
        return c->start_held ? 0 : request_scope(c, f);
}

void container_resume_start(Container *c) {
        _cleanup_failure_ Failure f = {};

        if (!c->start_held)
                return;
        c->start_held = false;
        if (request_scope(c, &f) < 0) {
                if (!f.text)
                        (void) failure_set(&f, FAILURE_SYSTEM, "cannot start container %s", c->record->name);
                start_failed(c, &f);
        }
}

static int check_layers(const Container *c, Failure *f) {
        STRV_FOREACH(i, c->record->layers)
                if (!layer_exists(c->engine->store, *i))
                        return failure_set(
                                        f, FAILURE_STORAGE,
                                        "%s: layer %.12s of its image is gone from the store; pull %s again",
                                        c->record->name, *i, c->record->image);
        return 0;
}

int container_compile_input(const Container *c, const JobParameters *start, CompileInput *ret, Failure *f) {
        const ImageConfig *config = container_image_config(c);

        if (!config)
                return failure_set(f, FAILURE_NO_SUCH_IMAGE, "%s: its image %s is gone; pull it again",
                                   c->record->name, c->record->image);
        *ret = (CompileInput){ .engine = c->engine,
                               .record = c->record,
                               .config = config,
                               .runtime_path = c->engine->store->runtime_path,
                               .start = start };
        return 0;
}

static int compile_spec(const Container *c, const JobParameters *start, int *ret_fd, Failure *f) {
        _cleanup_free_ char *text = NULL;
        CompileInput in = {};
        int r;

        r = container_compile_input(c, start, &in, f);
        in.starting = true;
        if (r >= 0)
                r = container_compile(&in, &text, f);
        if (r < 0)
                return r;
        r = fd_new_sealed("config.json", text, strlen(text), ret_fd);
        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r, "cannot start container %s", c->record->name)
                     : 0;
}

static unsigned notify_from(const Container *c, const JobParameters *start) {
        return compile_notify_from(&(const CompileInput){ .engine = c->engine,
                                                          .record = c->record,
                                                          .config = container_image_config(c),
                                                          .start = start });
}

int container_seccomp_filter(const Container *c, bool privileged, int *ret_fd, Failure *f) {
        return container_filter(c->engine, c->record->spec, container_is_system(c),
                                privileged ? capability_all() : 0, ret_fd, f);
}

/* What a whole system finds of the host. */
static int prepare_system(const Container *c, const RootStart *root, int runtime_fd, Failure *f) {
        _cleanup_(journal_link_done) JournalLink link = {};
        char machine_id[33];
        int r;

        if (!container_is_system(c))
                return 0;
        root_machine_id(c->engine, c->record, machine_id);
        r = host_tree_write(c->record, machine_id, runtime_fd, f);
        if (r >= 0)
                r = host_tree_open_tunnel(c->record->name);
        if (r >= 0)
                r = journal_link_plan(c->engine, c->record, JOURNAL_PATH, machine_id, &link, f);
        return r < 0 ? r : journal_link_make(&link, c->record, root->tree_fd, f);
}

static int start(Container *c, Job *j, Failure *f) {
        _cleanup_(root_start_done) RootStart root = ROOT_START_NONE;
        _cleanup_close_ int spec_fd = -EBADF, rootfs_fd = -EBADF, runtime_fd = -EBADF, seccomp_fd = -EBADF;
        int r;

        if (c->state != CONTAINER_CREATED && c->state != CONTAINER_STOPPED &&
            c->state != CONTAINER_RESTARTING)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "%s: the container is %s, which does not allow 'start'", c->record->name,
                                   container_state_to_string(c->state));
        if (c->record->spec->tty && j->parameters.fds.session < 0 && j->parameters.fds.stdio[0] >= 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: a container with a terminal needs a session socket",
                                   c->record->name);
        migration_announce(c->engine);
        r = container_choose_unit(c);
        if (r >= 0)
                r = string_set(&c->record->unit, c->unit);
        if (r >= 0)
                r = check_layers(c, f);
        if (r >= 0)
                r = volume_prepare(c, f);
        if (r >= 0)
                r = compile_spec(c, &j->parameters, &spec_fd, f);
        trace("document compiled");
        if (r >= 0)
                r = container_seccomp_filter(c, false, &seccomp_fd, f);
        trace("seccomp filter there");
        if (r < 0)
                return r;
        r = container_rootfs_open(c->engine->store, c->record->id, container_record_root_uid(c->record),
                                  container_record_root_gid(c->record), &rootfs_fd);
        if (r >= 0)
                r = container_runtime_open(c->engine->store, c->record->id, &runtime_fd);
        if (r >= 0)
                r = etc_write(c->record, runtime_fd, f);
        /* that of an earlier run */
        if (r >= 0 && unlinkat(runtime_fd, "exit", 0) < 0 && errno != ENOENT)
                r = negative_errno();
        if (r >= 0)
                r = root_start(c->record, &root, f);
        if (r >= 0)
                r = prepare_system(c, &root, runtime_fd, f);
        trace("files written");
        if (r < 0) {
                root_start_abandon(&root);
                return f->text ? r
                               : failure_set_errno(f, FAILURE_STORAGE, r,
                                                   "cannot prepare the root of container %s",
                                                   c->record->name);
        }

        r = supervisor_start(c,
                             &(const SupervisorStart){
                                             .spec_fd = spec_fd,
                                             .rootfs_fd = rootfs_fd,
                                             .seccomp_fd = seccomp_fd,
                                             .root = &root,
                                             .fds = &j->parameters.fds,
                                             .journal = (j->parameters.fds.stdio[1] < 0 ||
                                                         j->parameters.fds.stdio[2] < 0 ||
                                                         (!c->record->spec->tty &&
                                                          container_is_system(c))) &&
                                                        !streq_ptr(c->record->spec->log_driver, "none"),
                                             .notify_from = notify_from(c, &j->parameters),
                             },
                             &c->supervisor, f);
        trace("order sent");
        if (r >= 0)
                r = ask_for_scope(c, f);
        trace("scope asked for");
        if (r < 0)
                return r;
        /* Kept so that the caller sees the end of its session only when everything is done. */
        c->session_fd = TAKE_FD(j->parameters.fds.session);
        job_fds_close(&j->parameters.fds);
        return 0;
}

void container_begin_start(Container *c, Job *j) {
        _cleanup_failure_ Failure f = {};
        int r;

        if (container_is_running(c)) {
                /* Already what was asked for, unless the caller wants its own fds connected. */
                if (j->parameters.fds.session >= 0)
                        (void) failure_set(&f, FAILURE_INVALID_STATE, "%s: the container is running already",
                                           c->record->name);
                container_job_done(c, f.text ? &f : NULL);
                return;
        }
        restart_disarm(c);
        c->kill_signal = 0;
        if (!j->parameters.automatic) {
                c->record->stopped_by_user = false;
                c->record->n_restarts = 0;
                c->restart_delay_usec = 0;
        }
        r = start(c, j, &f);
        if (r < 0) {
                if (!f.text)
                        (void) failure_set_errno(&f, FAILURE_SYSTEM, r, "cannot start container %s",
                                                 c->record->name);
                start_failed(c, &f);
        }
}

static bool is_starting(const Container *c) {
        const Job *j = container_job(c);

        return j && (j->type == JOB_START || j->type == JOB_RESTART);
}

void container_on_started(Container *c, pid_t leader, int leader_pidfd, uint64_t time_usec) {
        _cleanup_failure_ Failure f = {};

        trace("start heard of");
        (void) fd_close(c->leader_pidfd);
        c->leader = leader;
        c->leader_pidfd = leader_pidfd;
        if (!c->cgroup)
                (void) cgroup_scope_of(leader, &c->cgroup);
        if (!c->limits_source)
                limits_watch(c);
        if (container_is_running(c)) { /* found again after a restart of ours */
                container_match_freezer(c);
                if (c->engine->observer && c->engine->observer->container_found)
                        c->engine->observer->container_found(c, c->engine->observer_data);
                health_begin(c, true);
                container_changed(c);
                return;
        }
        if (container_move(c, CONTAINER_EVENT_STARTED, &f) < 0) {
                log_warning("%s", strempty(f.text));
                return;
        }
        if (time_usec > 0)
                c->record->started_usec = time_usec;
        pidfile_write(c->record, leader, c->supervisor ? supervisor_pid(c->supervisor) : 0);
        container_event(c, "start", NULL, 0);
        if (c->engine->observer)
                c->engine->observer->container_started(c, c->engine->observer_data);
        health_begin(c, false);
        if (is_starting(c)) {
                if (c->jobs->type == JOB_RESTART)
                        container_event(c, "restart", NULL, 0);
                /* else container_on_notify() goes on */
                if (!c->record->spec->notify_ready || c->ready)
                        container_job_done(c, NULL);
        }
        trace("start answered");
}

void container_on_start_failed(Container *c, const Failure *f) {
        if (is_starting(c)) {
                start_failed(c, f);
                return;
        }
        log_warning("Container %s: %s", c->record->name, f->text);
        /* An attempt of a creeld that died over it. */
        if (c->state == CONTAINER_RESTARTING && c->supervisor) {
                supervisor_release(TAKE_PTR(c->supervisor), NULL);
                restart_resume(c);
        }
}
