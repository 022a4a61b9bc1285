/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "spec/runtime-resource.h"

/* linux.resources as the files of a cgroup of version 2 (kernel, admin-guide/cgroup-v2.rst). The device
 * policy is runtime/device-filter.h. */

/* Writes what is asked for into the cgroup @fd, whose path from the hierarchy's root is @path; nothing is
 * written for what is not. A controller that systemd does not know, such as hugetlb, is enabled on the way
 * there. Configuration: values that contradict each other, a controller that is not there, or a value that
 * the kernel refuses. */
int resource_apply(int fd, const char *path, const RuntimeResources *r, Failure *reterr);

/* Is anything asked for but a device policy? */
bool resource_is_wanted(const RuntimeResources *r);

/* memory.swap.max from what version 1 has: a limit of memory and swap together. 0: nothing is said about
 * swap. 1: *@ret, UINT64_MAX for no limit. */
int resource_swap_max(const RuntimeResources *r, uint64_t *ret, Failure *reterr);

/* Quota and period in microseconds; no quota is UINT64_MAX. False: nothing is said about either. */
bool resource_cpu_max(const RuntimeResources *r, uint64_t *ret_quota, uint64_t *ret_period);
