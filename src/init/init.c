/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* creel-init [-s] [-g] [--] COMMAND [ARGUMENT...]
 *
 * The first process of a container whose command is not meant to be one: it starts the command, passes every
 * signal on to it, collects what is orphaned, and ends with the command's status. As tini and catatonit,
 * whose options it takes. Linked statically, so that it runs in any image. */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/str.h"

#define STATUS_USAGE 125
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

static bool arg_group; /* signals go to the command's whole process group */

static int say(const char *what, const char *of, int error) {
        (void) fprintf(stderr, "creel-init: %s%s%s%s%s\n", what, *of ? " " : "", of, error ? ": " : "",
                       error ? strerror(error) : "");
        return -1;
}

static bool is_ours(int signal) {
        /* What the kernel raises for our own mistakes, and what tells of children. */
        return signal == SIGCHLD || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
               signal == SIGILL || signal == SIGTRAP || signal == SIGABRT || signal == SIGSYS;
}

/* sd_listen_fds(3) wants the number of the process that is to listen. */
static void hand_over_listen_pid(pid_t init) {
        static char ours[32], theirs[32];

        (void) snprintf(ours, sizeof(ours), "LISTEN_PID=%d", init);
        (void) snprintf(theirs, sizeof(theirs), "LISTEN_PID=%d", getpid());
        for (char **i = environ; i && *i; i++)
                if (streq(*i, ours))
                        *i = theirs;
}

static void run_command(char *argv[], const sigset_t *mask, pid_t init) {
        bool terminal = isatty(STDIN_FILENO);

        /* A group of its own, in the foreground where there is a terminal: so that job control works, and
         * its keys reach the command once. */
        if (setpgid(0, 0) >= 0 && terminal) {
                (void) signal(SIGTTOU, SIG_IGN);
                (void) tcsetpgrp(STDIN_FILENO, getpid());
                (void) signal(SIGTTOU, SIG_DFL);
        }
        hand_over_listen_pid(init);
        (void) sigprocmask(SIG_SETMASK, mask, NULL);
        (void) execvp(argv[0], argv);
        say("cannot run", argv[0], errno);
        _exit(errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

/* Collects everybody who has ended. True with the command's status when it is among them. */
static bool collect(pid_t command, int *ret_status) {
        bool ended = false;
        int status = 0;
        pid_t pid;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
                if (pid != command)
                        continue;
                ended = true;
                *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        return ended;
}

static int watch(pid_t command, const sigset_t *signals) {
        int status = 0;

        while (!collect(command, &status)) {
                siginfo_t info;
                int n = sigwaitinfo(signals, &info);

                if (n > 0 && n != SIGCHLD)
                        (void) kill(arg_group ? -command : command, n);
        }
        return status;
}

static char **parse(int argc, char *argv[]) {
        int i = 1;

        for (; i < argc && argv[i][0] == '-'; i++) {
                if (streq(argv[i], "--"))
                        return argv + i + 1;
                if (streq(argv[i], "-g"))
                        arg_group = true;
                else if (streq(argv[i], "-s"))
                        (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
                else {
                        say("unknown option", argv[i], 0);
                        return NULL;
                }
        }
        return argv + i;
}

int main(int argc, char *argv[]) {
        char **command = parse(argc, argv);
        sigset_t signals, before;
        pid_t init = getpid(), pid;

        if (!command || !*command) {
                say("usage: creel-init [-s] [-g] [--] COMMAND [ARGUMENT...]", "", 0);
                return STATUS_USAGE;
        }
        (void) sigfillset(&signals);
        for (int i = 1; i < NSIG; i++)
                if (is_ours(i) && i != SIGCHLD)
                        (void) sigdelset(&signals, i);
        if (sigprocmask(SIG_BLOCK, &signals, &before) < 0) {
                say("cannot block signals", "", errno);
                return STATUS_USAGE;
        }
        pid = fork();
        if (pid < 0) {
                say("cannot start a process", "", errno);
                return STATUS_USAGE;
        }
        if (pid == 0)
                run_command(command, &before, init);
        /* A terminal's stop keys are for the command. */
        (void) signal(SIGTTIN, SIG_IGN);
        (void) signal(SIGTTOU, SIG_IGN);
        return watch(pid, &signals);
}
