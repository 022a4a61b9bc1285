/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* exec, shell, login: one more process in a container that runs. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/environment.h"
#include "ctl/passing.h"
#include "ctl/session.h"

/* machinectl's key to leave a login is ^] three times. */
#define LOGIN_DETACH_KEYS "ctrl-],ctrl-],ctrl-]"

static bool arg_detach, arg_interactive, arg_tty, arg_privileged;
static char **arg_env, **arg_env_files, **arg_preserve_fd;
static uint64_t arg_preserve_fds, arg_wait_usec;
static Passing passing = { .notify_fd = -EBADF };
static const char *arg_user, *arg_workdir, *arg_detach_keys;

const Option exec_options[] = {
        { "detach", 'd', NULL, "Run in the background and print the id of the command", option_set_flag,
          &arg_detach },
        { "detach-keys", 0, "KEYS", "What leaves the command alone (default: ctrl-p,ctrl-q)",
          option_set_string, &arg_detach_keys },
        { "env", 'e', "NAME[=VALUE]", "Set an environment variable", option_set_strv, &arg_env },
        { "env-file", 0, "FILE", "Set the environment variables that a file lists", option_set_strv,
          &arg_env_files },
        { "interactive", 'i', NULL, "Keep standard input open", option_set_flag, &arg_interactive },
        { "preserve-fds", 0, "N", "Pass on so many file descriptors, from 3", option_set_count,
          &arg_preserve_fds },
        { "preserve-fd", 0, "LIST", "Pass on the file descriptors of this list", option_set_strv,
          &arg_preserve_fd },
        { "privileged", 0, NULL, "Give the command all capabilities", option_set_flag, &arg_privileged },
        { "tty", 't', NULL, "Give the command a terminal", option_set_flag, &arg_tty },
        { "user", 'u', "USER[:GROUP]", "User, and group, to run as (default: the container's)",
          option_set_string, &arg_user },
        { "wait", 0, "SECONDS", "Wait this long for the container to run (default: 0)", option_set_seconds,
          &arg_wait_usec },
        { "workdir", 'w', "DIR", "Working directory of the command (default: the container's)",
          option_set_string, &arg_workdir },
        {},
};

const Option shell_options[] = {
        { "uid", 0, "USER[:GROUP]", "User to run as (default: the container's)", option_set_string,
          &arg_user },
        { "setenv", 'E', "NAME[=VALUE]", "Set an environment variable", option_set_strv, &arg_env },
        { "detach-keys", 0, "KEYS", "What leaves the shell alone (default: ctrl-],ctrl-],ctrl-])",
          option_set_string, &arg_detach_keys },
        {},
};

const Option login_options[] = {
        { "detach-keys", 0, "KEYS", "What leaves the prompt (default: ctrl-],ctrl-],ctrl-])",
          option_set_string, &arg_detach_keys },
        {},
};

typedef struct ExecCommand {
        char **argv; /* empty: what @what says */
        char **env;
        const char *what; /* "shell", "login", or NULL */
        bool tty, interactive;
} ExecCommand;

static int prepare_environment(char ***env, Failure *f) {
        int r;

        STRV_FOREACH(path, arg_env_files) {
                r = environment_read_file("env-file", *path, environ, env, f);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(word, arg_env) {
                r = environment_add(env, *word, environ);
                if (r == -EINVAL)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "environment variable '%s': must be NAME=VALUE or NAME", *word);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int append_options(sd_bus_message *m, const ExecCommand *e) {
        int r;

        r = sd_bus_message_append_strv(m, e->argv);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && arg_user)
                r = sd_bus_message_append(m, "{sv}", "user", "s", arg_user);
        if (r >= 0 && arg_workdir)
                r = sd_bus_message_append(m, "{sv}", "workdir", "s", arg_workdir);
        if (r >= 0 && e->tty)
                r = sd_bus_message_append(m, "{sv}", "tty", "b", 1);
        if (r >= 0 && arg_privileged)
                r = sd_bus_message_append(m, "{sv}", "privileged", "b", 1);
        if (r >= 0 && e->what)
                r = sd_bus_message_append(m, "{sv}", e->what, "b", 1);
        if (r >= 0)
                r = passing_append(&passing, m);
        if (r < 0 || !e->env)
                return r;
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "env");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, e->env);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int new_call(Ctl *c, const char *path, const ExecCommand *e, sd_bus_message **ret, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        int r;

        r = client_new_call(c, path, CREEL_CONTAINER, "Exec", &m, f);
        if (r < 0)
                return r;
        r = append_options(m, e);
        if (r == -EINVAL)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "the command or an option is not valid UTF-8; D-Bus carries nothing else");
        if (r < 0)
                return client_failure(NULL, r, f);
        *ret = TAKE_PTR(m);
        return 0;
}

