/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/macro.h"
#include "runtime/channel.h"

typedef union Control {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * CHANNEL_FDS_MAX)];
} Control;

int channel_new(int *ret_parent, int *ret_child) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return negative_errno();
        *ret_parent = fds[0];
        *ret_child = fds[1];
        return 0;
}

int channel_send(int fd, const Packet *packet) {
        struct iovec iov = { (void *) packet, offsetof(Packet, fds) };
        struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
        Control control = {};

        if (packet->n_fds > CHANNEL_FDS_MAX)
                return -E2BIG;
        if (packet->n_fds > 0) {
                size_t n = sizeof(int) * packet->n_fds;

                mh.msg_control = &control;
                mh.msg_controllen = CMSG_SPACE(n);
                control.header = (struct cmsghdr) {
                        .cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS,
                        .cmsg_len = CMSG_LEN(n),
                };
                memcpy(CMSG_DATA(&control.header), packet->fds, n);
        }
        for (;;) {
                if (sendmsg(fd, &mh, MSG_NOSIGNAL) >= 0)
                        return 0;
                if (errno != EINTR)
                        return errno == ECONNRESET ? -EPIPE : negative_errno();
        }
}

int channel_write(int fd, const Packet *packet) {
        while (write(fd, packet, offsetof(Packet, fds)) < 0)
                if (errno != EINTR)
                        return negative_errno();
        return 0;
}

int channel_send_plain(int fd, PacketType type) {
        Packet packet = { .type = type };

        return channel_send(fd, &packet);
}

int channel_recv(int fd, Packet *ret) {
        struct iovec iov = { ret, offsetof(Packet, fds) };
        Control control;
        struct msghdr mh = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        ssize_t n;

        /* A peer that ends with unread packets leaves ECONNRESET, once, in front of its last words. */
        do
                n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC);
        while (n < 0 && (errno == EINTR || errno == ECONNRESET));
        if (n < 0)
                return negative_errno();
        if (n == 0)
                return 0;

        ret->n_fds = 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
                        ret->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                        memcpy(ret->fds, CMSG_DATA(c), ret->n_fds * sizeof(int));
                }
        if (n != offsetof(Packet, fds) || (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
                packet_done(ret);
                return -EBADMSG;
        }
        return 1;
}

void packet_done(Packet *packet) {
        for (size_t i = 0; i < packet->n_fds; i++)
                packet->fds[i] = fd_close(packet->fds[i]);
        packet->n_fds = 0;
}
