/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/channel.h"
#include "runtime/mount-set.h"

#define STEP 32

void mount_set_done(MountSet *s) {
        for (size_t i = 0; i < s->n; i++)
                (void) fd_close(s->fds[i]);
        s->fds = mfree(s->fds);
        s->slots = mfree(s->slots);
        s->n = 0;
}

static int grow(MountSet *s, size_t n) {
        int *fds = reallocarray(s->fds, n, sizeof(*fds));
        short *slots;

        if (!fds)
                return -ENOMEM;
        s->fds = fds;
        slots = reallocarray(s->slots, n, sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        s->slots = slots;
        return 0;
}

int mount_set_add(MountSet *s, short slot, int fd) {
        int r = s->n % STEP == 0 ? grow(s, s->n + STEP) : 0;

        if (r < 0) {
                (void) fd_close(fd);
                return r;
        }
        s->slots[s->n] = slot;
        s->fds[s->n++] = fd;
        return 0;
}

int mount_set_send(const MountSet *s, int channel) {
        size_t sent = 0;
        int r;

        do {
                Packet packet = { .type = PACKET_MOUNTS };

                packet.n_fds = MIN(s->n - sent, (size_t) CHANNEL_FDS_MAX);
                if (packet.n_fds > 0) {
                        memcpy(packet.fds, s->fds + sent, packet.n_fds * sizeof(int));
                        memcpy(packet.slots, s->slots + sent, packet.n_fds * sizeof(short));
                }
                sent += packet.n_fds;
                packet.more = sent < s->n;
                r = channel_send(channel, &packet);
        } while (r >= 0 && sent < s->n);
        return r;
}

static int receive_one(int channel, MountSet *s, bool *ret_more, Failure *reterr) {
        _cleanup_(packet_done) Packet packet = {};
        int r;

        r = channel_recv(channel, &packet);
        if (r <= 0)
                return r;
        if (packet.type == PACKET_FAILED)
                return failure_set(reterr, packet.kind, "%.*s", (int) sizeof(packet.text), packet.text);
        if (packet.type != PACKET_MOUNTS)
                return -EBADMSG;
        for (size_t i = 0; i < packet.n_fds; i++) {
                r = mount_set_add(s, packet.slots[i], TAKE_FD(packet.fds[i]));
                if (r < 0)
                        return r;
        }
        *ret_more = packet.more;
        return 1;
}

int mount_set_receive(int channel, MountSet *ret, Failure *reterr) {
        _cleanup_(mount_set_done) MountSet s = {};
        bool more = true;

        while (more) {
                int r = receive_one(channel, &s, &more, reterr);

                if (r <= 0)
                        return r;
        }
        *ret = s;
        s = (MountSet){};
        return 1;
}
