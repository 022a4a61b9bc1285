/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* Which process `exec` runs: the object that the caller gave (--process), or the container's own with what
 * the command line says instead. What the object leaves out of user, environment, capabilities, limits,
 * scheduling and security module is the container's. */

typedef struct ExecRequest {
        const char *process;    /* a file with the object; the others do not count but for tty */
        const char *cwd, *user; /* USER[:GROUP], NULL: the container's */
        const char *apparmor, *label;
        char **env, **capabilities, **gids;
        char **command; /* borrowed; NULL-terminated */
        bool tty, no_new_privileges, set_no_new_privileges;
} ExecRequest;

/* Puts @object, the text of a process, into the document @config. */
int exec_process_merge(const char *config, size_t n_config, const char *object, size_t n_object, char **ret,
                       Failure *f);

/* Changes the container's own process as the request says. */
int exec_process_change(RuntimeProcess *p, const ExecRequest *q, Failure *f);

/* Both: the specification to enter with. @config: the container's document. */
int exec_process_specify(const ExecRequest *q, const char *config, size_t n_config, RuntimeSpec **ret,
                         Failure *f);
