/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* Gives the calling process the scheduling policy and the priority for block devices that the document asks
 * for; nothing where it does not. Most take CAP_SYS_NICE. */
int schedule_apply(const RuntimeProcess *p, Failure *reterr);

/* Has it run on these CPUs (spec/cpu-set.h) alone; NULL: as it is. */
int schedule_set_cpus(const char *cpus, Failure *reterr);
