/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* A check inside of a child process: its line becomes the exit status, for want of anything better across
 * fork(). */
#define CHECK(x)                                                                       \
        do {                                                                           \
                if (!(x)) {                                                            \
                        fprintf(stderr, "%s:%d: %s (%m)\n", __FILE__, __LINE__, #x);   \
                        _exit(1);                                                      \
                }                                                                      \
        } while (0)

/* Runs @function in a child with a mount namespace of its own and an empty tmpfs as /mnt and cwd; returns
 * its wait status. */
static inline int run_isolated(void (*function)(void)) {
        pid_t pid = fork();
        int status = -1;

        if (pid == 0) {
                CHECK(unshare(CLONE_NEWNS) >= 0);
                CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) >= 0);
                CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755") >= 0);
                CHECK(chdir("/mnt") >= 0);
                function();
                _exit(0);
        }
        (void) waitpid(pid, &status, 0);
        return status;
}
