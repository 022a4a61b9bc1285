/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "engine/engine.h"
#include "engine/job.h"
#include "store/container.h"

typedef enum ContainerState {
        CONTAINER_CREATED,
        CONTAINER_RUNNING,
        CONTAINER_PAUSED,
        CONTAINER_RESTARTING,
        CONTAINER_STOPPED,
        CONTAINER_REMOVING,
        CONTAINER_DEAD, /* cannot run any more: its layers or its record are damaged */
        _CONTAINER_STATE_MAX,
} ContainerState;

typedef enum ContainerEvent {
        CONTAINER_EVENT_STARTED, /* the payload executes */
        CONTAINER_EVENT_EXITED,  /* the payload is gone */
        CONTAINER_EVENT_REMOVE,  /* the removal begins */
        CONTAINER_EVENT_PAUSED,
        CONTAINER_EVENT_RESUMED,
        CONTAINER_EVENT_RESTART, /* waits to be started again */
        CONTAINER_EVENT_BROKEN,
        _CONTAINER_EVENT_MAX,
} ContainerEvent;

/* Somebody who waits for a condition, or any of several. */
typedef enum ContainerCondition {
        CONTAINER_CONDITION_STOPPED, /* not running: at once for one that never ran */
        CONTAINER_CONDITION_RUNNING,
        CONTAINER_CONDITION_REMOVED,
        CONTAINER_CONDITION_CREATED,
        CONTAINER_CONDITION_PAUSED,
        CONTAINER_CONDITION_RESTARTING,
        CONTAINER_CONDITION_REMOVING,
        CONTAINER_CONDITION_READY, /* has said so by sd_notify(3) */
        CONTAINER_CONDITION_HEALTHY,
        CONTAINER_CONDITION_UNHEALTHY,
        _CONTAINER_CONDITION_MAX,
} ContainerCondition;

#define CONTAINER_WATCHERS_MAX 1024

/* @holds: false: it cannot hold any more, since the container was removed. */
typedef void (*container_watch_t)(Container *c, bool holds, void *userdata);

typedef struct ContainerWatch {
        uint32_t conditions; /* a bit for each */
        container_watch_t callback;
        void *userdata;
        LIST_FIELDS(struct ContainerWatch, watches);
} ContainerWatch;

typedef struct Supervisor Supervisor;
typedef struct Health Health;
typedef struct ExecSession ExecSession;

struct Container {
        Engine *engine;
        ContainerRecord *record;
        ContainerState state;
        char *unit;   /* of this run, or the next: creel-<name>.scope, see container_choose_unit() */
        char *cgroup; /* of the scope, while it runs */

        LIST_HEAD(Job, jobs); /* the first is the one that runs */
        unsigned n_jobs;
        LIST_HEAD(ContainerWatch, watches);
        unsigned n_watches;

        LIST_HEAD(ExecSession, execs); /* engine/exec.h */
        unsigned n_execs;

        Supervisor *supervisor; /* from the beginning of a start until the payload's exit is known */
        ScopeJob *scope_job;
        bool has_scope; /* systemd has made the scope for this start */
        pid_t leader;
        int leader_pidfd;
        sd_event_source *limits_source; /* engine/limit-watch.h */
        uint64_t n_oom_kills;           /* that were told of since the start */
        int session_fd; /* a copy of the caller's, closed when the exit is recorded and a removal done */
        bool removed;   /* out of the engine, about to be freed */
        bool start_held; /* until its unit is free: EngineObserver.container_is_leaving() */

        /* life */
        sd_event_source *restart_timer; /* restarting: until the next attempt */
        uint64_t restart_delay_usec;    /* before the last attempt; 0: there was none */
        int kill_signal;                /* the last that a user sent to this run; 0: none */

        /* whole systems: what this run has said by sd_notify(3) */
        bool ready;
        unsigned signals_level; /* X_SYSTEMD_SIGNALS_LEVEL; 0: not yet, or an older systemd */
        char *status_text;
        Health *health;                 /* of this run or the last one; NULL: it has no check */
};

const char *container_state_to_string(ContainerState state);
int container_state_from_string(const char *s);
const char *container_event_to_string(ContainerEvent event);
int container_event_from_string(const char *s);
const char *container_condition_to_string(ContainerCondition condition);
int container_condition_from_string(const char *s);

/* The state that @event leads to, or -ESTALE when it is refused in @state. */
int container_next_state(ContainerState state, ContainerEvent event);

/* Creates one from a specification, which is taken over. @image: already present; NULL: the specification
 * names a tree. Persists it. */
