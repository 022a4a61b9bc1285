/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oci/container.h"
#include "runtime/hook.h"

/* The hooks of a container: who runs them says what they are told. */
typedef struct OciHooks {
        HookContext context;
} OciHooks;

#define OCI_HOOKS_NONE ((OciHooks){ .context = { .stdout_fd = -EBADF, .stderr_fd = -EBADF } })

void oci_hooks_done(OciHooks *h);

/* Opens the files that crun's annotations run.oci.hooks.stdout and run.oci.hooks.stderr name, which are
 * appended to. @c is borrowed. */
int oci_hooks_open(const RuntimeSpec *spec, const OciContainer *c, OciHooks *ret, Failure *f);

bool oci_hooks_wanted(const RuntimeSpec *spec, RuntimeHookKind kind);

/* Runs all of one kind. One that fails is a warning: the others are run all the same (runtime.md,
 * "Lifecycle", of poststart and poststop). */
void oci_hooks_run_all(const RuntimeSpec *spec, const OciHooks *h, RuntimeHookKind kind, OciStatus status,
                       pid_t pid);
