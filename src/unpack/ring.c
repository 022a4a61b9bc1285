/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "basic/memory.h"
#include "unpack/ring.h"

struct Ring {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        size_t n_slots, slot_bytes;
        uint8_t *slots[RING_SLOTS_MAX];
        size_t n_bytes[RING_SLOTS_MAX];
        uint64_t produced;
        uint64_t released[RING_CONSUMERS_MAX];
        bool holds[RING_CONSUMERS_MAX]; /* the consumer has the buffer number released[] in its hands */
        unsigned n_consumers;
        bool ended, aborted;
};

int ring_new(size_t n_slots, size_t slot_bytes, unsigned n_consumers, Ring **ret) {
        _cleanup_(ring_freep) Ring *r = new0(Ring, 1);

        assert(n_slots > 0 && n_slots <= RING_SLOTS_MAX);
        assert(n_consumers > 0 && n_consumers <= RING_CONSUMERS_MAX);

        if (!r)
                return -ENOMEM;
        r->n_slots = n_slots;
        r->slot_bytes = slot_bytes;
        r->n_consumers = n_consumers;
        (void) pthread_mutex_init(&r->lock, NULL);
        (void) pthread_cond_init(&r->changed, NULL);
        for (size_t i = 0; i < n_slots; i++) {
                r->slots[i] = malloc(slot_bytes);
                if (!r->slots[i])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(r);
        return 0;
}

Ring *ring_free(Ring *r) {
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->n_slots; i++)
                free(r->slots[i]);
        (void) pthread_cond_destroy(&r->changed);
        (void) pthread_mutex_destroy(&r->lock);
        return mfree(r);
}

size_t ring_slot_bytes(const Ring *r) {
        return r->slot_bytes;
}

static bool ring_is_full(const Ring *r) {
        for (unsigned i = 0; i < r->n_consumers; i++)
                if (r->produced - r->released[i] >= r->n_slots)
                        return true;
        return false;
}

void *ring_reserve(Ring *r) {
        void *slot = NULL;

        (void) pthread_mutex_lock(&r->lock);
        while (!r->aborted && ring_is_full(r))
                (void) pthread_cond_wait(&r->changed, &r->lock);
        if (!r->aborted)
                slot = r->slots[r->produced % r->n_slots];
        (void) pthread_mutex_unlock(&r->lock);
        return slot;
}

void ring_commit(Ring *r, size_t n_bytes) {
        assert(n_bytes > 0 && n_bytes <= r->slot_bytes);

        (void) pthread_mutex_lock(&r->lock);
        r->n_bytes[r->produced++ % r->n_slots] = n_bytes;
        (void) pthread_cond_broadcast(&r->changed);
        (void) pthread_mutex_unlock(&r->lock);
}

void ring_end(Ring *r) {
        (void) pthread_mutex_lock(&r->lock);
        r->ended = true;
        (void) pthread_cond_broadcast(&r->changed);
        (void) pthread_mutex_unlock(&r->lock);
}

int ring_next(Ring *r, unsigned consumer, const void **ret, size_t *ret_size) {
        int k;

        (void) pthread_mutex_lock(&r->lock);
        if (r->holds[consumer]) {
                r->holds[consumer] = false;
                r->released[consumer]++;
                (void) pthread_cond_broadcast(&r->changed);
        }
        while (!r->aborted && !r->ended && r->released[consumer] == r->produced)
                (void) pthread_cond_wait(&r->changed, &r->lock);
        if (r->aborted)
                k = -ECANCELED;
        else if (r->released[consumer] == r->produced)
                k = 0;
        else {
                size_t slot = r->released[consumer] % r->n_slots;

                *ret = r->slots[slot];
                *ret_size = r->n_bytes[slot];
                r->holds[consumer] = true;
                k = 1;
        }
        (void) pthread_mutex_unlock(&r->lock);
        return k;
}

void ring_abort(Ring *r) {
        (void) pthread_mutex_lock(&r->lock);
        r->aborted = true;
        (void) pthread_cond_broadcast(&r->changed);
        (void) pthread_mutex_unlock(&r->lock);
}
