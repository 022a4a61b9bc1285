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
#include "engine/container.h"
#include "engine/root.h"
#include "engine/supervisor.h"

#define STOP_TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC)

int container_stop_signal(const Container *c) {
        const ImageConfig *config = container_image_config(c);
        const char *wanted = c->record->spec->stop_signal;
        int signal;

        if (!wanted && config)
                wanted = config->stop_signal;
        if (!wanted && container_is_system(c))
                return SIGRTMIN + 3; /* systemd(1): halt */
        signal = wanted ? signal_parse(wanted) : SIGTERM;
        return signal > 0 ? signal : SIGTERM;
}

uint64_t container_stop_timeout_usec(const Container *c) {
        return container_spec_has(c->record->spec, "stop-timeout")
                               ? c->record->spec->stop_timeout_usec
                               : STOP_TIMEOUT_DEFAULT_USEC;
}

static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Container *c = userdata;

        log_debug("Container %s did not stop in time, killing it.", c->record->name);
        if (container_kill(c, false, SIGKILL, &f) < 0)
                log_warning("Cannot kill container %s: %s", c->record->name, strempty(f.text));
        return 0;
}

/* Asks the payload to end and kills it when the time is over. The job goes on when the exit is reported. */
static int ask_to_stop(Container *c, Job *j, Failure *f) {
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
        if (!container_is_running(c))
                container_job_done(c, NULL);
        else if (ask_to_stop(c, j, &f) < 0)
                container_job_done(c, &f);
}

void container_begin_remove(Container *c, Job *j) {
        _cleanup_failure_ Failure f = {};

        if (container_is_running(c)) {
                if (!j->parameters.force)
                        (void) failure_set(&f, FAILURE_INVALID_STATE,
                                           "%s: the container is %s; stop it first or use --force",
                                           c->record->name, container_state_to_string(c->state));
                else if (ask_to_stop(c, j, &f) >= 0)
                        return; /* container_on_exited() goes on */
                container_job_done(c, &f);
                return;
        }
        if (container_move(c, CONTAINER_EVENT_REMOVE, &f) < 0) {
                container_job_done(c, &f);
                return;
        }
        container_finish_removal(c);
}

void container_on_exited(Container *c, const ExitRecord *exit) {
        _cleanup_failure_ Failure f = {};
        bool remove;

        trace("exit heard of");
        c->record->exit_code = exit->status;
        c->record->oom_killed = exit->oom;
        c->leader = 0;
        c->leader_pidfd = fd_close(c->leader_pidfd);
        c->has_scope = false;
        c->cgroup = mfree(c->cgroup);
        /* The scope lives until its last process, the supervisor, is gone; what is left of a removal waits
         * for that, too. */
        remove = container_is_ephemeral(c) || (c->jobs && c->jobs->begun && c->jobs->type == JOB_REMOVE);
        if (!remove && c->supervisor)
                supervisor_release(TAKE_PTR(c->supervisor), NULL);

        if (c->engine->observer)
                c->engine->observer->container_exited(c, c->engine->observer_data);
        if (exit->oom)
                container_event(c, "oom", NULL, 0);
        container_event(c, "died", "exitCode", exit->status);
        if (c->jobs && c->jobs->begun && c->jobs->type == JOB_STOP)
                container_event(c, "stop", NULL, 0);
        if (!remove) {
                if (container_move(c, CONTAINER_EVENT_EXITED, &f) < 0)
                        log_warning("%s", strempty(f.text));
                c->session_fd = fd_close(c->session_fd);
                if (c->jobs && c->jobs->begun)
                        container_job_done(c, NULL);
                return;
        }

        /* A removal stands in for the stop: whoever waits for the end has it before the container is gone.
         */
        if (container_is_running(c)) {
                Supervisor *s = TAKE_PTR(c->supervisor);

                if (container_move(c, CONTAINER_EVENT_EXITED, &f) < 0)
                        log_warning("%s", strempty(f.text));
                c->supervisor = s;
        }
        if (c->jobs && c->jobs->begun && c->jobs->type == JOB_STOP)
                container_job_done(c, NULL);
        if (container_move(c, CONTAINER_EVENT_REMOVE, &f) < 0)
                log_warning("%s", strempty(f.text));
        container_finish_removal(c);
        trace("removed");
}
