/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>

#include "basic/macro.h"

/* Calls @print whenever the journal grows: after its inotify events, never by polling. */
typedef struct Follow Follow;

/* Starts watching; what is in the journal already is the caller's to read after this and before the loop, so
 * that nothing is missed. @print returns 1 to end the loop with success, negative to end it with an error.
 */
int follow_new(sd_event *event, sd_journal *journal, int (*print)(sd_journal *j, void *userdata),
               void *userdata, Follow **ret);
Follow *follow_free(Follow *w);
DEFINE_CLEANUP(Follow, follow_free)

/* Prints what there is by now. Results as @print has them. */
int follow_drain(Follow *w);

/* Ends the loop at this time. */
int follow_until(sd_event *event, uint64_t realtime_usec);

static inline void event_unrefp(sd_event **e) {
        sd_event_unref(*e);
}

#define _cleanup_event_ _cleanup_(event_unrefp)
