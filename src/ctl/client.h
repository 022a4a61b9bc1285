/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "basic/failure.h"
#include "ctl/ctl.h"

#define CREEL_BUS_NAME "org.creel1"
#define CREEL_BUS_PATH "/org/creel1"
#define CREEL_MANAGER "org.creel1.Manager"
#define CREEL_CONTAINER "org.creel1.Container"
#define CREEL_IMAGE "org.creel1.Image"
#define CREEL_TRANSFER "org.creel1.Transfer"

static inline void bus_message_unrefp(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}

static inline void bus_slot_unrefp(sd_bus_slot **slot) {
        sd_bus_slot_unref(*slot);
}

static inline void bus_error_done(sd_bus_error *e) {
        sd_bus_error_free(e);
}

#define _cleanup_bus_message_ _cleanup_(bus_message_unrefp)
#define _cleanup_bus_slot_ _cleanup_(bus_slot_unrefp)
#define _cleanup_bus_error_ _cleanup_(bus_error_done)

/* Connects to the system bus unless that has happened. */
int client_connect(Ctl *c, Failure *f);

/* Turns an answer's error into a failure: creeld's own by their kind and text, the bus's by what to do about
 * them. @e may be NULL, then @r (negative) decides. Returns a negative errno. */
int client_failure(const sd_bus_error *e, int r, Failure *f);

/* True for errors that mean that creeld or the bus went away before it answered. */
bool client_error_is_lost(const sd_bus_error *e);

/* Calls a method of creeld and waits for the answer, however long it takes. @ret may be NULL. */
int client_call(Ctl *c, const char *path, const char *interface, const char *member, sd_bus_message **ret,
                Failure *f, const char *types, ...);
/* The same for a message that was built before. A question (Get..., List...) whose answer is lost with
 * creeld is asked once more. */
int client_send(Ctl *c, sd_bus_message *m, sd_bus_message **ret, Failure *f);
int client_new_call(Ctl *c, const char *path, const char *interface, const char *member,
                    sd_bus_message **ret, Failure *f);

/* The object path of a container or image. */
int client_find_container(Ctl *c, const char *name, char **ret_path, Failure *f);
int client_find_image(Ctl *c, const char *name, char **ret_path, Failure *f);
