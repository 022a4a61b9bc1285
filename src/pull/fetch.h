/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/failure.h"
#include "pull/registry.h"
#include "spec/image-record.h"

/* Streams layers into pipes, several at once. A pipe that is full pauses its own transfer only. A broken
 * download goes on where it broke; sizes are checked here, digests by the reader of the pipe. */

#define FETCH_CONNECTIONS_MAX 6
#define FETCH_ATTEMPTS_MAX 5

typedef struct Fetch Fetch;

/* Borrows everything. PULL_PROGRESS and PULL_FETCHED go to @socket. */
int fetch_new(Registry *registry, const ImageRecord *record, const char *name, int socket, Fetch **ret);
Fetch *fetch_free(Fetch *f);
DEFINE_CLEANUP(Fetch, fetch_free)

/* Queues layer @index for the pipe @output, which is taken over in any case. -EINVAL: no such layer. -EBUSY:
 * asked for already. */
int fetch_add(Fetch *f, uint64_t index, int output);

/* Does what can be done without waiting. -EPIPE: the socket's peer is gone. */
int fetch_step(Fetch *f, Failure *reterr);

/* Waits for the network, the pipes, a timer, or the socket; *ret_socket tells whether that one has something
 * to read. */
int fetch_wait(Fetch *f, bool *ret_socket);
