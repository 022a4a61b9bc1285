/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* Where creel-oci says what went wrong: a failure goes to stderr and to --log, everything else (warnings,
 * with
 * --debug more) to --log, or to stderr where there is none. Standard error of `create` is the container's.
 *
 * In the format "json" a line of the log is what containerd and podman read:
 *
 *     {"level":"error","msg":TEXT,"time":RFC 3339} */

/* @log: a file, which is appended to, "file:FILE", "journald:IDENTIFIER" or "syslog:IDENTIFIER"; NULL: none.
 * @format: "text" or "json". The log is opened now: later this process may be elsewhere. */
int report_setup(const char *log, const char *format, Failure *f);

/* Prints the failure and clears it. @r: what the failed function returned, for when there is no text. */
void report_failure(Failure *f, int r);
