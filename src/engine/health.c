/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/exec.h"
#include "engine/health.h"
#include "engine/root.h"
#include "spec/json.h"
#include "store/container.h"

#define READ_BYTES 4096
#define DRAIN_READS_MAX 64

typedef struct HealthWaiter {
        health_done_t done;
        void *userdata;
} HealthWaiter;

/* One check under way. It outlives the interest in it: its process tells its end in any case. */
typedef struct HealthRun {
        Health *health; /* NULL: nobody is interested any more */
        ExecSession *session;
        int fd;
        sd_event_source *io, *timeout;
        char *output;
        size_t n_output, n_output_max;
        uint64_t start_usec, timeout_usec;
        bool timed_out;
        HealthWaiter waiters[HEALTH_WAITERS_MAX];
        size_t n_waiters;
} HealthRun;

struct Health {
        Container *container;
        HealthConfig config;
        HealthLog log;
        HealthRun *run;
        sd_event_source *timer; /* until the next check */
        bool complained;        /* of a log that cannot be written */
};

static HealthRun *run_free(HealthRun *run) {
        if (!run)
                return NULL;
        (void) sd_event_source_disable_unref(run->io);
        (void) sd_event_source_disable_unref(run->timeout);
        (void) fd_close(run->fd);
        free(run->output);
        return mfree(run);
}
DEFINE_CLEANUP(HealthRun, run_free)

static void run_tell(HealthRun *run, Container *c, const HealthResult *result, const Failure *f) {
        for (size_t i = 0; i < run->n_waiters; i++)
                run->waiters[i].done(c, result, f, run->waiters[i].userdata);
        run->n_waiters = 0;
}

/* The container ended, or is paused. */
static void run_abandon(Health *h, const char *why) {
        HealthRun *run = TAKE_PTR(h->run);
        Failure f = { FAILURE_INVALID_STATE, (char *) why };

        if (!run)
                return;
        run->health = NULL;
        run_tell(run, h->container, NULL, &f);
        (void) sd_event_source_set_enabled(run->io, SD_EVENT_OFF);
        run->timeout = sd_event_source_disable_unref(run->timeout);
        (void) exec_kill(run->session, SIGKILL);
}

Health *health_free(Health *h) {
        if (!h)
                return NULL;
        run_abandon(h, "the container is gone");
        (void) sd_event_source_disable_unref(h->timer);
        health_config_done(&h->config);
        health_log_done(&h->log);
        return mfree(h);
}
DEFINE_CLEANUP(Health, health_free)

HealthStatus health_status(const Container *c) {
        return c->health && container_is_running(c) ? c->health->log.status : HEALTH_NONE;
}

const HealthLog *health_log_of(const Container *c) {
        return c->health ? &c->health->log : NULL;
}

static void complain(Health *h, int error, const char *where) {
        if (!h->complained)
                log_warning_errno(error, "Cannot write the health log of container %s to %s, ignoring: %m",
                                  h->container->record->name, where);
        h->complained = true;
}

static void write_to(Health *h, int dirfd, const char *name, const char *text, const char *where) {
        int r = file_write_atomic(dirfd, name, text, strlen(text), 0600, 0);

        if (r < 0)
                complain(h, r, where);
}

/* The file in the runtime directory is for a creeld that comes later, that in the user's for the user. */
static void save(Health *h) {
        _cleanup_close_ int runtime_fd = -EBADF, dir = -EBADF;
        _cleanup_free_ char *text = NULL, *name = NULL;
        const Container *c = h->container;
        const char *where = h->config.log_destination;
        int r;

        r = health_log_format(&h->log, &text);
        if (r >= 0)
                r = container_runtime_open(c->engine->store, c->record->id, &runtime_fd);
        if (r < 0) {
                complain(h, r, "its runtime directory");
                return;
        }
        write_to(h, runtime_fd, "health.json", text, "its runtime directory");
        if (!where || *where != '/' || string_format(&name, "%s-healthcheck.log", c->record->id) < 0)
                return;
        dir = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                complain(h, errno, where);
        else
                write_to(h, dir, name, text, where);
}

