/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/failure.h"
#include "proto/message.h"

/* Clients that read along with a container that was started detached, and may write to it. What the payload
 * says goes to all of them besides the journal, and to the last byte: while one of them does not take what
 * is there, nothing more is read from the payload. The terminal of one that has it goes to a single client.
 */

#define ATTACHMENTS_MAX 8
#define ATTACH_OUTPUTS 2

typedef struct AttachOutput {
        int fd; /* -EBADF: not wanted, or its reader is gone */
        char *pending;
        size_t start, end; /* of what was not taken yet */
} AttachOutput;

typedef struct Attachment {
        int session_fd; /* -EBADF: a free place */
        bool has_terminal;
        AttachOutput outputs[ATTACH_OUTPUTS];
} Attachment;

void attachment_init(Attachment *a);
void attachment_done(Attachment *a);

/* Takes over the fds of a MESSAGE_SUPERVISE_ATTACH, @a being free. */
int attachment_take(Attachment *a, Message *m);

/* Passes @n bytes of output @i on, or keeps them. A reader that is gone is forgotten. */
int attachment_write(Attachment *a, size_t i, const char *data, size_t n);
/* Tries again. */
void attachment_flush(Attachment *a, size_t i);
/* True when there is something that output @i did not take. */
bool attachment_is_behind(const Attachment *a, size_t i);

/* Tells the client that it is attached, with the terminal @master_fd or the standard input @stdin_fd where
 * they are ones. */
int attachment_tell(Attachment *a, const char *id, const char *name, int master_fd, int stdin_fd);

/* Answers a MESSAGE_SUPERVISE_ATTACH of @index; @f: why it is refused, or NULL. */
int attach_answer(int fd, uint64_t index, const Failure *f);
