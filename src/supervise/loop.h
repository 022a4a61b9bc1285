/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "supervise/supervisor.h"

/* Waits for everything at once until the payload has ended and its output is out, then reports. */
int loop_run(Supervisor *s);

/* Tells creeld at @fd that the payload executes, or that it has ended. */
int loop_send_started(Supervisor *s, int fd);

/* What a stream reads goes to those who are attached, too. */
void loop_copy_stream(Stream *stream, const char *data, size_t n_bytes);

/* Reads the terminal here from now on; in supervisor.c. */
void supervisor_drain_terminal(Supervisor *s);
