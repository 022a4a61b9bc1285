/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "basic/failure.h"

/* What the caller of creelctl hands on to a command besides its streams: descriptors of sd_listen_fds(3),
 * those of --preserve-fds and --preserve-fd, and its service manager's ear. */

/* The system bus takes 16 in one message, of which a session may need four. */
#define PASSING_FDS_MAX 11

typedef struct Passing {
        int fds[PASSING_FDS_MAX];
        uint32_t numbers[PASSING_FDS_MAX]; /* inside */
        size_t n_fds, n_listen;
        const char *listen_names; /* borrowed, NULL: none */
        int notify_fd;            /* connected to NOTIFY_SOCKET; -EBADF: nobody listens */
} Passing;

#define PASSING_NONE ((Passing){ .notify_fd = -EBADF })

/* @preserve: how many behind those of sd_listen_fds(3). @list: "4,7", may be NULL. To be called before
 * anything is opened here, which could take their numbers. */
int passing_collect(uint64_t preserve, char *const *lists, Passing *ret, Failure *f);

/* The same without those of sd_listen_fds(3). */
int passing_collect_preserved(uint64_t preserve, char *const *lists, Passing *ret, Failure *f);

/* Connects to NOTIFY_SOCKET where there is one. */
int passing_connect_notify(Passing *p, Failure *f);

/* Appends the options fds, listen-fds, listen-fdnames and notify to the array a{sv} that is open in @m. */
int passing_append(const Passing *p, sd_bus_message *m);

/* Tells the service manager; nothing happens where there is none. */
void passing_notify(const Passing *p, const char *text);
