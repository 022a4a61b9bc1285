/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "spec/process-column.h"

/* The list of a container's processes. A short-lived worker reads it (supervise/top.h); when that takes
 * longer than a few seconds, because a process does not let itself be looked at, it is given up. */

#define TOPS_MAX 16u
#define TOP_ROWS_MAX 4096u

/* @rows: one strv per process, a string per column; NULL with @f. Called once. */
typedef void (*top_done_t)(char **const *rows, size_t n_rows, const Failure *f, void *userdata);

/* -ESTALE, InvalidState: it does not run. LimitsExceeded: TOPS_MAX are under way. */
int container_top(Container *c, const ProcessColumn *columns, size_t n_columns, top_done_t done,
                  void *userdata, Failure *f);
