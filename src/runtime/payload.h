/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>

#include "basic/failure.h"
#include "runtime/hook.h"
#include "runtime/user.h"
#include "spec/runtime-spec.h"

typedef struct Enter Enter;

/* The process that becomes the container's first, or one more of its: everything between clone and exec. */
typedef struct Payload {
        RuntimeSpec *spec;
        const Enter *enter;         /* NULL: a new container */
        int channel;
        int stdio[3];               /* -EBADF: /dev/null; not used with a terminal */
        const int *passed;          /* more for the program, and the numbers there */
        const unsigned *passed_as;
        size_t n_passed, n_listen;
        struct sock_fprog filter;   /* len 0: none */
        uint64_t capabilities[_RUNTIME_CAPABILITY_MAX];
        bool as_is;       /* see RootfsSource */
        bool in_cgroup;   /* born into the container's cgroup */
        bool groups_fixed; /* see user_set_groups() */
        bool has_mapping; /* in a user namespace, of its own or another's */
        bool root_in_place, no_pivot, keep_keyring; /* see RuntimeOptions */
        int cgroupns_fd;  /* another's cgroup namespace, entered from the cgroup; -EBADF */
        const HookContext *hooks;
        int hook_fds[2];            /* its streams, wherever they are by now */
        bool announce;              /* say when the tree is made, and wait */
        int start_fd, result_fd;    /* runtime/hold.h; -EBADF: it just executes */
        bool started;               /* failures go to result_fd */

        /* what the steps pass on to later ones */
        int root_fd;                /* the mount that becomes / */
        int *mount_fds;             /* of spec->mounts, from being made to the end; the place for one of
                                       cgroups until it is */
        int dev_fd, proc_fd, sys_fd, devpts_fd;
        int own_dev_fd;             /* a /dev that the specification does not list */
        int usr_fd;                 /* the /usr of a root that is otherwise empty */
        int cwd_fd, peer_fd;
        bool cwd_pending;
        User user;
        Failure *failure;
} Payload;

typedef struct PayloadStep {
        const char *name;
        int (*run)(Payload *p);
} PayloadStep;

/* Runs the steps and executes. Failures go to the parent through the channel. */
_noreturn_ void payload_run(Payload *p);
/* The same for one more process of a container that runs (runtime/enter.h). */
_noreturn_ void payload_enter(Payload *p);

/* True when the payload makes this mount itself, inside its namespaces; else the parent does and hands it
 * over. */
bool payload_makes_mount(const RuntimeSpec *spec, const RuntimeMount *m);

/* True when this mount is the tmpfs of /dev. */
bool payload_mount_is_dev(const RuntimeMount *m);