static int load(Health *h) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = container_runtime_open(h->container->engine->store, h->container->record->id, &fd);
        if (r >= 0)
                r = file_read(fd, "health.json", HEALTH_LOG_BYTES_MAX, &text, &size);
        return r < 0 ? r : health_log_parse(text, size, &h->log);
}

static int add_attribute(char ***l, const char *key, const char *value) {
        char *s;
        int r = string_format(&s, "%s=%s", key, value);

        return r < 0 ? r : strv_consume(l, s);
}

/* On the change of the status; with --health-log-destination=events_logger after every check, with its
 * output. */
static void tell_event(const Health *h, bool changed, const HealthResult *result) {
        bool all = streq_ptr(h->config.log_destination, "events_logger");
        _cleanup_strv_free_ char **l = NULL;
        const Container *c = h->container;
        char number[24];
        int r;

        if (!changed && !all)
                return;
        (void) snprintf(number, sizeof(number), "%" PRIu64, h->log.n_failing);
        r = add_attribute(&l, "name", c->record->name);
        if (r >= 0)
                r = add_attribute(&l, "image", c->record->image);
        if (r >= 0)
                r = add_attribute(&l, "health_status", health_status_to_string(h->log.status));
        if (r >= 0)
                r = add_attribute(&l, "health_failing_streak", number);
        if (r >= 0 && all)
                r = add_attribute(&l, "health_log", strempty(result->output));
        if (r >= 0)
                engine_event(c->engine, "container", "health_status", c->record->id, l);
}

static void act(Container *c, HealthAction action) {
        JobParameters p = JOB_PARAMETERS_DEFAULT;
        _cleanup_failure_ Failure f = {};

        switch (action) {
        case HEALTH_ACTION_KILL:
                if (container_kill(c, false, SIGKILL, &f) < 0)
                        log_warning("Cannot kill the unhealthy container %s: %s", c->record->name,
                                    strempty(f.text));
                break;
        case HEALTH_ACTION_RESTART:
                p.automatic = true;
                container_enqueue(c, JOB_RESTART, &p, NULL, NULL);
                break;
        case HEALTH_ACTION_STOP:
                container_enqueue(c, JOB_STOP, &p, NULL, NULL);
                break;
        case HEALTH_ACTION_NONE:
        case _HEALTH_ACTION_MAX:
        default:
                break;
        }
}

static bool in_start_period(const Health *h) {
        return clock_now_realtime_usec() < h->container->record->started_usec + h->config.start_period_usec;
}

