/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/compile.h"
#include "engine/container.h"

/* One more process in a container that runs, with the container's own environment, user, cgroup, namespaces
 * and confinement. A process of our own (creel-exec) starts it, waits for it and tells the client its exit
 * status; what we know of it here is lost when creeld goes, the process is not. */

#define EXECS_MAX 1024 /* of one container */

/* The process executes. */
typedef void (*exec_started_t)(ExecSession *e, void *userdata);
/* Called once, at its end, with the exit status as the shell has it. @f: it did not even start; NULL
 * otherwise. */
typedef void (*exec_done_t)(ExecSession *e, int status, const Failure *f, void *userdata);

struct ExecParameters {
        char *const *argv;   /* empty only with shell and login */
        char *const *env;    /* "NAME=value", added to the container's */
        const char *user;    /* USER[:GROUP]; NULL: the container's */
        const char *workdir; /* NULL: the container's */
        bool tty;
        bool privileged; /* all capabilities */
        bool shell;      /* the user's login shell */
        bool login;      /* a login prompt of the container's systemd; a terminal and nothing else */
        bool silent;     /* no events */
        JobFds fds;      /* stdio: /dev/null where there is none; taken over in every case */
        uint16_t console_rows, console_columns;
        exec_started_t started; /* may be NULL */
};

/* Starts one. FAILURE_INVALID_STATE: the container does not run, or is paused. */
int exec_start(Container *c, const ExecParameters *p, exec_done_t done, void *userdata, ExecSession **ret,
               Failure *f);

/* 64 hexadecimal digits. */
const char *exec_id(const ExecSession *e);
/* The next of the container's behind @e; NULL: the first. */
ExecSession *exec_next(const Container *c, const ExecSession *e);
ExecSession *exec_find(const Container *c, const char *id);

/* Nothing happens where it has ended. */
int exec_kill(ExecSession *e, int signal);

/* The container goes away: those who wait for its processes hear that they were killed. */
void exec_abandon_all(Container *c);
