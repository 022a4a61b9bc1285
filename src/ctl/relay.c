/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "basic/memory.h"
#include "ctl/relay.h"

#define COPY_BYTES (64 * 1024)

struct Relay {
        sd_event *event;
        sd_event_source *source, *target;
        int from_fd, to_fd;
        DetachKeys keys;
        bool detached;
        relay_ended_t ended;
        void *userdata;
        char buffer[COPY_BYTES + DETACH_KEYS_MAX], input[COPY_BYTES];
        size_t start, end;
};

static void finish(Relay *r, RelayEnd end) {
        (void) sd_event_source_set_enabled(r->source, SD_EVENT_OFF);
        if (r->target)
                (void) sd_event_source_set_enabled(r->target, SD_EVENT_OFF);
        r->ended(r, end, r->userdata);
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* The target is full: the source has to wait for it. */
static int wait_for_target(Relay *r) {
        int k = r->target ? sd_event_source_set_enabled(r->target, SD_EVENT_ON)
                          : sd_event_add_io(r->event, &r->target, r->to_fd, EPOLLOUT, on_writable, r);

        return k < 0 ? k : sd_event_source_set_enabled(r->source, SD_EVENT_OFF);
}

static void write_out(Relay *r) {
        while (r->start < r->end) {
                ssize_t n = write(r->to_fd, r->buffer + r->start, r->end - r->start);

                if (n >= 0)
                        r->start += (size_t) n;
                else if (errno == EAGAIN && wait_for_target(r) >= 0)
                        return;
                else if (errno != EINTR) {
                        finish(r, RELAY_BROKEN);
                        return;
                }
        }
        r->start = r->end = 0;
        if (r->detached) {
                finish(r, RELAY_DETACH);
                return;
        }
        if (r->target)
                (void) sd_event_source_set_enabled(r->target, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(r->source, SD_EVENT_ON);
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        write_out(userdata);
        return 0;
}

static void copy(Relay *r) {
        ssize_t n = read(r->from_fd, r->input, sizeof(r->input));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                finish(r, RELAY_DONE);
                return;
        }
        r->end = detach_keys_filter(&r->keys, r->input, (size_t) n, r->buffer, &r->detached);
        write_out(r);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        copy(userdata);
        return 0;
}

static int on_turn(sd_event_source *source, void *userdata) {
        copy(userdata);
        return 0;
}

int relay_new(sd_event *event, int from_fd, int to_fd, const DetachKeys *keys, relay_ended_t ended,
              void *userdata, Relay **ret) {
        _cleanup_(relay_freep) Relay *r = new (Relay, 1);
        int k;

        if (!r)
                return -ENOMEM;
        r->event = sd_event_ref(event);
        r->source = r->target = NULL;
        r->from_fd = from_fd;
        r->to_fd = to_fd;
        r->keys = keys ? *keys : (DetachKeys){};
        r->detached = false;
        r->ended = ended;
        r->userdata = userdata;
        r->start = r->end = 0;
        k = sd_event_add_io(event, &r->source, from_fd, EPOLLIN, on_readable, r);
        if (k == -EPERM) { /* a file, which can always be read */
                k = sd_event_add_defer(event, &r->source, on_turn, r);
                if (k >= 0)
                        k = sd_event_source_set_enabled(r->source, SD_EVENT_ON);
        }
        if (k < 0)
                return k;
        *ret = TAKE_PTR(r);
        return 0;
}

Relay *relay_free(Relay *r) {
        if (!r)
                return NULL;
        (void) sd_event_source_disable_unref(r->source);
        (void) sd_event_source_disable_unref(r->target);
        sd_event_unref(r->event);
        return mfree(r);
}
