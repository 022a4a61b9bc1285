/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "ctl/client.h"

#define SESSION_STDIN 1U
#define SESSION_STDOUT 2U
#define SESSION_STDERR 4U

/* A container, or a command in one, in the foreground. creeld starts it with the caller's own stdio; the
 * supervisor tells its start, terminal and exit over the session socket and takes signals from it. creeld
 * may die meanwhile: the session goes on. */
typedef struct SessionOptions {
        bool tty, interactive, sig_proxy;
        bool attach;             /* to a container that runs: this process copies what both sides say */
        unsigned left_out;       /* SESSION_*: streams that are not connected */
        bool exec;               /* a command in a container that runs, not its first */
        const char *detach_keys; /* as detach_keys_parse() reads them; NULL: the default */
        /* Called once, when the container's id is known. May be NULL. */
        void (*started)(const char *id, void *userdata);
        /* What the command says by sd_notify(3), where creeld was asked for it. May be NULL. */
        void (*notified)(const char *text, void *userdata);
        bool background; /* the streams stay here, and session_run() returns when the command runs */
        void *userdata;
} SessionOptions;

typedef struct Session Session;

/* Blocks the signals that are to be passed on, until session_free(). -ENOTTY with a failure: a terminal is
 * asked for and standard input is none. -EINVAL with a failure: bad detach keys. */
int session_new(Ctl *c, const SessionOptions *options, Session **ret, Failure *f);
Session *session_free(Session *s);
DEFINE_CLEANUP(Session, session_free)

/* Appends the options stdin, stdout, stderr, console-size and session to the array a{sv} that is open in @m.
 */
int session_append(Session *s, sd_bus_message *m);

/* Sends @call (RunContainer, Start, Attach or Exec; taken over) and stays until the container has exited and
 * everybody has let go of it. @path: the container where it is known before, else NULL. Returns its exit
 * status; 0 after the detach keys. */
int session_run(Session *s, sd_bus_message *call, const char *path, Failure *f);
