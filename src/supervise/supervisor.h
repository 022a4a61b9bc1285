/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "runtime/runtime.h"
#include "supervise/attach.h"
#include "supervise/record.h"
#include "supervise/start.h"
#include "supervise/stream.h"

#define SUPERVISOR_PEERS_MAX 8
#define SUPERVISOR_STREAMS 2

/* One container from its start to its end. Peers are creeld: the one that started us, and those that connect
 * after it.
 */
typedef struct Supervisor {
        Start start;
        Runtime *runtime;
        int scope_fd, payload_fd; /* cgroups */
        int peers[SUPERVISOR_PEERS_MAX];
        int master_fd, peer_fd; /* the terminal; the peer is held so that the master never sees a hang-up
                                   between two programs */
        int signal_fd, journal_fd;
        Stream streams[SUPERVISOR_STREAMS];
        bool owns_stream[SUPERVISOR_STREAMS]; /* nobody brought a file for it */
        int stdin_fd; /* write side of the payload's standard input; -EBADF: not ours, or at its end */
        Attachment attachments[ATTACHMENTS_MAX];
        JournalField fields[STREAM_FIELDS_MAX];
        size_t n_fields;
        char short_id[13];
        uint64_t started_usec, kill_deadline_usec; /* the latter monotonic; 0: none */
        int notify_socket;   /* what the payload says by sd_notify(3); -EBADF: nothing */
        char **notify_state; /* what of it still holds */
        uint64_t notify_pause_usec; /* monotonic: not before; 0: now */
        bool has_pid_namespace, exited, stopping;
        ExitRecord record;
} Supervisor;

void supervisor_init(Supervisor *s, int socket_fd);
void supervisor_done(Supervisor *s);

/* From START to the executing payload. 0: go on. 1: creeld is gone before it said GO; there is nothing to do
 * any more.
 */
int supervisor_start(Supervisor *s, Failure *reterr);

/* Until the payload has ended and everybody knows. */
int supervisor_run(Supervisor *s);
