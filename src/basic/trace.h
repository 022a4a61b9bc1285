/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/macro.h"

/* Where the time of a start goes (./dev bench trace). Where the environment has CREEL_TRACE=FILE, each
 * program appends a line for every stage that it has reached:
 *
 *      <nanoseconds of the monotonic clock> <program>[<pid>] <stage>
 *
 * Without it a stage costs one comparison. */

/* Opens the file once; @program must stay valid. A process made by clone(2) calls it again with its own
 * name. */
void trace_setup(const char *program);

/* What a program that we start needs in its environment to go on with this: one assignment or none, and
 * NULL. */
char *const *trace_environment(void);

extern int trace_fd;
void trace_write(const char *stage);

#define trace(stage)                        \
        do {                                \
                if (trace_fd >= 0)          \
                        trace_write(stage); \
        } while (false)
