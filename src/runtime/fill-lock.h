/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* Of several containers that start with the same empty volume one fills it (runtime/fill.h), and the others
 * wait until it is full. The lock is on the directory that the volume lies in, which no container can reach.
 */

typedef struct FillLock {
        int *fds;
        size_t n;
} FillLock;

void fill_lock_release(FillLock *l);

/* Waits until none of the volumes that @spec fills is being filled by another, then keeps those that are
 * empty; none is kept while waiting. */
int fill_lock_take(const RuntimeSpec *spec, FillLock *ret);
