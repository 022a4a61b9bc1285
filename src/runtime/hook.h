/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* Runs the hooks of a document (OCI runtime-spec 1.2, config.md, "POSIX-platform Hooks"): in the namespaces,
 * the root and the directory of the caller, with the environment that the hook says and no descriptors but
 * its three streams. */

typedef struct HookContext {
        const char *id, *bundle;  /* of the container; the bundle's absolute path */
        int stdout_fd, stderr_fd; /* of the hooks; -EBADF: nobody sees the one, the other's last line becomes
                                     part of the failure */
} HookContext;

/* The container's state in JSON (runtime.md, "State"). @status: "creating", "created", "running",
 * "stopped". @pid: 0 where there is no process. */
int hook_state(const RuntimeSpec *spec, const HookContext *context, const char *status, pid_t pid,
               char **ret);

/* Runs one hook with that state on its stdin. Every failure, a status that is not 0 and a timeout included,
 * names the hook. */
int hook_run_one(const RuntimeSpec *spec, RuntimeHookKind kind, size_t i, const HookContext *context,
                 const char *state, Failure *reterr);

/* Runs all hooks of one kind, in order, until one fails. */
int hook_run(const RuntimeSpec *spec, RuntimeHookKind kind, const HookContext *context, const char *status,
             pid_t pid, Failure *reterr);
