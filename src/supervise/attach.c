/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "supervise/attach.h"

void attachment_init(Attachment *a) {
        *a = (Attachment){ .session_fd = -EBADF };
        for (size_t i = 0; i < ATTACH_OUTPUTS; i++)
                a->outputs[i].fd = -EBADF;
}

static void output_done(AttachOutput *o) {
        o->fd = fd_close(o->fd);
        o->pending = mfree(o->pending);
        o->start = o->end = 0;
}

void attachment_done(Attachment *a) {
        char byte;

        for (size_t i = 0; i < ATTACH_OUTPUTS; i++)
                output_done(a->outputs + i);
        if (a->session_fd >= 0) {
                /* So that the client finds our last words: with something unread, it would find ECONNRESET.
                 */
                (void) shutdown(a->session_fd, SHUT_RD);
                while (recv(a->session_fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
                        ;
        }
        a->session_fd = fd_close(a->session_fd);
        a->has_terminal = false;
}

int attachment_take(Attachment *a, Message *m) {
        static const MessageField fields[ATTACH_OUTPUTS] = { FIELD_STDOUT, FIELD_STDERR };
        int r = 0;

        (void) message_take_fd(m, FIELD_SESSION, &a->session_fd);
        for (size_t i = 0; i < ATTACH_OUTPUTS && r >= 0; i++)
                /* The description is ours to change: creeld has let in nothing but pipes, sockets and files.
                 */
                if (message_take_fd(m, fields[i], &a->outputs[i].fd) >= 0)
                        r = fd_set_nonblock(a->outputs[i].fd, true);
        if (r < 0)
                attachment_done(a);
        return r;
}

/* Returns how much was taken; the output is given up when nobody will ever take more. */
static size_t output_write(AttachOutput *o, const char *data, size_t n) {
        size_t done = 0;

        while (o->fd >= 0 && done < n) {
                ssize_t k = write(o->fd, data + done, n - done);

                if (k >= 0)
                        done += (size_t) k;
                else if (errno == EAGAIN)
                        break;
                else if (errno != EINTR)
                        output_done(o);
        }
        return done;
}

int attachment_write(Attachment *a, size_t i, const char *data, size_t n) {
        AttachOutput *o = a->outputs + i;
        size_t done, left = o->end - o->start;
        char *pending;

        if (o->fd < 0)
                return 0;
        done = left > 0 ? 0 : output_write(o, data, n);
        if (o->fd < 0 || done == n)
                return 0;
        pending = malloc(left + n - done);
        if (!pending)
                return -ENOMEM;
        if (left > 0)
                memcpy(pending, o->pending + o->start, left);
        memcpy(pending + left, data + done, n - done);
        free(o->pending);
        o->pending = pending;
        o->start = 0;
        o->end = left + n - done;
        return 0;
}

void attachment_flush(Attachment *a, size_t i) {
        AttachOutput *o = a->outputs + i;

        if (o->start < o->end)
                o->start += output_write(o, o->pending + o->start, o->end - o->start);
        if (o->start == o->end) {
                o->pending = mfree(o->pending);
                o->start = o->end = 0;
        }
}

bool attachment_is_behind(const Attachment *a, size_t i) {
        return a->outputs[i].fd >= 0 && a->outputs[i].start < a->outputs[i].end;
}

static int send_fd(int socket_fd, MessageType type, MessageField field, int fd) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(type, &m);
        if (r >= 0)
                r = message_put_fd(m, field, fd);
        return r < 0 ? r : message_send_now(socket_fd, m);
}

int attachment_tell(Attachment *a, const char *id, const char *name, int master_fd, int stdin_fd) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_SESSION_STARTED, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_CONTAINER, id);
        if (r >= 0)
                r = message_put_string(m, FIELD_NAME, name);
        if (r >= 0)
                r = message_send_now(a->session_fd, m);
        if (r >= 0 && master_fd >= 0)
                r = send_fd(a->session_fd, MESSAGE_SESSION_TTY, FIELD_MASTER, master_fd);
        if (r >= 0 && stdin_fd >= 0)
                r = send_fd(a->session_fd, MESSAGE_SESSION_STDIN, FIELD_OUTPUT, stdin_fd);
        return r;
}

int attach_answer(int fd, uint64_t index, const Failure *f) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_SUPERVISE_ATTACHED, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_INDEX, index);
        if (r >= 0 && f && f->text)
                r = message_put_string(m, FIELD_ERROR, failure_kind_to_string(f->kind));
        if (r >= 0 && f && f->text)
                r = message_put_string(m, FIELD_TEXT, f->text);
        return r < 0 ? r : message_send_now(fd, m);
}
