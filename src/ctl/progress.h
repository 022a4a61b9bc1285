/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "basic/macro.h"

/* Shows how a transfer goes: bars that are redrawn on a terminal, else one line whenever a layer changes its
 * state. */
typedef struct Progress Progress;

/* @out is borrowed. @columns and @rows: the terminal's size; @columns 0: not a terminal. */
int progress_new(FILE *out, const char *reference, unsigned columns, unsigned rows, Progress **ret);
Progress *progress_free(Progress *p);
DEFINE_CLEANUP(Progress, progress_free)

/* "resolving", "fetching", "committing". */
void progress_set_state(Progress *p, const char *state);
/* Layers are known by their place; @digest and @state as Transfer.Layers has them. @now_usec: of the
 * monotonic clock. -E2BIG: too many. */
int progress_set_layer(Progress *p, size_t index, const char *digest, const char *state, uint64_t bytes,
                       uint64_t total_bytes, uint64_t now_usec);
void progress_draw(Progress *p);

#define PROGRESS_LAYERS_MAX 1024
