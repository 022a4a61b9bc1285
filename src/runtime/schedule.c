/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/ioprio.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/schedule.h"
#include "spec/cpu-set.h"

/* sched_setattr(2), version 0: the kernel's own header cannot be read beside the C library's. */
typedef struct SchedulerAttributes {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
} SchedulerAttributes;

static int set_scheduler(const RuntimeScheduler *s, Failure *reterr) {
        SchedulerAttributes attr = {
                .size = sizeof(attr),
                .policy = s->policy,
                .flags = s->flags,
                .nice = s->nice,
                .priority = s->priority,
                .runtime = s->runtime_nsec,
                .deadline = s->deadline_nsec,
                .period = s->period_nsec,
        };

        if (!s->set || syscall(SYS_sched_setattr, 0, &attr, 0) >= 0)
                return 0;
        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                 "cannot set the scheduling that process.scheduler asks for");
}

static int set_io_priority(const RuntimeIoPriority *p, Failure *reterr) {
        if (!p->set ||
            syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(p->class, p->priority)) >= 0)
                return 0;
        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                 "cannot set the priority that process.ioPriority asks for");
}

int schedule_apply(const RuntimeProcess *p, Failure *reterr) {
        int r;

        r = set_io_priority(&p->io_priority, reterr);
        return r < 0 ? r : set_scheduler(&p->scheduler, reterr);
}

int schedule_set_cpus(const char *cpus, Failure *reterr) {
        cpu_set_t set;

        if (!cpus)
                return 0;
        if (cpu_set_parse(cpus, &set) < 0)
                return -EINVAL;
        return sched_setaffinity(0, sizeof(set), &set) < 0
                               ? failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                                   "cannot run on the CPUs %s; the container may have none "
                                                   "of them",
                                                   cpus)
                               : 0;
}
