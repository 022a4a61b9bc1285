/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>
#include <sys/random.h>

#include "basic/hashmap.h"
#include "basic/memory.h"
#include "basic/str.h"

typedef struct Entry {
        const char *key; /* NULL: removed */
        void *value;
        uint64_t hash;
} Entry;

struct Hashmap {
        Entry *entries; /* in order of insertion, with holes */
        size_t n_entries, n_allocated, n_live;
        uint32_t *buckets; /* index into entries plus one; 0: free. Linear probing, never more than half full
                            */
        size_t n_buckets;
        uint64_t seed;
};

Hashmap *hashmap_new(void) {
        Hashmap *h = new0(Hashmap, 1);

        /* Names come from users: a seed keeps anyone from choosing colliding ones. */
        if (h && getrandom(&h->seed, sizeof(h->seed), GRND_NONBLOCK) != sizeof(h->seed))
                h->seed = (uint64_t) (uintptr_t) h;
        return h;
}

Hashmap *hashmap_free(Hashmap *h) {
        if (!h)
                return NULL;
        free(h->entries);
        free(h->buckets);
        return mfree(h);
}

static uint64_t hash_string(const Hashmap *h, const char *s) {
        uint64_t v = h->seed ^ UINT64_C(0xcbf29ce484222325);

        for (; *s; s++)
                v = (v ^ (uint8_t) *s) * UINT64_C(0x100000001b3);
        return v ^ (v >> 29);
}

static void bucket_insert(Hashmap *h, uint32_t entry) {
        size_t b = h->entries[entry].hash & (h->n_buckets - 1);

        while (h->buckets[b] != 0)
                b = (b + 1) & (h->n_buckets - 1);
        h->buckets[b] = entry + 1;
}

/* Drops the holes and makes room for one more entry. */
static int hashmap_rebuild(Hashmap *h) {
        size_t n = MAX((size_t) 16, h->n_buckets), k = 0;
        uint32_t *buckets;

        while (n < (h->n_live + 1) * 4)
                n *= 2;
        buckets = new0(uint32_t, n);
        if (!buckets)
                return -ENOMEM;
        free(h->buckets);
        h->buckets = buckets;
        h->n_buckets = n;

        for (size_t i = 0; i < h->n_entries; i++)
                if (h->entries[i].key)
                        h->entries[k++] = h->entries[i];
        h->n_entries = k;
        for (size_t i = 0; i < k; i++)
                bucket_insert(h, (uint32_t) i);
        return 0;
}

static Entry *hashmap_find(const Hashmap *h, const char *key, uint64_t hash) {
        if (h->n_buckets == 0)
                return NULL;
        for (size_t b = hash & (h->n_buckets - 1); h->buckets[b] != 0; b = (b + 1) & (h->n_buckets - 1)) {
                Entry *e = h->entries + h->buckets[b] - 1;

                if (e->key && e->hash == hash && streq(e->key, key))
                        return e;
        }
        return NULL;
}

int hashmap_put(Hashmap *h, const char *key, void *value) {
        uint64_t hash = hash_string(h, key);
        int r;

        assert(value);

        if (hashmap_find(h, key, hash))
                return -EEXIST;
        if ((h->n_entries + 1) * 2 > h->n_buckets) {
                r = hashmap_rebuild(h);
                if (r < 0)
                        return r;
        }
        if (!GREEDY_REALLOC(h->entries, h->n_allocated, h->n_entries + 1))
                return -ENOMEM;
        h->entries[h->n_entries] = (Entry) { .key = key, .value = value, .hash = hash };
        bucket_insert(h, (uint32_t) h->n_entries++);
        h->n_live++;
        return 0;
}

void *hashmap_get(const Hashmap *h, const char *key) {
        Entry *e = hashmap_find(h, key, hash_string(h, key));

        return e ? e->value : NULL;
}

void *hashmap_remove(Hashmap *h, const char *key) {
        Entry *e = hashmap_find(h, key, hash_string(h, key));

        if (!e)
                return NULL;
        e->key = NULL;
        h->n_live--;
        return TAKE_PTR(e->value);
}

size_t hashmap_size(const Hashmap *h) {
        return h->n_live;
}

void *hashmap_iterate(const Hashmap *h, size_t *i) {
        while (*i < h->n_entries) {
                Entry *e = h->entries + (*i)++;

                if (e->key)
                        return e->value;
        }
        return NULL;
}
