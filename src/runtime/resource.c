/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/cgroup-tree.h"
#include "runtime/cgroup.h"
#include "runtime/resource.h"
#include "spec/weight.h"

#define CPU_PERIOD_DEFAULT_USEC 100000
#define VALUE_BYTES_MAX 128

#define refuse(f, ...) failure_set(f, FAILURE_CONFIGURATION, __VA_ARGS__)

typedef struct Target {
        int fd;
        Failure *failure;
} Target;

static const char *const throttle_words[] = {
        [RUNTIME_THROTTLE_READ_BPS] = "rbps",
        [RUNTIME_THROTTLE_WRITE_BPS] = "wbps",
        [RUNTIME_THROTTLE_READ_IOPS] = "riops",
        [RUNTIME_THROTTLE_WRITE_IOPS] = "wiops",
};
static_assert(ELEMENTSOF(throttle_words) == _RUNTIME_THROTTLE_MAX, "throttle_words is not full");

static int fail(const Target *t, const char *name, const char *value, int error) {
        int n = (int) strcspn(name, ".");

        if (error == -ENOENT)
                return refuse(t->failure,
                              "there is no %s in the container's cgroup: the controller '%.*s' is not there "
                              "or "
                              "not enabled; see cgroup.controllers there, or leave the limit out",
                              name, n, name);
        return failure_set_errno(t->failure, FAILURE_CONFIGURATION, error,
                                 "cannot set %s of the container's cgroup to '%s'", name, value);
}

static int set(const Target *t, const char *name, const char *value) {
        int r = cgroup_write(t->fd, name, value);

        return r < 0 ? fail(t, name, value, r) : 0;
}

static void format_limit(char value[static VALUE_BYTES_MAX], uint64_t limit) {
        if (limit == UINT64_MAX)
                (void) snprintf(value, VALUE_BYTES_MAX, "max");
        else
                (void) snprintf(value, VALUE_BYTES_MAX, "%" PRIu64, limit);
}

static int set_limit(const Target *t, const char *name, uint64_t limit) {
        char value[VALUE_BYTES_MAX];

        format_limit(value, limit);
        return set(t, name, value);
}

/* -1, and less, is no limit. */
static uint64_t limit_of(RuntimeNumber n) {
        return n.value < 0 ? UINT64_MAX : (uint64_t) n.value;
}

int resource_swap_max(const RuntimeResources *r, uint64_t *ret, Failure *reterr) {
        bool limited = r->memory_limit.set && r->memory_limit.value > 0;

        if (!r->memory_swap.set || r->memory_swap.value == 0) {
                if (!r->memory_limit.set || r->memory_limit.value >= 0)
                        return 0;
                *ret = UINT64_MAX; /* as memory itself */
                return 1;
        }
        if (r->memory_swap.value < 0) {
                *ret = UINT64_MAX;
                return 1;
        }
        if (!limited)
                return refuse(reterr,
                              "linux.resources.memory.swap: a limit of memory and swap together needs "
                              "one of memory; give memory.limit, too");
        if (r->memory_swap.value < r->memory_limit.value)
                return refuse(reterr,
                              "linux.resources.memory.swap: memory and swap together, %" PRIi64
                              ", must be at least memory.limit, %" PRIi64,
                              r->memory_swap.value, r->memory_limit.value);
        *ret = (uint64_t) (r->memory_swap.value - r->memory_limit.value);
        return 1;
}

static int check_usage(const Target *t, uint64_t limit) {
        uint64_t usage;

        if (limit == UINT64_MAX || cgroup_read_number(t->fd, "memory.current", &usage) < 0 || usage <= limit)
                return 0;
        return refuse(t->failure,
                      "memory.limit of %" PRIu64 " bytes is less than the container uses (%" PRIu64
                      "); take more, or leave out memory.checkBeforeUpdate",
                      limit, usage);
}

/* A kernel without swap has none to limit. */
static int set_swap(const Target *t, uint64_t swap) {
        char value[VALUE_BYTES_MAX];
        int r;

        format_limit(value, swap);
        r = cgroup_write(t->fd, "memory.swap.max", value);
        if (r == -ENOENT && (swap == UINT64_MAX || swap == 0) &&
            faccessat(t->fd, "memory.max", F_OK, 0) >= 0)
                return 0;
        return r < 0 ? fail(t, "memory.swap.max", value, r) : 0;
}

