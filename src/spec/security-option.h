/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/macro.h"

/* The uses of --security-opt, as podman-run(1) and docker-run(1) spell them:
 *
 *     no-new-privileges[(=|:)BOOLEAN]      seccomp=(FILE|unconfined|builtin)     apparmor=(NAME|unconfined)
 *     label=(disable|nested|(user|role|type|level|filetype):WORD)                mask=PATH[:PATH...]
 *     unmask=(ALL|PATTERN[:PATTERN...])    proc-opts=OPTION[,OPTION...]           systempaths=unconfined
 *
 * A ':' may stand for the '='. Of a word that may stand once the last one counts. Labels are for SELinux,
 * which containers here do not use: they are checked, and mean nothing. */

typedef struct SecurityOptions {
        bool no_new_privileges;
        const char *seccomp, *apparmor, *proc_options; /* rests of the parsed strings; NULL: not said */
        char **mask, **unmask;                         /* absolute paths; patterns of glob(7), or "ALL" */
} SecurityOptions;

void security_options_done(SecurityOptions *o);
#define _cleanup_security_options_ _cleanup_(security_options_done)

/* -EINVAL with a hint. */
int security_options_parse(char *const *l, SecurityOptions *ret, const char **reterr_hint);

/* Is the path, masked or read-only by default, to be left alone? */
bool security_options_unmask(const SecurityOptions *o, const char *path);
