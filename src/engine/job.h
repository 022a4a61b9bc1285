/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "basic/failure.h"
#include "basic/list.h"
#include "engine/engine.h"
#include "spec/container-spec.h"

/* What is to happen to a container. One job runs, a bounded number waits; a table decides what a new one
 * does to those that are there already. Killing is no job: it bypasses the queue. */

#define JOBS_MAX 8
#define JOB_WAITERS_MAX 64

typedef enum JobType {
        JOB_START,
        JOB_STOP,
        JOB_REMOVE,
        JOB_RESTART, /* a stop and a start in one */
        JOB_PAUSE,
        JOB_UNPAUSE,
        JOB_UPDATE,
        _JOB_TYPE_MAX,
} JobType;

/* What becomes of a new job in the face of the last one in the queue. */
typedef enum JobMerge {
        JOB_QUEUE,   /* waits its turn */
        JOB_JOIN,    /* is the same: shares its outcome */
        JOB_REPLACE, /* takes its place, which fails with Cancelled; only while that one has not begun, else
                        waits */
        JOB_REFUSE,  /* fails with Busy */
} JobMerge;

/* The caller's own: called exactly once. @f is NULL on success and borrowed otherwise. */
typedef void (*job_done_t)(Container *c, const Failure *f, void *userdata);

#define JOB_FDS_PASSED_MAX 64
#define JOB_LISTEN_NAMES_MAX 1024

/* The caller's fds for a start; consumed by container_enqueue(). */
typedef struct JobFds {
        int stdio[3];
        int session;
        int notify; /* leads to the caller's NOTIFY_SOCKET */
        int passed[JOB_FDS_PASSED_MAX];
        uint32_t passed_as[JOB_FDS_PASSED_MAX]; /* their numbers inside, from 3 */
        size_t n_passed, n_listen; /* the first n_listen are for sd_listen_fds(3) */
} JobFds;

#define JOB_FDS_NONE ((JobFds) { .stdio = { -EBADF, -EBADF, -EBADF }, .session = -EBADF, .notify = -EBADF })

void job_fds_close(JobFds *fds);

typedef struct JobParameters {
        JobFds fds;            /* start */
        uint16_t console_rows, console_columns; /* start with a terminal: its size; 0: not known */
        char listen_names[JOB_LISTEN_NAMES_MAX]; /* start: LISTEN_FDNAMES, or empty */
        uint64_t timeout_usec; /* stop, restart, remove: USEC_INFINITY: the container's own */
        int signal;            /* stop: 0: the container's own */
        bool force;            /* remove */
        bool volumes;          /* remove: the anonymous volumes, too */
        bool automatic;        /* by a policy, not by a user */
        ContainerSpec *update; /* update: the fields to change; consumed by container_enqueue() */
} JobParameters;

#define JOB_PARAMETERS_DEFAULT ((JobParameters) { .fds = JOB_FDS_NONE, .timeout_usec = UINT64_MAX })

typedef struct JobWaiter {
        job_done_t done;
        void *userdata;
} JobWaiter;

typedef struct Job {
        Container *container;
        JobType type;
        JobParameters parameters;
        bool begun;
        sd_event_source *timer; /* stop: until SIGKILL; pause: until it is given up */
        sd_event_source *io;    /* pause, unpause: the cgroup's events */
        JobWaiter *waiters;
        size_t n_waiters, n_waiters_allocated;
        LIST_FIELDS(struct Job, jobs);
} Job;

const char *job_type_to_string(JobType type);
int job_type_from_string(const char *s);

JobMerge job_merge(JobType last, JobType new);

int job_new(Container *c, JobType type, const JobParameters *parameters, Job **ret);
int job_add_waiter(Job *j, job_done_t done, void *userdata);
/* Tells the waiters and frees the job, which is out of any queue already. */
void job_settle(Job *j, const Failure *f);
Job *job_free(Job *j);
DEFINE_CLEANUP(Job, job_free)
