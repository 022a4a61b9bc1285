/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* The two FIFOs between a container that is created and the one who starts it: see RuntimeOptions.start_fd.
 */
typedef struct Gate {
        int start_fd, result_fd;
} Gate;

#define GATE_NONE ((Gate){ .start_fd = -EBADF, .result_fd = -EBADF })

void gate_done(Gate *g);

/* Makes them in the container's directory and opens the payload's ends. */
int gate_make(int dir_fd, Gate *ret, Failure *f);

/* Opens the other ends. InvalidState: the payload is gone. */
int gate_open(int dir_fd, const char *id, Gate *ret, Failure *f);

/* Lets it go, and waits until the program executes, or for the reason why it does not. */
int gate_start(const Gate *g, Failure *f);

/* The container does not wait any more. */
void gate_remove(int dir_fd);
