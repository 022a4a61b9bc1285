/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "basic/macro.h"
#include "ctl/detach-keys.h"

/* Copies one descriptor to another in an event loop, as fast as the slower of the two. */
typedef struct Relay Relay;

typedef enum RelayEnd {
        RELAY_DONE,   /* the source is at its end, and everything is out */
        RELAY_BROKEN, /* the target takes nothing any more */
        RELAY_DETACH, /* the detach keys were typed */
} RelayEnd;

/* Called once; nothing is copied any more. */
typedef void (*relay_ended_t)(Relay *r, RelayEnd end, void *userdata);

/* Both descriptors are borrowed and may be anything. @keys: what to look for in the source; NULL: nothing.
 */
int relay_new(sd_event *event, int from_fd, int to_fd, const DetachKeys *keys, relay_ended_t ended,
              void *userdata, Relay **ret);
Relay *relay_free(Relay *r);
DEFINE_CLEANUP(Relay, relay_free)