/* 0: never by itself. */
static uint64_t interval(const Health *h) {
        if (health_log_is_starting_up(&h->log, &h->config))
                return h->config.startup.interval_usec;
        if (h->config.probe.interval_usec > 0 && h->log.status == HEALTH_STARTING && in_start_period(h))
                return MIN(h->config.start_interval_usec, h->config.probe.interval_usec);
        return h->config.probe.interval_usec;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void schedule(Health *h, uint64_t delay_usec) {
        int r;

        h->timer = sd_event_source_disable_unref(h->timer);
        if (interval(h) == 0 || h->container->state != CONTAINER_RUNNING)
                return;
        r = sd_event_add_time_relative(h->container->engine->event, &h->timer, CLOCK_MONOTONIC, delay_usec,
                                       delay_usec / 20, on_timer, h);
        if (r < 0)
                log_warning_errno(r, "Cannot wait for the next health check of container %s: %m",
                                  h->container->record->name);
}

/* Takes in what a check has found, and does what follows from it. */
static void note(Health *h, HealthRun *run, HealthResult *result) {
        Container *c = h->container;
        HealthStatus before = h->log.status;
        bool starting_up = health_log_is_starting_up(&h->log, &h->config);
        HealthDemand demand = HEALTH_DEMAND_NOTHING;
        const HealthResult *kept;

        if (health_log_note(&h->log, &h->config, in_start_period(h), result, &demand) < 0) {
                run_tell(run, c, result, NULL);
                schedule(h, interval(h));
                return;
        }
        kept = h->log.results + h->log.n_results - 1;
        save(h);
        tell_event(h, h->log.status != before, kept);
        run_tell(run, c, kept, NULL);
        if (h->log.status != before)
                container_changed(c);
        schedule(h, starting_up && h->log.startup_over ? 0 : interval(h));
        if (demand == HEALTH_DEMAND_RESTART)
                act(c, HEALTH_ACTION_RESTART);
        else if (demand == HEALTH_DEMAND_ACTION)
                act(c, h->config.action);
}

/* What is beyond the limit is read and dropped, so that the command does not wait for us. */
static ssize_t read_some(HealthRun *run) {
        char buf[READ_BYTES];
        ssize_t n = read(run->fd, buf, sizeof(buf));

        for (ssize_t i = 0; i < n && run->n_output < run->n_output_max; i++)
                run->output[run->n_output++] = buf[i] ?: '?';
        return n;
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        HealthRun *run = userdata;
        ssize_t n = read_some(run);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static void on_done(ExecSession *e, int status, const Failure *f, void *userdata) {
        _cleanup_(run_freep) HealthRun *run = userdata;
        Health *h = run->health;
        HealthResult result = {
                .start_usec = run->start_usec,
                .end_usec = clock_now_realtime_usec(),
                .exit_code = run->timed_out ? -1 : status,
        };

        if (!h)
                return;
        h->run = NULL;
        for (int i = 0; i < DRAIN_READS_MAX && read_some(run) > 0; i++)
                ;
        if (run->timed_out) {
                run->n_output = 0;
                (void) string_format(&result.output, "the check took longer than %" PRIu64 " ms",
                                     run->timeout_usec / USEC_PER_MSEC);
        } else if (f)
                result.output = strdup(f->text);
        else
                result.output = TAKE_PTR(run->output);
        note(h, run, &result);
        free(result.output);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        HealthRun *run = userdata;

        run->timed_out = true;
        (void) exec_kill(run->session, SIGKILL);
        return 0;
}

/* One that is not wanted any more may only just have begun. */
static void on_started(ExecSession *e, void *userdata) {
        HealthRun *run = userdata;

        if (!run->health || run->timed_out)
                (void) exec_kill(e, SIGKILL);
}

static int open_output(HealthRun *run, JobFds *fds) {
        int pair[2], r;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return negative_errno();
        run->fd = pair[0];
        fds->stdio[1] = pair[1];
        fds->stdio[2] = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);
        if (fds->stdio[2] < 0)
                return negative_errno();
        r = fd_set_nonblock(run->fd, true);
        if (r < 0)
                return r;
        run->output = new0(char, run->n_output_max + 1);
        return run->output ? 0 : -ENOMEM;
}

static int start(Health *h, Failure *f) {
        _cleanup_(run_freep) HealthRun *run = new0(HealthRun, 1);
        const HealthProbe *probe = health_log_is_starting_up(&h->log, &h->config) ? &h->config.startup
                                                                                  : &h->config.probe;
        sd_event *event = h->container->engine->event;
        ExecParameters p = {
                .argv = probe->argv, .silent = true, .fds = JOB_FDS_NONE, .started = on_started
        };
        int r;

        if (!run)
                return -ENOMEM;
        run->fd = -EBADF;
        run->health = h;
        run->start_usec = clock_now_realtime_usec();
        run->timeout_usec = probe->timeout_usec;
        run->n_output_max = h->config.n_output_bytes_max;
        r = open_output(run, &p.fds);
        if (r >= 0)
                r = sd_event_add_io(event, &run->io, run->fd, EPOLLIN, on_output, run);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &run->timeout, CLOCK_MONOTONIC, probe->timeout_usec,
                                               USEC_PER_MSEC, on_timeout, run);
        if (r < 0) {
                job_fds_close(&p.fds);
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot check the health of container %s",
                                         h->container->record->name);
        }
        r = exec_start(h->container, &p, on_done, run, &run->session, f);
        if (r < 0)
                return r;
        h->run = TAKE_PTR(run);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Health *h = userdata;

        h->timer = sd_event_source_disable_unref(h->timer);
        if (h->run)
                return 0; /* its end schedules the next */
        if (start(h, &f) < 0) {
                /* One that has just ended is about to be heard of. */
                if (f.kind != FAILURE_INVALID_STATE)
                        log_warning("Cannot check the health of container %s: %s",
                                    h->container->record->name, strempty(f.text));
                schedule(h, interval(h));
        }
        return 0;
}