static int run_detached(Ctl *c, const char *path, const ExecCommand *e, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *id;
        int r;

        r = new_call(c, path, e, &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return client_failure(NULL, r, f);
        r = client_send(c, m, &reply, f);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &id);
        if (r < 0)
                return client_failure(NULL, r, f);
        (void) printf("%s\n", id);
        return 0;
}

static int run_attached(Ctl *c, const char *path, const ExecCommand *e, const char *keys, Failure *f) {
        _cleanup_(session_freep) Session *s = NULL;
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        int r;

        r = session_new(c,
                        &(const SessionOptions){ .tty = e->tty,
                                                 .interactive = e->interactive,
                                                 .sig_proxy = true,
                                                 .exec = true,
                                                 .detach_keys = arg_detach_keys ?: keys },
                        &s, f);
        if (r >= 0)
                r = new_call(c, path, e, &m, f);
        if (r < 0)
                return r;
        r = session_append(s, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? client_failure(NULL, r, f) : session_run(s, TAKE_PTR(m), path, f);
}

static int wait_until_running(Ctl *c, const char *path, const char *name, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        if (arg_wait_usec == 0)
                return 0;
        r = client_new_call(c, path, CREEL_CONTAINER, "Wait", &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", "running");
        if (r < 0)
                return client_failure(NULL, r, f);
        r = sd_bus_call(c->bus, m, arg_wait_usec, &error, &reply);
        if (r == -ETIMEDOUT)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "%s: the container did not run in the time of --wait", name);
        return r < 0 ? client_failure(&error, r, f) : 0;
}

int verb_exec(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **env = NULL;
        ExecCommand e = { .argv = operands + 1, .tty = arg_tty, .interactive = arg_interactive };
        _cleanup_free_ char *path = NULL;
        int r;

        if (arg_workdir && *arg_workdir != '/')
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "option '--workdir' has '%s': must be an absolute path inside the container",
                                arg_workdir);
        r = passing_collect_preserved(arg_preserve_fds, arg_preserve_fd, &passing, f);
        if (r >= 0)
                r = prepare_environment(&env, f);
        if (r >= 0)
                r = client_find_container(c, operands[0], &path, f);
        if (r >= 0)
                r = wait_until_running(c, path, operands[0], f);
        if (r < 0)
                return r;
        e.env = env;
        return arg_detach ? run_detached(c, path, &e, f) : run_attached(c, path, &e, NULL, f);
}

/* "USER@CONTAINER", as machinectl has it. */
static int split_user(char *operand, const char **ret_container, Failure *f) {
        char *at = strrchr(operand, '@');

        *ret_container = operand;
        if (!at)
                return 0;
        if (at == operand || !at[1])
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'%s' is not [USER@]CONTAINER", operand);
        if (arg_user)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' and the option '--uid' both say who it is to run as", operand);
        *at = 0;
        arg_user = operand;
        *ret_container = at + 1;
        return 0;
}

int verb_shell(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **env = NULL;
        ExecCommand e = { .argv = operands + 1,
                          .what = operands[1] ? NULL : "shell",
                          .tty = isatty(STDIN_FILENO),
                          .interactive = true };
        _cleanup_free_ char *path = NULL;
        const char *name;
        int r;

        r = split_user(operands[0], &name, f);
        if (r >= 0 && e.tty && getenv("TERM"))
                r = environment_add(&env, "TERM", environ);
        if (r >= 0)
                r = prepare_environment(&env, f);
        if (r >= 0)
                r = client_find_container(c, name, &path, f);
        if (r < 0)
                return r;
        e.env = env;
        return run_attached(c, path, &e, LOGIN_DETACH_KEYS, f);
}

int verb_login(Ctl *c, char **operands, Failure *f) {
        ExecCommand e = { .argv = operands + 1, .what = "login", .tty = true, .interactive = true };
        _cleanup_free_ char *path = NULL;
        int r;

        if (!isatty(STDIN_FILENO))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "a login needs a terminal; without one use 'creelctl exec %s COMMAND'",
                                   operands[0]);
        r = client_find_container(c, operands[0], &path, f);
        return r < 0 ? r : run_attached(c, path, &e, LOGIN_DETACH_KEYS, f);
}