static int apply_memory(const Target *t, const RuntimeResources *res) {
        /* 0 is what callers say who mean "not at all". */
        bool limited = res->memory_limit.set && res->memory_limit.value != 0;
        uint64_t swap;
        int r, swapped;

        swapped = resource_swap_max(res, &swap, t->failure);
        if (swapped < 0)
                return swapped;
        if (limited && res->memory_check_before_update) {
                r = check_usage(t, limit_of(res->memory_limit));
                if (r < 0)
                        return r;
        }
        if (swapped) {
                r = set_swap(t, swap);
                if (r < 0)
                        return r;
        }
        r = limited ? set_limit(t, "memory.max", limit_of(res->memory_limit)) : 0;
        if (r >= 0 && res->memory_reservation.set && res->memory_reservation.value != 0)
                r = set_limit(t, "memory.low", limit_of(res->memory_reservation));
        return r;
}

bool resource_cpu_max(const RuntimeResources *r, uint64_t *ret_quota, uint64_t *ret_period) {
        if (!(r->cpu_quota.set && r->cpu_quota.value != 0) &&
            !(r->cpu_period.set && r->cpu_period.value > 0))
                return false;
        *ret_quota = r->cpu_quota.set && r->cpu_quota.value > 0 ? (uint64_t) r->cpu_quota.value : UINT64_MAX;
        *ret_period = r->cpu_period.set && r->cpu_period.value > 0 ? (uint64_t) r->cpu_period.value
                                                                   : CPU_PERIOD_DEFAULT_USEC;
        return true;
}

static int apply_quota(const Target *t, const RuntimeResources *res) {
        char limit[VALUE_BYTES_MAX], value[VALUE_BYTES_MAX * 2], burst[VALUE_BYTES_MAX];
        uint64_t quota, period;
        bool burst_set = false;
        int r = 0;

        /* A burst is at most the quota: one that is lowered goes first, one that is raised goes last. */
        if (res->cpu_burst.set) {
                format_limit(burst, limit_of(res->cpu_burst));
                burst_set = cgroup_write(t->fd, "cpu.max.burst", burst) >= 0;
        }
        if (resource_cpu_max(res, &quota, &period)) {
                format_limit(limit, quota);
                (void) snprintf(value, sizeof(value), "%s %" PRIu64, limit, period);
                r = set(t, "cpu.max", value);
        }
        return r < 0 || !res->cpu_burst.set || burst_set ? r : set(t, "cpu.max.burst", burst);
}

static int apply_cpu(const Target *t, const RuntimeResources *res) {
        char value[VALUE_BYTES_MAX];
        int r = 0;

        if (res->cpu_idle.set) {
                (void) snprintf(value, sizeof(value), "%" PRIi64, res->cpu_idle.value);
                r = set(t, "cpu.idle", value);
        }
        /* 0: docker has no opinion. What is idle has no weight. */
        if (r >= 0 && res->cpu_shares.set && res->cpu_shares.value > 0 &&
            !(res->cpu_idle.set && res->cpu_idle.value == 1))
                r = set_limit(t, "cpu.weight", weight_of_shares(res->cpu_shares.value));
        if (r >= 0)
                r = apply_quota(t, res);
        if (r >= 0 && !isempty(res->cpus))
                r = set(t, "cpuset.cpus", res->cpus);
        if (r >= 0 && !isempty(res->mems))
                r = set(t, "cpuset.mems", res->mems);
        return r;
}

/* BFQ has a file and a scale of its own, those of version 1. */
static int apply_weight(const Target *t, const char *device, uint64_t weight) {
        char value[VALUE_BYTES_MAX];
        int r;

        (void) snprintf(value, sizeof(value), "%s%" PRIu64, device, weight);
        r = cgroup_write(t->fd, "io.bfq.weight", value);
        if (r >= 0)
                return 0;
        if (r != -ENOENT)
                return fail(t, "io.bfq.weight", value, r);
        (void) snprintf(value, sizeof(value), "%s%" PRIu64, device, weight_of_blkio(weight));
        return set(t, "io.weight", value);
}

static int apply_io(const Target *t, const RuntimeResources *res) {
        char value[VALUE_BYTES_MAX], limit[VALUE_BYTES_MAX];
        int r = 0;

        if (res->block_weight.set && res->block_weight.value != 0)
                r = apply_weight(t, "", (uint64_t) res->block_weight.value);
        for (size_t i = 0; r >= 0 && i < res->n_block_weights; i++) {
                const RuntimeBlockWeight *w = res->block_weights + i;

                (void) snprintf(value, sizeof(value), "%" PRIu32 ":%" PRIu32 " ", w->major, w->minor);
                if (w->weight.set)
                        r = apply_weight(t, value, (uint64_t) w->weight.value);
        }
        for (size_t i = 0; r >= 0 && i < res->n_throttles; i++) {
                const RuntimeThrottle *throttle = res->throttles + i;

                format_limit(limit, throttle->rate > 0 ? throttle->rate : UINT64_MAX);
                (void) snprintf(value, sizeof(value), "%" PRIu32 ":%" PRIu32 " %s=%.32s", throttle->major,
                                throttle->minor, throttle_words[throttle->kind], limit);
                r = set(t, "io.max", value);
        }
        return r;
}

