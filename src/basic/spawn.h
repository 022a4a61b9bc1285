/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Starts one of our own programs with a clean slate: exactly the given fds, an empty environment but for
 * what is listed, default signal dispositions, an empty signal mask, umask 022. */
typedef struct Spawn {
        int exec_fd;             /* the program, O_PATH or a sealed memfd */
        char *const *argv;
        char *const *env;        /* NULL: empty */
        const int *fds;          /* become 3, 4, ... in the child */
        size_t n_fds;
        int stdio_fds[3];        /* -EBADF: /dev/null; stderr -EBADF: inherited */
        bool die_with_parent;    /* PR_SET_PDEATHSIG SIGKILL */
        int cgroup_fd;           /* directory of the cgroup that it is born into; 0: the caller's */
} Spawn;

/* Forks and executes. The caller owns *ret_pidfd. Failures of the exec itself are reported here too (the
 * child is reaped then). */
int spawn_run(const Spawn *spawn, pid_t *ret_pid, int *ret_pidfd);
