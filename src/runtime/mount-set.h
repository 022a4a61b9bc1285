/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "basic/failure.h"

/* Mounts on their way from one process to another: descriptors, each with the slot that it is for, in as
 * many packets of runtime/channel.h as it takes. */

typedef struct MountSet {
        int *fds; /* owned */
        short *slots;
        size_t n;
} MountSet;

void mount_set_done(MountSet *s);

/* Takes over @fd, even on failure. */
int mount_set_add(MountSet *s, short slot, int fd);

int mount_set_send(const MountSet *s, int channel);

/* 1: *@ret is filled in. 0: the peer is gone. A packet of type PACKET_FAILED is a failure. */
int mount_set_receive(int channel, MountSet *ret, Failure *reterr);
