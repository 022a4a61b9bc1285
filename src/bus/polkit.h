/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "basic/macro.h"

/* Who may do what: polkit's answer for the sender of a method call, without ever blocking the loop.
 *
 * A method that needs a permission asks in its first lines, and is entered a second time once the answer is
 * there:
 *
 *     static int method_remove(sd_bus_message *call, void *userdata, sd_bus_error *error) {
 *             Service *service = userdata;
 *             const char *const details[] = { "container", name, "verb", "remove", NULL };
 *             int r;
 *
 *             (read and check the arguments)
 *             r = polkit_check(service->polkit, call, "org.creel1.manage-containers", details,
 * method_remove, service, error); if (r <= 0) return r < 0 ? r : 1;      (0: entered again later, nothing is
 * answered yet) (do it)
 *     }
 *
 * The message is rewound before the second entry. @userdata of the second entry is what was handed over
 * here, so it has to outlive the Polkit: an object that may vanish while somebody types a password is looked
 * up again by the call's path. A call asks for one action.
 *
 * The sender's uid is asked from the bus once per connection and remembered until it disconnects: from then
 * on root passes by a hash lookup. Everybody else passes when polkit says so; where no polkit runs, only
 * root passes. */

#define POLKIT_CHECKS_PER_SENDER_MAX 16
#define POLKIT_SENDERS_MAX 4096

typedef struct Polkit Polkit;

/* Borrows nothing: holds a reference to @bus, which may still be connecting. */
int polkit_new(sd_bus *bus, Polkit **ret);
/* Pending calls are answered with an error. */
Polkit *polkit_free(Polkit *p);
DEFINE_CLEANUP(Polkit, polkit_free)

/* May the sender of @call do @action? @details: key, value, ..., NULL for polkit's rules and dialogs; may be
 * NULL. 1: yes. 0: the answer is pending, @again will be called with (@call, @userdata). -EACCES: no, @error
 * says so. -E2BIG: the sender has too many questions open. */
int polkit_check(Polkit *p, sd_bus_message *call, const char *action, const char *const *details,
                 sd_bus_message_handler_t again, void *userdata, sd_bus_error *error);
/* The uid of the sender of @call, which polkit_check() has let pass. -ENODATA: not known. */
int polkit_sender_uid(Polkit *p, sd_bus_message *call, uid_t *ret);
