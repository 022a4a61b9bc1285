/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/macro.h"

/* A map from strings to pointers. Neither keys nor values are owned: the key usually lives in the value.
 * Iteration order is the order of insertion, so that listings are stable. */
typedef struct Hashmap Hashmap;

Hashmap *hashmap_new(void);
Hashmap *hashmap_free(Hashmap *h);

/* -EEXIST: the key is taken. */
int hashmap_put(Hashmap *h, const char *key, void *value);
void *hashmap_get(const Hashmap *h, const char *key);
/* Returns the value that was there, or NULL. */
void *hashmap_remove(Hashmap *h, const char *key);
size_t hashmap_size(const Hashmap *h);

/* Iterates: start with *@i = 0; NULL at the end. Removing the entry just returned is allowed. */
void *hashmap_iterate(const Hashmap *h, size_t *i);

#define HASHMAP_FOREACH(v, h) for (size_t _i_##v = 0; ((v) = hashmap_iterate((h), &_i_##v));)

DEFINE_CLEANUP(Hashmap, hashmap_free)
