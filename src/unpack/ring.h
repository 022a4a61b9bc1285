/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "basic/macro.h"

/* A bounded queue of buffers between one producing thread and up to two consuming ones. Each consumer sees
 * every buffer, in order; a buffer is used again when all have let go of it. Nothing is copied. */

#define RING_CONSUMERS_MAX 2
#define RING_SLOTS_MAX 16

typedef struct Ring Ring;

int ring_new(size_t n_slots, size_t slot_bytes, unsigned n_consumers, Ring **ret);
Ring *ring_free(Ring *r); /* no thread may use it any more */
DEFINE_CLEANUP(Ring, ring_free)

size_t ring_slot_bytes(const Ring *r);

/* The producer: waits for a free buffer, NULL once the ring is aborted. Then hands over the first @n_bytes
 * (> 0) of it. */
void *ring_reserve(Ring *r);
void ring_commit(Ring *r, size_t n_bytes);
/* No more is to come. */
void ring_end(Ring *r);

/* A consumer: lets go of what it got before and waits for the next buffer. 1: *@ret is borrowed until the
 * next call. 0: the end. -ECANCELED: aborted. */
int ring_next(Ring *r, unsigned consumer, const void **ret, size_t *ret_size);

/* Wakes all threads up for good. */
void ring_abort(Ring *r);
