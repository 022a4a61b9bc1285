/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ends of a container: stop, remove, and what follows an exit. */

#include <signal.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "engine/limit-watch.h"
#include "engine/container.h"
#include "engine/root.h"
#include "engine/health.h"
#include "engine/restart.h"
#include "engine/supervisor.h"
#include "engine/system.h"

#define STOP_TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC)

int container_stop_signal(const Container *c) {
        const ImageConfig *config = container_image_config(c);
        const char *wanted = c->record->spec->stop_signal;
        int signal;

        if (!wanted && config)
                wanted = config->stop_signal;
        if (!wanted && container_is_system(c))
                return SYSTEM_SIGNAL_HALT;
        signal = wanted ? signal_parse(wanted) : SIGTERM;
        return signal > 0 ? signal : SIGTERM;
}

uint64_t container_stop_timeout_usec(const Container *c) {
        if (container_spec_has(c->record->spec, "stop-timeout"))
                return c->record->spec->stop_timeout_usec;
        return container_is_system(c) ? SYSTEM_STOP_TIMEOUT_USEC : STOP_TIMEOUT_DEFAULT_USEC;
}

static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Container *c = userdata;

        log_debug("Container %s did not stop in time, killing it.", c->record->name);
        if (container_kill(c, false, SIGKILL, &f) < 0)
                log_warning("Cannot kill container %s: %s", c->record->name, strempty(f.text));
        return 0;
}

int container_ask_to_stop(Container *c, Job *j, Failure *f) {
        uint64_t timeout = j->parameters.timeout_usec == UINT64_MAX ? container_stop_timeout_usec(c)
                                                                    : j->parameters.timeout_usec;
        int signal = j->parameters.signal > 0 ? j->parameters.signal : container_stop_signal(c), r;

        r = container_kill(c, false, timeout == 0 ? SIGKILL : signal, f);
        if (r < 0 || timeout == 0)
                return r;
        return sd_event_add_time_relative(c->engine->event, &j->timer, CLOCK_MONOTONIC, timeout, 0,
                                          on_stop_timeout, c);
}

void container_begin_stop(Container *c, Job *j) {
        _cleanup_failure_ Failure f = {};

        /* Nothing to stop is what the caller wanted. */
        if (c->state == CONTAINER_RESTARTING) {
                restart_disarm(c);
                c->record->stopped_by_user = true;
                (void) container_move(c, CONTAINER_EVENT_EXITED, NULL);
                container_event(c, "stop", NULL, 0);
                container_job_done(c, NULL);
        } else if (!container_is_running(c))
                container_job_done(c, NULL);
        else if (container_ask_to_stop(c, j, &f) < 0)
                container_job_done(c, &f);
}

void container_begin_restart(Container *c, Job *j) {
        _cleanup_failure_ Failure f = {};

        if (!container_is_running(c))
                container_begin_start(c, j);
        else if (container_ask_to_stop(c, j, &f) < 0)
                container_job_done(c, &f);
}

void container_begin_remove(Container *c, Job *j) {
        _cleanup_failure_ Failure f = {};

        if (container_is_running(c) || c->state == CONTAINER_RESTARTING) {
                if (!j->parameters.force)
                        (void) failure_set(&f, FAILURE_INVALID_STATE,
                                           "%s: the container is %s; stop it first or use --force",
                                           c->record->name, container_state_to_string(c->state));
                else if (container_is_running(c) && container_ask_to_stop(c, j, &f) >= 0)
                        return; /* container_on_exited() goes on */
                if (f.text) {
                        container_job_done(c, &f);
                        return;
                }
        }
        restart_disarm(c);
        if (container_move(c, CONTAINER_EVENT_REMOVE, &f) < 0) {
                container_job_done(c, &f);
                return;
        }
        container_finish_removal(c);
}

/* Was it a user's doing? Programs end by many signals, but only these are sent to end them. */
static bool ended_by_user(const Container *c, const ExitRecord *exit) {
        const Job *j = container_job(c);

        if (j && j->type == JOB_STOP)
                return !j->parameters.automatic;
        return c->kill_signal > 0 && (c->kill_signal == SIGKILL || c->kill_signal == exit->signal ||
                                      c->kill_signal == container_stop_signal(c));
}

/* What becomes of the job that was under way when the payload ended. The next one does not begin yet. */
static void settle_job(Container *c) {
        _cleanup_failure_ Failure f = {};
        Job *j = container_job(c);

        /* An update waits for systemd's answer, and ends with that. */
        if (!j || j->type == JOB_UPDATE)
                return;
        if (j->type == JOB_PAUSE || j->type == JOB_UNPAUSE)
                (void) failure_set(&f, FAILURE_INVALID_STATE, "%s: the container ended meanwhile",
                                   c->record->name);
        if (j->type == JOB_START && c->record->spec->notify_ready)
                (void) failure_set(&f, FAILURE_SYSTEM, "%s: the system ended before it was ready",
                                   c->record->name);
        container_job_settle(c, f.text ? &f : NULL);
}