int container_create(Engine *e, Image *image, const char *reference, ContainerSpec *spec, Container **ret,
                     Failure *f);
/* Adopts a record that was loaded; it is taken over. */
int container_adopt(Engine *e, ContainerRecord *record, Container **ret);
Container *container_free(Container *c);
DEFINE_CLEANUP(Container, container_free)

/* By name, id, or an unambiguous beginning of an id of at least one digit. */
int container_find(Engine *e, const char *name, Container **ret, Failure *f);
bool container_is_running(const Container *c); /* running or paused */
bool container_is_ephemeral(const Container *c);
/* Its first process is an init system (compile_is_system()). */
bool container_is_system(const Container *c);

/* What asks the payload to stop: the option, else the image's choice, else SIGTERM; and how long it may
 * take. */
int container_stop_signal(const Container *c);
uint64_t container_stop_timeout_usec(const Container *c);

/* The one function that changes the state: looks the move up, stamps the time, persists, logs, tells
 * observers and watchers. A refused move is InvalidState and changes nothing. */
int container_move(Container *c, ContainerEvent event, Failure *f);
/* Writes the record where it belongs. Failure is logged. */
int container_save(Container *c);

/* Queues a job. @parameters' fds are taken over in every case. @done is called once, possibly before this
 * returns. */
void container_enqueue(Container *c, JobType type, const JobParameters *parameters, job_done_t done,
                       void *userdata);
/* The running job is over. Runs the next one, which may be a removal: @c may be gone afterwards. */
void container_job_done(Container *c, const Failure *f);
/* The same in two steps, for who has more to do in between. */
void container_job_settle(Container *c, const Failure *f);
void container_job_next(Container *c);

/* Signals the payload: @all: every process of it. Bypasses the queue. */
int container_kill(Container *c, bool all, int signal, Failure *f);

/* Tells of an event of this container, with its name and image, and @key=@value unless @key is NULL. */
void container_event(const Container *c, const char *action, const char *key, int value);

/* The same of a process in it: "exec", or "exec_died" with its exit status. */
void exec_event(const Container *c, const char *action, const char *exec_id, int status);

/* Calls back once when one of the conditions (a bit for each ContainerCondition) holds, maybe at once. */
int container_watch(Container *c, uint32_t conditions, container_watch_t callback, void *userdata,
                    Failure *f);
/* "stopped", podman's other words for the same, or several of them with commas in between. */
int container_conditions_parse(const char *s, uint32_t *ret, Failure *f);

/* Gives it another name (rename.c). What runs keeps its unit until the next start. */
int container_rename(Container *c, const char *name, Failure *f);
/* The unit of the next run: the name may still be that of a running container which was renamed. */
int container_choose_unit(Container *c);

/* The job that is under way, or NULL. */
Job *container_job(const Container *c);
/* The state, properties or health changed: tells observers and those who wait. */
void container_changed(Container *c);
void container_run_watches(Container *c);

/* The freezer of what runs (pause.c). */
int container_freeze(Container *c, bool freeze, Failure *f);
/* Lets a paused container go on; nothing for any other. */
int container_thaw(Container *c, Failure *f);
/* Takes from the cgroup whether it is paused: after a restart of creeld. */
void container_match_freezer(Container *c);

/* The jobs' work (container-start.c, container-stop.c, pause.c, restart.c). They end in
 * container_job_done(), now or later. */
void container_begin_start(Container *c, Job *j);
void container_begin_stop(Container *c, Job *j);
void container_begin_remove(Container *c, Job *j);
void container_begin_restart(Container *c, Job *j);
void container_begin_pause(Container *c, Job *j);
void container_begin_unpause(Container *c, Job *j);

/* Asks the payload to end and kills it when the time is over; a paused one is thawed first. What follows
 * comes with container_on_exited(). */
int container_ask_to_stop(Container *c, Job *j, Failure *f);

/* From the supervisor (supervisor.c). */
/* Goes on with a start that was held. */
void container_resume_start(Container *c);
void container_on_started(Container *c, pid_t leader, int leader_pidfd, uint64_t time_usec);
void container_on_start_failed(Container *c, const Failure *f);
void container_on_exited(Container *c, const ExitRecord *exit);

/* The compiled seccomp filter of its processes; @privileged: of one with all capabilities. */
int container_seccomp_filter(const Container *c, bool privileged, int *ret_fd, Failure *f);

/* Ends the removal: takes the container out of the engine and its files out of sight. */
void container_finish_removal(Container *c);
