/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "basic/macro.h"

#define new(type, n) ((type *) reallocarray(NULL, (n), sizeof(type)))
#define new0(type, n) ((type *) calloc((n) ?: 1, sizeof(type)))

static inline void *mfree(void *p) {
        free(p);
        return NULL;
}

static inline void freep(void *p) {
        free(*(void **) p);
}

#define _cleanup_free_ _cleanup_(freep)

/* Grows *@array (elements of @size bytes) to hold at least @need elements; *@allocated is the present room
 * in elements. Doubles, so that appending is amortised. -ENOMEM leaves both untouched. */
int memory_grow(void *array, size_t *allocated, size_t need, size_t size);

/* GREEDY_REALLOC(array, allocated, need): true when there is room for @need elements. */
#define GREEDY_REALLOC(array, allocated, need) \
        (memory_grow(&(array), &(allocated), (need), sizeof((array)[0])) >= 0)