static int health_new(Container *c, Health **ret) {
        _cleanup_(health_freep) Health *h = new0(Health, 1);
        _cleanup_failure_ Failure f = {};
        int r;

        if (!h)
                return -ENOMEM;
        h->container = c;
        r = health_config_get(c->record->spec, container_image_config(c), &h->config, &f);
        if (r < 0)
                return r;
        if (!h->config.probe.argv)
                return 0;
        *ret = TAKE_PTR(h);
        return 1;
}

void health_begin(Container *c, bool found) {
        Health *h;
        int r;

        c->health = health_free(c->health);
        r = health_new(c, &h);
        if (r < 0)
                log_warning_errno(r, "Cannot check the health of container %s, ignoring: %m",
                                  c->record->name);
        if (r <= 0)
                return;
        c->health = h;
        if (found && load(h) >= 0) {
                schedule(h, interval(h));
                return;
        }
        health_log_begin(&h->log, &h->config);
        save(h);
        container_changed(c);
        schedule(h, 0);
}

void health_end(Container *c) {
        if (!c->health)
                return;
        c->health->timer = sd_event_source_disable_unref(c->health->timer);
        run_abandon(c->health, "the container has just ended");
}

static bool is_about_health(const char *key) {
        return startswith(key, "health-") || streq(key, "no-healthcheck");
}

/* The options of health alone, as text. */
static int health_options(const ContainerSpec *spec, char **ret) {
        _cleanup_json_ json_object *all = NULL, *some = json_object_new_object();
        int r;

        if (!some)
                return -ENOMEM;
        r = container_spec_to_json(spec, &all);
        if (r < 0)
                return r;
        json_object_object_foreach(all, key, value) {
                if (r >= 0 && is_about_health(key))
                        r = json_add(some, key, json_object_get(value));
        }
        return r < 0 ? r : json_format(some, false, ret);
}

void health_update(Container *c, const ContainerSpec *old) {
        _cleanup_free_ char *before = NULL, *after = NULL;

        if (!container_is_running(c) || health_options(old, &before) < 0 ||
            health_options(c->record->spec, &after) < 0 || streq(before, after))
                return;
        /* what was found so far is read back */
        health_begin(c, true);
}

void health_suspend(Container *c) {
        if (!c->health)
                return;
        c->health->timer = sd_event_source_disable_unref(c->health->timer);
        run_abandon(c->health, "the container was paused meanwhile");
}

void health_resume(Container *c) {
        if (c->health)
                schedule(c->health, interval(c->health));
}

int health_run(Container *c, health_done_t done, void *userdata, Failure *f) {
        Health *h = c->health;
        int r;

        if (!container_is_running(c))
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "%s: the container is %s, so its health cannot be checked",
                                   c->record->name, container_state_to_string(c->state));
        if (!h)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: the container has no health check; --health-cmd gives it one",
                                   c->record->name);
        if (!h->run) {
                r = start(h, f);
                if (r < 0)
                        return r;
        }
        if (h->run->n_waiters >= HEALTH_WAITERS_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "%s: too many callers are waiting for this check", c->record->name);
        h->run->waiters[h->run->n_waiters++] = (HealthWaiter){ done, userdata };
        return 0;
}