/* Pages that are reserved count as well, where the kernel can tell. */
static int apply_hugepages(const Target *t, const RuntimeResources *res) {
        char value[VALUE_BYTES_MAX];

        for (size_t i = 0; i < res->n_hugepages; i++) {
                const RuntimeHugepageLimit *h = res->hugepages + i;
                char name[NAME_MAX];
                int r;

                (void) snprintf(name, sizeof(name), "hugetlb.%.32s.max", h->page_size);
                r = set_limit(t, name, h->limit);
                if (r < 0)
                        return r;
                format_limit(value, h->limit);
                (void) snprintf(name, sizeof(name), "hugetlb.%.32s.rsvd.max", h->page_size);
                r = cgroup_write(t->fd, name, value);
                if (r < 0 && r != -ENOENT)
                        return fail(t, name, value, r);
        }
        return 0;
}

static int apply_rdma(const Target *t, const RuntimeResources *res) {
        for (size_t i = 0; i < res->n_rdma; i++) {
                const RuntimeRdmaLimit *l = res->rdma + i;
                char value[NAME_MAX + VALUE_BYTES_MAX];
                size_t n;
                int r;

                n = (size_t) snprintf(value, sizeof(value), "%.*s", NAME_MAX, l->device);
                if (l->handles.set)
                        n += (size_t) snprintf(value + n, sizeof(value) - n, " hca_handle=%" PRIi64,
                                               l->handles.value);
                if (l->objects.set)
                        (void) snprintf(value + n, sizeof(value) - n, " hca_object=%" PRIi64,
                                        l->objects.value);
                r = set(t, "rdma.max", value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_unified(const Target *t, const char *parent, char *const *pairs) {
        static const char *const foreign[] = { "hugetlb", "rdma", "misc" };

        STRV_FOREACH(i, pairs) {
                _cleanup_free_ char *name = strndup(*i, strcspn(*i, "="));
                size_t n;
                int r;

                if (!name)
                        return -ENOMEM;
                n = strcspn(name, ".");
                for (size_t k = 0; k < ELEMENTSOF(foreign); k++)
                        if (n == strlen(foreign[k]) && strncmp(name, foreign[k], n) == 0)
                                (void) cgroup_enable(parent, foreign[k]);
                if (!path_component_is_valid(name))
                        return refuse(t->failure, "linux.resources.unified: '%s' is no file of a cgroup",
                                      name);
                r = set(t, name, *i + strlen(name) + 1);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool resource_is_wanted(const RuntimeResources *r) {
        return r->memory_limit.set || r->memory_reservation.set || r->memory_swap.set || r->cpu_shares.set ||
               r->cpu_quota.set || r->cpu_period.set || r->cpu_burst.set || r->cpu_idle.set || r->cpus ||
               r->mems || r->pids_limit.set || r->block_weight.set || r->n_block_weights > 0 ||
               r->n_throttles > 0 || r->n_hugepages > 0 || r->n_rdma > 0 || r->unified;
}

int resource_apply(int fd, const char *path, const RuntimeResources *res, Failure *reterr) {
        _cleanup_free_ char *parent = strdup(path);
        const Target t = { fd, reterr };
        int r;

        if (!parent)
                return -ENOMEM;
        *(strrchr(parent, '/') ?: parent) = 0;
        if (res->n_hugepages > 0)
                (void) cgroup_enable(parent, "hugetlb");
        if (res->n_rdma > 0)
                (void) cgroup_enable(parent, "rdma");
        r = apply_memory(&t, res);
        if (r >= 0)
                r = apply_cpu(&t, res);
        /* 0 means no limit to engines, and a cgroup that may have no process would be of no use. */
        if (r >= 0 && res->pids_limit.set)
                r = set_limit(&t, "pids.max",
                              res->pids_limit.value > 0 ? (uint64_t) res->pids_limit.value : UINT64_MAX);
        if (r >= 0)
                r = apply_io(&t, res);
        if (r >= 0)
                r = apply_hugepages(&t, res);
        if (r >= 0)
                r = apply_rdma(&t, res);
        return r < 0 ? r : apply_unified(&t, parent, res->unified);
}
