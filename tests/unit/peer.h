/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "basic/fd.h"
#include "basic/macro.h"

/* The far end of a D-Bus connection without a bus, for tests: it sees every message in one handler and
 * answers as it likes. */

static inline int peer_serve(sd_event *event, int fd, sd_bus_message_handler_t handler, void *userdata,
                             sd_bus **ret) {
        sd_bus *bus = NULL;
        sd_id128_t id;

        if (sd_id128_randomize(&id) < 0 || sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
            sd_bus_set_server(bus, 1, id) < 0 || sd_bus_set_anonymous(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
            sd_bus_add_filter(bus, NULL, handler, userdata) < 0 || sd_bus_attach_event(bus, event, 0) < 0)
                return -EIO;
        *ret = bus;
        return 0;
}

/* Two connected ends: @ret_client is ours, @ret_server answers by @handler. */
static inline int peer_pair(sd_event *event, sd_bus_message_handler_t handler, void *userdata,
                            sd_bus **ret_client, sd_bus **ret_server) {
        sd_bus *client = NULL;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
            peer_serve(event, pair[0], handler, userdata, ret_server) < 0)
                return -EIO;
        if (sd_bus_new(&client) < 0 || sd_bus_set_fd(client, pair[1], pair[1]) < 0 ||
            sd_bus_set_anonymous(client, 1) < 0 || sd_bus_start(client) < 0 ||
            sd_bus_attach_event(client, event, 0) < 0)
                return -EIO;
        *ret_client = client;
        return 0;
}

/* Runs the loop until *@done, at most about ten seconds. */
static inline bool peer_run_until(sd_event *event, const bool *done) {
        for (unsigned i = 0; i < 10000 && !*done; i++)
                if (sd_event_run(event, 1000) < 0)
                        return false;
        return *done;
}

/* Runs the loop until nothing happens for 20 ms. */
static inline void peer_settle(sd_event *event) {
        while (sd_event_run(event, 20000) > 0)
                ;
}
