/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/journal.h"

/* One output of the payload on its way to the journal: lines become entries; what is longer than
 * STREAM_LINE_MAX goes in pieces that carry CONTAINER_PARTIAL_MESSAGE=true, but for the last. */

#define STREAM_LINE_MAX (16 * 1024)
#define STREAM_FIELDS_MAX 16

/* Sends one entry; -EAGAIN: not now. journal_send() in all but the tests. */
typedef int (*StreamSendFunc)(int fd, const JournalField *fields, size_t n_fields);

typedef struct Stream {
        int fd;          /* what the payload writes to; -EBADF: at its end */
        int journal_fd;  /* -EBADF: everything is thrown away */
        StreamSendFunc send;
        const char *priority;
        bool terminal;   /* lines end with CR LF */
        const JournalField *fields; /* of every entry */
        size_t n_fields;
        char *buffer;    /* STREAM_LINE_MAX bytes, made when first needed */
        size_t start, end;
        bool ended;      /* nothing more comes: the rest is a line too */
        bool blocked;    /* the journal takes nothing at the moment */
        bool behind;     /* nor do those who read along; kept by their keeper */
        void (*copy)(struct Stream *s, const char *data, size_t n_bytes); /* hears all that is read; NULL */
        void *userdata;  /* of copy */
} Stream;

void stream_done(Stream *s);

/* Reads once, which must not block, and passes on what is complete. 0: go on; the fields of @s say what to
 * wait for. */
int stream_read(Stream *s);

/* Tries again what the journal did not take. */
int stream_resume(Stream *s);

/* True when the stream has room for more: poll its fd then. */
bool stream_wants_input(const Stream *s);
