/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "spec/runtime-spec.h"

/* The options --pid, --ipc, --uts, --cgroupns and --network: whose namespace of a type a container has. */

typedef enum NamespaceKind {
        NAMESPACE_PRIVATE,
        NAMESPACE_HOST,
        NAMESPACE_CONTAINER, /* that of another container */
        NAMESPACE_PATH,      /* one that a path leads to */
        NAMESPACE_NONE,      /* ipc: private without /dev/shm; network: private without interfaces */
        NAMESPACE_SHAREABLE, /* ipc: private, and may be lent */
} NamespaceKind;

typedef struct NamespaceMode {
        NamespaceKind kind;
        const char *target; /* the container or path: the rest of the parsed string */
} NamespaceMode;

/* @s may be NULL for the default of the type. -EINVAL with a hint. */
int namespace_mode_parse(RuntimeNamespaceType type, const char *s, NamespaceMode *ret,
                         const char **reterr_hint);

/* Has the container a namespace of its own? */
static inline bool namespace_mode_is_own(const NamespaceMode *m) {
        return m->kind == NAMESPACE_PRIVATE || m->kind == NAMESPACE_NONE || m->kind == NAMESPACE_SHAREABLE;
}
