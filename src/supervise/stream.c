/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "supervise/stream.h"

void stream_done(Stream *s) {
        s->fd = fd_close(s->fd);
        s->buffer = mfree(s->buffer);
        s->start = s->end = 0;
}

bool stream_wants_input(const Stream *s) {
        return s->fd >= 0 && !s->blocked && !s->behind;
}

static int send_line(const Stream *s, const char *line, size_t n_bytes, bool partial) {
        JournalField fields[STREAM_FIELDS_MAX + 3];
        size_t n = 0;

        fields[n++] = (JournalField) { .name = "MESSAGE", .data = line, .n_bytes = n_bytes };
        fields[n++] = journal_string("PRIORITY", s->priority);
        fields[n++] = journal_string("CONTAINER_PARTIAL_MESSAGE", partial ? "true" : NULL);
        for (size_t i = 0; i < s->n_fields && i < STREAM_FIELDS_MAX; i++)
                fields[n++] = s->fields[i];
        return s->send(s->journal_fd, fields, n);
}

/* Takes the next line out of the buffer, or all of it when no line ends in a full one or none will any more.
 * False: not yet. */
static bool next_line(const Stream *s, size_t *ret_bytes, size_t *ret_consumed, bool *ret_partial) {
        const char *line = s->buffer + s->start;
        size_t n = s->end - s->start;
        const char *newline = n > 0 ? memchr(line, '\n', n) : NULL;

        *ret_partial = false;
        if (newline) {
                *ret_bytes = (size_t) (newline - line);
                *ret_consumed = *ret_bytes + 1;
        } else if (n == STREAM_LINE_MAX || (s->ended && n > 0)) {
                *ret_bytes = *ret_consumed = n;
                *ret_partial = !s->ended;
        } else
                return false;
        if (s->terminal && *ret_bytes > 0 && line[*ret_bytes - 1] == '\r' && newline)
                (*ret_bytes)--;
        return true;
}

int stream_resume(Stream *s) {
        size_t n, consumed;
        bool partial;

        s->blocked = false;
        while (s->buffer && next_line(s, &n, &consumed, &partial)) {
                int r = send_line(s, s->buffer + s->start, n, partial);

                if (r == -EAGAIN) {
                        s->blocked = true;
                        return 0;
                }
                if (r < 0) /* no journal: the payload must not stand still for that */
                        log_debug_errno(r, "cannot write to the journal, ignoring: %m");
                s->start += consumed;
        }
        if (s->start == s->end)
                s->start = s->end = 0;
        return 0;
}

static void stream_end(Stream *s) {
        s->fd = fd_close(s->fd);
        s->ended = true;
}

int stream_read(Stream *s) {
        ssize_t n;

        if (!s->buffer) {
                s->buffer = malloc(STREAM_LINE_MAX);
                if (!s->buffer)
                        return -ENOMEM;
        }
        if (s->start > 0) {
                memmove(s->buffer, s->buffer + s->start, s->end - s->start);
                s->end -= s->start;
                s->start = 0;
        }
        n = read(s->fd, s->buffer + s->end, STREAM_LINE_MAX - s->end);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) /* EIO: the last one has closed the terminal */
                stream_end(s);
        else {
                if (s->copy)
                        s->copy(s, s->buffer + s->end, (size_t) n);
                if (s->journal_fd < 0)
                        return 0;
                s->end += (size_t) n;
        }
        return stream_resume(s);
}
