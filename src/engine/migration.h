/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

typedef struct Engine Engine;

/* The kernel lets a process move to another cgroup only after an RCU grace period
 * (cgroup_threadgroup_rwsem), some 10 ms, unless another one has just moved. PID 1 moves one for every
 * scope, so a start would wait for most of its time. This begins the wait at once, in the background: a
 * child in our own memory "moves" itself to the cgroup that it is in, which changes nothing. Does nothing
 * while the last one is under way, or where it cannot. */
void migration_announce(Engine *e);
