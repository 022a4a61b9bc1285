/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unpack/ring.h"

#include "test.h"

#define ROUNDS 20000
#define SLOT_BYTES 64

static size_t size_of(uint64_t round) {
        return 1 + (size_t) (round * 7 % SLOT_BYTES);
}

typedef struct Consumer {
        Ring *ring;
        unsigned number;
        uint64_t n_seen;
        int last;
} Consumer;

static void *consume(void *userdata) {
        Consumer *c = userdata;
        const void *data;
        size_t n;

        while ((c->last = ring_next(c->ring, c->number, &data, &n)) > 0) {
                const uint8_t *p = data;

                for (size_t i = 0; i < n; i++)
                        if (n != size_of(c->n_seen) || p[i] != (uint8_t) c->n_seen)
                                return NULL;
                c->n_seen++;
        }
        return NULL;
}

static void test_every_consumer_sees_everything(void **state) {
        _cleanup_(ring_freep) Ring *ring = NULL;
        Consumer consumers[2] = {};
        pthread_t threads[2];

        assert_int_equal(ring_new(3, SLOT_BYTES, 2, &ring), 0);
        for (unsigned i = 0; i < 2; i++) {
                consumers[i] = (Consumer) { .ring = ring, .number = i };
                assert_int_equal(pthread_create(threads + i, NULL, consume, consumers + i), 0);
        }
        for (uint64_t round = 0; round < ROUNDS; round++) {
                void *slot = ring_reserve(ring);

                assert_non_null(slot);
                memset(slot, (uint8_t) round, size_of(round));
                ring_commit(ring, size_of(round));
        }
        ring_end(ring);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
                assert_int_equal(consumers[i].n_seen, ROUNDS);
                assert_int_equal(consumers[i].last, 0);
        }
}

static void *produce_for_ever(void *userdata) {
        void *slot;

        while ((slot = ring_reserve(userdata))) {
                memset(slot, 0, SLOT_BYTES);
                ring_commit(userdata, 1);
        }
        return NULL;
}

static void test_abort_wakes_everybody(void **state) {
        _cleanup_(ring_freep) Ring *ring = NULL, *full = NULL;
        Consumer waiting = {};
        pthread_t consumer, producer;
        const void *data;
        size_t n;

        assert_int_equal(ring_new(2, SLOT_BYTES, 1, &ring), 0);
        assert_int_equal(ring_new(2, SLOT_BYTES, 1, &full), 0);
        waiting.ring = ring;
        assert_int_equal(pthread_create(&consumer, NULL, consume, &waiting), 0);
        assert_int_equal(pthread_create(&producer, NULL, produce_for_ever, full), 0);
        ring_abort(ring);
        ring_abort(full);
        assert_int_equal(pthread_join(consumer, NULL), 0);
        assert_int_equal(pthread_join(producer, NULL), 0);
        assert_int_equal(waiting.last, -ECANCELED);
        assert_null(ring_reserve(ring));
        assert_int_equal(ring_next(ring, 0, &data, &n), -ECANCELED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_consumer_sees_everything),
                cmocka_unit_test(test_abort_wakes_everybody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
