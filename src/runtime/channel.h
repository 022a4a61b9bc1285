/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/failure.h"

/* The talk between the runtime and the payload process that it made, until that process executes: packets of
 * a SOCK_SEQPACKET pair. Both ends are our own program, so the format is the memory's. */

#define CHANNEL_FDS_MAX 253 /* SCM_MAX_FD */
#define CHANNEL_TEXT_MAX 1024

typedef enum PacketType {
        PACKET_MAPPED,   /* to the payload: its user namespace has its mappings */
        PACKET_MOUNTS,   /* to the payload: fds[i] is the mount that slots[i] says */
        PACKET_CREATED,  /* from the payload: its tree is made, and it waits */
        PACKET_RESUME,   /* to the payload: it may change its root */
        PACKET_GO,       /* to the payload: it is in its cgroup */
        PACKET_READY,    /* from the payload: it waits to be started (runtime/hold.h) */
        PACKET_LISTENER, /* from the payload: fds[0] is the listener of its filter (runtime/listener.h) */
        PACKET_LISTENED, /* to the payload: whoever answers has it */
        PACKET_TERMINAL, /* from the payload: fds[0] is the master of its terminal */
        PACKET_FAILED,   /* from the payload: kind and text */
        _PACKET_TYPE_MAX,
} PacketType;

/* Slots of a MountSet besides the index of a mount in the specification. */
#define SLOT_ROOT (-1)
#define SLOT_DEV (-2)
#define SLOT_USR (-3) /* goes on the root's /usr */

typedef struct Packet {
        PacketType type;
        FailureKind kind;
        char text[CHANNEL_TEXT_MAX];
        bool more; /* of PACKET_MOUNTS: another one follows */
        size_t n_fds;
        short slots[CHANNEL_FDS_MAX];
        int fds[CHANNEL_FDS_MAX]; /* owned by the receiver, borrowed by the sender */
} Packet;

int channel_new(int *ret_parent, int *ret_child);

/* Sends the packet; fds are borrowed. -EPIPE: the peer is gone. */
int channel_send(int fd, const Packet *packet);
int channel_send_plain(int fd, PacketType type);
/* A packet without descriptors by write(2), which every seccomp filter lets pass that may be in force by
 * then. A peer that is gone is SIGPIPE. */
int channel_write(int fd, const Packet *packet);

/* Waits for one packet. 1: *@ret is filled in, and its fds are the caller's. 0: the peer is gone. */
int channel_recv(int fd, Packet *ret);
/* Closes what fds are left in the packet. */
void packet_done(Packet *packet);
