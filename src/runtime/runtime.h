/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "basic/failure.h"
#include "runtime/enter.h"
#include "runtime/hook.h"
#include "runtime/rootfs.h"
#include "spec/runtime-spec.h"

/* Executes one runtime-spec document. What can be done before the container's cgroup exists is done in
 * runtime_prepare(): the payload process is born into its namespaces, builds its tree and waits;
 * runtime_launch() moves it into the cgroup and lets it execute. So the time that systemd takes for a scope
 * hides nearly all of the work. */

typedef struct Runtime Runtime;

/* Takes the listener of the filter of process @pid (runtime/listener.h), borrowed. NULL where filters leave
 * nothing to an agent. */
typedef int (*RuntimeListening)(pid_t pid, int listener_fd, void *userdata, Failure *reterr);

typedef struct RuntimeOptions {
        RootfsSource root;
        int stdio[3];      /* the payload's streams; -EBADF: /dev/null. Not used with a terminal. Borrowed */
        int seccomp_fd;    /* compiled filter (runtime/filter.h); -EBADF: none. Borrowed */
        bool path_names;   /* see rootfs_mount() */
        const int *passed; /* more descriptors, and their numbers in the payload, from 3. Borrowed */
        const unsigned *passed_as;
        size_t n_passed, n_listen; /* LISTEN_PID is set where n_listen is not 0 */

        int cgroup_fd;      /* what the payload is born into; -EBADF: our own. Borrowed */
        bool root_in_place; /* until the root is changed, it is mounted on spec->root_path, where hooks look
                               for it */
        bool no_pivot;      /* MS_MOVE and chroot(2), for a host whose / is a ramfs */
        bool keep_keyring;  /* no session keyring of its own */
        const HookContext *hooks; /* for the hooks that the payload runs itself, "createContainer" and
                                     "startContainer". NULL: the document has none. Borrowed */
        /* Called by runtime_launch() when the payload is in its cgroup, between the making of the tree and
         * the change of the root: what runs the hooks "prestart" and "createRuntime". NULL: nothing has to.
         * The payload's pid is runtime_pid()'s. */
        int (*created)(Runtime *r, void *userdata, Failure *reterr);
        /* Called as soon as the payload has a pid: systemd needs time to put it into a scope. NULL: no one
         * waits for that. */
        int (*cloned)(Runtime *r, void *userdata, Failure *reterr);
        void *userdata;
        /* Where both are descriptors, the payload executes nothing until a byte can be read from the one,
         * and runtime_launch() returns when it is about to wait. What fails later is written as one line
         * to the other, which is closed when it executes (runtime/hold.h). The first one blocks, and is
         * open for writing, too, so that it has no end. Borrowed. */
        int start_fd, result_fd;
        RuntimeListening listening; /* with @userdata, too */
} RuntimeOptions;

/* Starts the payload process. @spec and @options are borrowed until runtime_launch() has returned. This
 * process joins the namespaces that the specification gives by path, and is back in its own afterwards. */
int runtime_prepare(RuntimeSpec *spec, const RuntimeOptions *options, Runtime **ret, Failure *reterr);

/* Moves the payload into the cgroup @cgroup_fd (-EBADF: it stays where it is), lets it go, and waits until
 * it executes, or until it waits to be started where there is a start_fd. */
int runtime_launch(Runtime *r, int cgroup_fd, Failure *reterr);

/* One more process for a container that runs: started, and executing, when this returns. @spec: its process
 * counts. This process joins the container's namespaces for ever. */
typedef struct RuntimeEnter {
        EnterTarget target;
        const int *passed; /* as above */
        const unsigned *passed_as;
        size_t n_passed, n_listen;
        int stdio[3];   /* as above */
        int seccomp_fd; /* as above */
        RuntimeListening listening;
        void *userdata;
        bool shell, login;
} RuntimeEnter;

int runtime_enter(RuntimeSpec *spec, const RuntimeEnter *options, Runtime **ret, Failure *reterr);

pid_t runtime_pid(const Runtime *r);
int runtime_pidfd(const Runtime *r); /* borrowed */
/* The master of the payload's terminal, once, after the launch; -EBADF: it has none. */
int runtime_take_terminal(Runtime *r);

/* A payload that does not execute yet is killed and reaped; one that does lives on. */
Runtime *runtime_free(Runtime *r);
DEFINE_CLEANUP(Runtime, runtime_free)