/* Somebody has asked for the end already. */
static bool is_to_end(Container *c) {
        LIST_FOREACH(jobs, j, c->jobs)
                if (j->type == JOB_STOP || j->type == JOB_REMOVE)
                        return true;
        return false;
}

/* A system that has rebooted itself starts again at once, for the same caller. */
static void start_again(Container *c) {
        JobParameters p = JOB_PARAMETERS_DEFAULT;
        bool others;

        settle_job(c);
        others = c->jobs;
        if (is_to_end(c))
                c->session_fd = fd_close(c->session_fd);
        else {
                p.automatic = true;
                p.fds.session = TAKE_FD(c->session_fd);
                container_event(c, "restart", NULL, 0);
                container_enqueue(c, JOB_START, &p, NULL, NULL);
        }
        if (others)
                container_job_next(c);
}

/* The container stays, and may go on by itself. */
static void stay(Container *c, const ExitRecord *exit, bool reboots) {
        _cleanup_failure_ Failure f = {};
        Job *j = container_job(c);
        bool again = j && j->type == JOB_RESTART && container_is_running(c),
             policy = !again && !reboots && container_is_running(c) && restart_is_due(c, exit);
        uint64_t now = clock_now_realtime_usec();

        if (policy)
                restart_count(c, now > c->record->started_usec ? now - c->record->started_usec : 0);
        if (container_move(c, again || policy || reboots ? CONTAINER_EVENT_RESTART : CONTAINER_EVENT_EXITED,
                           &f) < 0)
                log_warning("%s", strempty(f.text));
        if (reboots && !again) {
                start_again(c);
                return;
        }
        if (reboots)
                j->parameters.fds.session = TAKE_FD(c->session_fd);
        c->session_fd = fd_close(c->session_fd);
        if (again) {
                j->timer = sd_event_source_disable_unref(j->timer);
                container_begin_start(c, j);
                return;
        }
        if (policy)
                restart_schedule(c);
        settle_job(c);
        container_job_next(c);
}

/* A removal stands in for the stop: whoever waits for the end has it before the container is gone. */
static void go(Container *c) {
        _cleanup_failure_ Failure f = {};
        Job *j = container_job(c);

        if (container_is_running(c)) {
                Supervisor *s = TAKE_PTR(c->supervisor);

                if (container_move(c, CONTAINER_EVENT_EXITED, &f) < 0)
                        log_warning("%s", strempty(f.text));
                c->supervisor = s;
        }
        if (j && j->type != JOB_REMOVE)
                settle_job(c);
        if (container_move(c, CONTAINER_EVENT_REMOVE, &f) < 0)
                log_warning("%s", strempty(f.text));
        container_finish_removal(c);
        trace("removed");
}

void container_on_exited(Container *c, const ExitRecord *exit) {
        bool reboots = system_reboots(c, exit), restarts, remove;
        _cleanup_free_ char *tree = NULL;
        const Job *j = container_job(c);

        trace("exit heard of");
        c->record->exit_code = exit->status;
        c->record->oom_killed = exit->oom;
        c->record->stopped_by_user |= ended_by_user(c, exit);
        c->leader = 0;
        c->leader_pidfd = fd_close(c->leader_pidfd);
        c->has_scope = false;
        c->cgroup = mfree(c->cgroup);
        limits_forget(c);
        health_end(c);
        /* The scope lives until its last process, the supervisor, is gone; what is left of a removal waits
         * for that, too. */
        restarts = reboots || (j && j->type == JOB_RESTART);
        remove = (j && j->type == JOB_REMOVE) || (container_is_ephemeral(c) && !restarts);
        if (!remove && !restarts)
                container_discard_root(c, &tree);
        if (!remove && c->supervisor)
                supervisor_release(TAKE_PTR(c->supervisor), tree);
        else if (tree)
                engine_remove_staged(c->engine, tree);
        container_forget_notify(c);

        if (c->engine->observer)
                c->engine->observer->container_exited(c, c->engine->observer_data);
        if (exit->oom)
                limits_tell_oom(c);
        container_event(c, "died", "exitCode", exit->status);
        if (j && j->type == JOB_STOP)
                container_event(c, "stop", NULL, 0);
        if (remove)
                go(c);
        else
                stay(c, exit, reboots);
}
