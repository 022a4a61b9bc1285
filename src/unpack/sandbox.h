/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this worker keeps while it works on bytes that nobody has checked. */

typedef enum SandboxJob {
        SANDBOX_UNPACK,
        SANDBOX_REMOVE,
        _SANDBOX_JOB_MAX,
} SandboxJob;

/* Enters the sandbox: @rootfd becomes the root and working directory. Must be called before there are threads. Steps marked optional in sandbox.c are left out
 * where the environment forbids them (EPERM), as within another container; the others are fatal. */
int sandbox_enter(SandboxJob job, int rootfd);
