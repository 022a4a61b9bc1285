/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/macro.h"

/* A failure that reaches a user: which kind, one line that names the thing and the way out, and the exit
 * status that the command line gives. Kinds are the last parts of the D-Bus error names org.creel1.Error.*.
 */

typedef enum FailureKind {
        FAILURE_NO_SUCH_CONTAINER,
        FAILURE_NO_SUCH_IMAGE,
        FAILURE_NO_SUCH_NETWORK,
        FAILURE_NO_SUCH_VOLUME,
        FAILURE_NO_SUCH_TRANSFER,
        FAILURE_NAME_IN_USE,
        FAILURE_INVALID_STATE,
        FAILURE_INVALID_ARGUMENT,
        FAILURE_INSUFFICIENT_RESOURCES,
        FAILURE_NETWORK,
        FAILURE_STORAGE,
        FAILURE_SECURITY,
        FAILURE_CONFIGURATION,
        FAILURE_REGISTRY,
        FAILURE_AUTHENTICATION_REQUIRED,
        FAILURE_BUSY,
        FAILURE_LIMITS_EXCEEDED,
        FAILURE_CANCELLED,
        FAILURE_COMMAND_NOT_FOUND,      /* the payload's program; exit status 127 */
        FAILURE_COMMAND_NOT_EXECUTABLE, /* exit status 126 */
        FAILURE_SYSTEM,
        _FAILURE_KIND_MAX,
} FailureKind;

typedef struct Failure {
        FailureKind kind;
        char *text; /* NULL: no failure */
} Failure;

void failure_done(Failure *f);
#define _cleanup_failure_ _cleanup_(failure_done)

/* Fills in *@f, replacing what was there (@f may be NULL). Always returns the negative errno that goes with
 * the kind, so that functions can `return failure_set(...)`. */
int failure_set(Failure *f, FailureKind kind, const char *format, ...) _printf_(3, 4);
/* "cannot ...: <text of @error>", with either sign. ENOSPC and EDQUOT are Storage whatever @kind says, and
 * say what to do. */
int failure_set_errno(Failure *f, FailureKind kind, int error, const char *format, ...) _printf_(4, 5);

/* "NoSuchContainer" and back; from_string gives -EINVAL for an unknown word. */
const char *failure_kind_to_string(FailureKind kind);
int failure_kind_from_string(const char *s);
int failure_kind_to_errno(FailureKind kind);
/* The exit status of creelctl for a failure of this kind: documented in creelctl(1), "Exit status". */
int failure_kind_to_exit_status(FailureKind kind);
