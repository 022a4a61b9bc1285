/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"

/* The hooks of a runtime-spec document (OCI runtime-spec 1.2, config.md, "POSIX-platform Hooks"). */

#define RUNTIME_HOOKS_MAX 1024 /* of one kind */

typedef enum RuntimeHookKind {
        RUNTIME_HOOK_PRESTART,         /* in the runtime's namespaces: the container's exist, the root is not
                                          changed */
        RUNTIME_HOOK_CREATE_RUNTIME,   /* the same, after those */
        RUNTIME_HOOK_CREATE_CONTAINER, /* in the container's namespaces, the root not changed, after those */
        RUNTIME_HOOK_START_CONTAINER,  /* in the container, as part of start, before the program */
        RUNTIME_HOOK_POSTSTART,        /* in the runtime's namespaces, after the program was started */
        RUNTIME_HOOK_POSTSTOP,         /* in the runtime's namespaces, after the container was deleted */
        _RUNTIME_HOOK_MAX,
} RuntimeHookKind;

typedef struct RuntimeHook {
        char *path;            /* absolute */
        char **args;           /* with the name of the program; NULL: { path } */
        char **env;            /* NULL: empty */
        uint64_t timeout_usec; /* 0: none */
} RuntimeHook;

typedef struct RuntimeHooks {
        RuntimeHook *hooks;
        size_t n;
} RuntimeHooks;

void runtime_hooks_done(RuntimeHooks *h);

/* Reads one array. -EBADMSG: *@reterr_text says what is wrong with which member. -ENOMEM. */
int runtime_hooks_parse(json_object *array, RuntimeHooks *ret, const char **reterr_text);

const char *runtime_hook_kind_to_string(RuntimeHookKind kind); /* "prestart", "createRuntime", ... */
int runtime_hook_kind_from_string(const char *s);
