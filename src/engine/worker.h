/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"
#include "engine/staged.h"
#include "proto/message.h"

/* A creel-pull or creel-unpack process and the socket to it. */

typedef struct Worker Worker;

/* @m: NULL when the worker is gone (its socket closed) without having said it failed. The worker may be
 * freed inside. */
typedef void (*worker_message_t)(Worker *w, Message *m, void *userdata);

int worker_start(Engine *e, int program_fd, const char *name, worker_message_t callback, void *userdata,
                 Worker **ret);
int worker_send(Worker *w, const Message *m);
/* Its messages, and its death, are heard before those of other workers. */
int worker_hear_first(Worker *w);
/* Kills the process, reaps it in the background and forgets the callback. */
Worker *worker_free(Worker *w);
/* The same, letting go of a hold on @tree (may be NULL) only when the process is gone. */
Worker *worker_free_tree(Worker *w, StagedTree *tree);
DEFINE_CLEANUP(Worker, worker_free)

/* Turns MESSAGE_FAILED, or a silent death (NULL), into a failure. @what: "pulling x". */
int worker_failure(const Message *m, const char *what, Failure *f);
