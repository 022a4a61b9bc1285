/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"

/* Descriptors of our caller that a container's process gets besides its streams, under their own numbers:
 * those of sd_listen_fds(3) from 3 on, and those that --preserve-fds counts behind them. */

#define PASSING_FDS_MAX 1024

typedef struct Passing {
        int *fds;
        unsigned *numbers; /* the same ones; what RuntimeOptions.passed_as wants */
        size_t n;
        size_t n_listen; /* LISTEN_FDS; may be more than there are */
} Passing;

void passing_done(Passing *p);

/* What is inherited is recognised by not being close-on-exec, as everything that we open ourselves is; from
 * now on it is, too. Numbers that are not open are left out, as crun does. LISTEN_FDS counts where
 * LISTEN_PID is ours or not set. */
int passing_collect(uint64_t preserve, Passing *ret, Failure *f);

/* Sets LISTEN_FDS and LISTEN_FDNAMES in the environment @env of the process; LISTEN_PID is known only there.
 */
int passing_set_environment(const Passing *p, char ***env);
