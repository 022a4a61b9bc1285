/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "basic/memory.h"

int memory_grow(void *array, size_t *allocated, size_t need, size_t size) {
        void **p = array;
        void *q;
        size_t room;

        if (need <= *allocated)
                return 0;

        room = MAX(need, *allocated * 2);
        room = MAX(room, (size_t) 8);
        q = reallocarray(*p, room, size);
        if (!q)
                return -ENOMEM;

        *p = q;
        *allocated = room;
        return 0;
}
