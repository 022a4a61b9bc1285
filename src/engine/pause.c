/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pausing: the cgroup freezer of payload/. The supervisor beside it stays awake, which FreezeUnit() of
 * systemd would not let it. */

#include <sys/epoll.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/str.h"
#include "engine/cgroup.h"
#include "engine/container.h"

/* A process that waits for a dead disk cannot be frozen. */
#define PAUSE_TIMEOUT_USEC (10 * USEC_PER_SEC)

int container_freeze(Container *c, bool freeze, Failure *f) {
        int r = c->cgroup ? cgroup_freeze_payload(c->cgroup, freeze) : -ENOENT;

        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r, "cannot %s container %s",
                                         freeze ? "pause" : "unpause", c->record->name)
                     : 0;
}

static void resumed(Container *c) {
        if (container_move(c, CONTAINER_EVENT_RESUMED, NULL) >= 0)
                container_event(c, "unpause", NULL, 0);
}

int container_thaw(Container *c, Failure *f) {
        int r;

        if (c->state != CONTAINER_PAUSED)
                return 0;
        r = container_freeze(c, false, f);
        if (r >= 0)
                resumed(c);
        return r;
}

void container_match_freezer(Container *c) {
        _cleanup_close_ int fd = -EBADF;
        int r = c->cgroup ? cgroup_payload_events_open(c->cgroup, &fd) : -ENOENT;

        if (r >= 0)
                r = cgroup_events_frozen(fd);
        if (r < 0)
                return;
        if (r > 0 && c->state == CONTAINER_RUNNING)
                (void) container_move(c, CONTAINER_EVENT_PAUSED, NULL);
        else if (r == 0 && c->state == CONTAINER_PAUSED)
                (void) container_move(c, CONTAINER_EVENT_RESUMED, NULL);
        /* An earlier creeld may have died while it froze it, and nobody waits for that any more. */
        if (r == 0)
                (void) cgroup_freeze_payload(c->cgroup, false);
}

/* 1: the cgroup is where the job wants it. */
static int settle_if_there(Container *c, Job *j, int fd) {
        bool freeze = j->type == JOB_PAUSE;
        int r = cgroup_events_frozen(fd);

        if (r < 0 || (r > 0) != freeze)
                return r < 0 ? r : 0;
        if (freeze) {
                if (container_move(c, CONTAINER_EVENT_PAUSED, NULL) >= 0)
                        container_event(c, "pause", NULL, 0);
        } else
                resumed(c);
        container_job_done(c, NULL);
        return 1;
}

static void give_up(Container *c, Job *j, int error) {
        _cleanup_failure_ Failure f = {};

        if (j->type == JOB_PAUSE)
                (void) container_freeze(c, false, NULL);
        (void) failure_set_errno(&f, FAILURE_SYSTEM, error, "cannot %s container %s",
                                 job_type_to_string(j->type), c->record->name);
        container_job_done(c, &f);
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Job *j = userdata;
        int r = settle_if_there(j->container, j, fd);

        if (r < 0)
                give_up(j->container, j, r);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Job *j = userdata;

        give_up(j->container, j, -ETIMEDOUT);
        return 0;
}

static int begin(Container *c, Job *j, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = c->cgroup ? cgroup_payload_events_open(c->cgroup, &fd) : -ENOENT;
        if (r >= 0)
                r = container_freeze(c, j->type == JOB_PAUSE, f);
        if (r >= 0)
                r = settle_if_there(c, j, fd);
        if (r > 0)
                return 0;
        if (r >= 0)
                r = sd_event_add_io(c->engine->event, &j->io, fd, EPOLLPRI, on_events, j);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(j->io, true);
        if (r >= 0) {
                (void) TAKE_FD(fd);
                r = sd_event_add_time_relative(c->engine->event, &j->timer, CLOCK_MONOTONIC,
                                               PAUSE_TIMEOUT_USEC, 0, on_timeout, j);
        }
        if (r >= 0 || f->text)
                return r;
        return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot %s container %s", job_type_to_string(j->type),
                                 c->record->name);
}

static void begin_or_refuse(Container *c, Job *j, ContainerEvent event) {
        _cleanup_failure_ Failure f = {};

        if (container_next_state(c->state, event) < 0) {
                (void) failure_set(&f, FAILURE_INVALID_STATE,
                                   "%s: the container is %s, which does not allow '%s'", c->record->name,
                                   container_state_to_string(c->state), job_type_to_string(j->type));
                container_job_done(c, &f);
        } else if (begin(c, j, &f) < 0)
                container_job_done(c, &f);
}

void container_begin_pause(Container *c, Job *j) {
        begin_or_refuse(c, j, CONTAINER_EVENT_PAUSED);
}

void container_begin_unpause(Container *c, Job *j) {
        begin_or_refuse(c, j, CONTAINER_EVENT_RESUMED);
}
