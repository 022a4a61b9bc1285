/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "basic/failure.h"
#include "spec/runtime-resource.h"

/* The device policy of a cgroup: linux.resources.devices as a program of type BPF_PROG_TYPE_CGROUP_DEVICE.
 * The last rule about a kind of access counts, and what no rule speaks of is refused. All containers may use
 * null, zero, full, random, urandom, tty, console, ptmx and pseudo terminals, and make the node of any
 * device, which by itself opens nothing; rules do not change that (as in runc and crun). */

/* Do the rules end in "everything is allowed"? Then no program is needed. */
bool device_filter_is_open(const RuntimeDeviceRule *rules, size_t n_rules);

/* The program. */
int device_filter_compile(const RuntimeDeviceRule *rules, size_t n_rules, struct bpf_insn **ret,
                          size_t *ret_n);

/* Gives the cgroup @fd the policy, or, with @replace, another one in the place of ours, without a moment
 * between the two in which there is none. @lenient: the caller is no root of the host's, and may not be
 * allowed to; nor may what it starts use a device that its user could not. */
int device_filter_apply(int fd, const RuntimeDeviceRule *rules, size_t n_rules, bool replace, bool lenient,
                        Failure *reterr);
