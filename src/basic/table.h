/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>

#include "basic/macro.h"
#include "basic/str.h"

/* Defines NAME_to_string() and NAME_from_string() (-EINVAL for an unknown word) over the array NAME_table,
 * and refuses to compile when the array does not have exactly @max entries. */
#define DEFINE_STRING_TABLE(name, type, max)                                                           \
        static_assert(ELEMENTSOF(name##_table) == (size_t) (max), #name "_table is not full");         \
        const char *name##_to_string(type v) {                                                         \
                return (int) v >= 0 && (size_t) v < ELEMENTSOF(name##_table) ? name##_table[v] : NULL; \
        }                                                                                              \
        int name##_from_string(const char *s) {                                                        \
                for (size_t i = 0; s && i < ELEMENTSOF(name##_table); i++)                             \
                        if (name##_table[i] && streq(name##_table[i], s))                              \
                                return (int) i;                                                        \
                return -EINVAL;                                                                        \
        }
