/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/table.h"
#include "engine/job.h"

static const char *const job_type_table[] = {
        [JOB_START] = "start", [JOB_STOP] = "stop",       [JOB_REMOVE] = "remove", [JOB_RESTART] = "restart",
        [JOB_PAUSE] = "pause", [JOB_UNPAUSE] = "unpause", [JOB_UPDATE] = "update",
};
DEFINE_STRING_TABLE(job_type, JobType, _JOB_TYPE_MAX)

/* [last][new]. What ends the container replaces what only changes it; a removal lets nothing but itself
 * through. */
static const JobMerge merge_table[_JOB_TYPE_MAX][_JOB_TYPE_MAX] = {
        [JOB_START] = {
                [JOB_START] = JOB_REFUSE, [JOB_STOP] = JOB_REPLACE, [JOB_REMOVE] = JOB_REPLACE,
                [JOB_RESTART] = JOB_QUEUE, [JOB_PAUSE] = JOB_QUEUE, [JOB_UNPAUSE] = JOB_QUEUE,
        },
        [JOB_STOP] = {
                [JOB_START] = JOB_QUEUE, [JOB_STOP] = JOB_JOIN, [JOB_REMOVE] = JOB_QUEUE,
                [JOB_RESTART] = JOB_QUEUE, [JOB_PAUSE] = JOB_REFUSE, [JOB_UNPAUSE] = JOB_REFUSE,
        },
        [JOB_REMOVE] = {
                [JOB_START] = JOB_REFUSE, [JOB_STOP] = JOB_REFUSE, [JOB_REMOVE] = JOB_JOIN,
                [JOB_RESTART] = JOB_REFUSE, [JOB_PAUSE] = JOB_REFUSE, [JOB_UNPAUSE] = JOB_REFUSE,
                [JOB_UPDATE] = JOB_REFUSE,
        },
        [JOB_RESTART] = {
                [JOB_START] = JOB_QUEUE, [JOB_STOP] = JOB_REPLACE, [JOB_REMOVE] = JOB_REPLACE,
                [JOB_RESTART] = JOB_JOIN, [JOB_PAUSE] = JOB_QUEUE, [JOB_UNPAUSE] = JOB_QUEUE,
        },
        [JOB_PAUSE] = {
                [JOB_START] = JOB_QUEUE, [JOB_STOP] = JOB_REPLACE, [JOB_REMOVE] = JOB_REPLACE,
                [JOB_RESTART] = JOB_REPLACE, [JOB_PAUSE] = JOB_JOIN, [JOB_UNPAUSE] = JOB_QUEUE,
        },
        [JOB_UNPAUSE] = {
                [JOB_START] = JOB_QUEUE, [JOB_STOP] = JOB_QUEUE, [JOB_REMOVE] = JOB_QUEUE,
                [JOB_RESTART] = JOB_QUEUE, [JOB_PAUSE] = JOB_QUEUE, [JOB_UNPAUSE] = JOB_JOIN,
        },
        /* JOB_UPDATE waits, and what comes behind it does. */
};

JobMerge job_merge(JobType last, JobType new) {
        return merge_table[last][new];
}

void job_fds_close(JobFds *fds) {
        for (int i = 0; i < 3; i++)
                fds->stdio[i] = fd_close(fds->stdio[i]);
        fds->session = fd_close(fds->session);
        fds->notify = fd_close(fds->notify);
        for (size_t i = 0; i < fds->n_passed; i++)
                (void) fd_close(fds->passed[i]);
        fds->n_passed = fds->n_listen = 0;
}

int job_new(Container *c, JobType type, const JobParameters *parameters, Job **ret) {
        Job *j = new0(Job, 1);

        if (!j)
                return -ENOMEM;
        j->container = c;
        j->type = type;
        j->parameters = *parameters;
        *ret = j;
        return 0;
}

int job_add_waiter(Job *j, job_done_t done, void *userdata) {
        if (!done)
                return 0;
        if (j->n_waiters >= JOB_WAITERS_MAX)
                return -E2BIG;
        if (!GREEDY_REALLOC(j->waiters, j->n_waiters_allocated, j->n_waiters + 1))
                return -ENOMEM;
        j->waiters[j->n_waiters++] = (JobWaiter) { done, userdata };
        return 0;
}

void job_settle(Job *j, const Failure *f) {
        for (size_t i = 0; i < j->n_waiters; i++)
                j->waiters[i].done(j->container, f && f->text ? f : NULL, j->waiters[i].userdata);
        (void) job_free(j);
}

Job *job_free(Job *j) {
        if (!j)
                return NULL;
        (void) sd_event_source_disable_unref(j->timer);
        (void) sd_event_source_disable_unref(j->io);
        job_fds_close(&j->parameters.fds);
        (void) container_spec_free(j->parameters.update);
        free(j->waiters);
        return mfree(j);
}
