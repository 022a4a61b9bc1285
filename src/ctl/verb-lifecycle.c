/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/each.h"
#include "ctl/run.h"
#include "ctl/system.h"
#include "ctl/select.h"
#include "spec/container-spec.h"

/* podman's: a bare number is of milliseconds. */
static int option_check_interval(const Option *option, const char *text, Failure *f) {
        uint64_t n;

        return parse_u64(text, &n) >= 0 || clock_parse_duration(text, &n) >= 0 ? 0 : -EINVAL;
}

static bool arg_force, arg_volumes, arg_attach, arg_interactive, arg_sig_proxy = true, arg_running;
static uint64_t arg_timeout_usec = UINT64_MAX;
static const char *arg_detach_keys, *arg_signal, *arg_whom = "leader";
static char **arg_conditions;

#define TIMEOUT(help)                                                                \
        { "time", 't', "SECONDS", help, option_set_seconds, &arg_timeout_usec }, {   \
                "timeout", 0, "SECONDS", NULL, option_set_seconds, &arg_timeout_usec \
        }

const Option start_options[] = {
        { "attach", 'a', NULL, "Stay in the foreground with the container's output and exit status",
          option_set_flag, &arg_attach },
        { "interactive", 'i', NULL, "With --attach: pass standard input on", option_set_flag,
          &arg_interactive },
        { "detach-keys", 0, "KEYS", "With --attach: what leaves it alone (default: ctrl-p,ctrl-q)",
          option_set_string, &arg_detach_keys },
        { "sig-proxy", 0, NULL, "With --attach: pass signals on (default: true)", option_set_flag,
          &arg_sig_proxy },
        { "all", 0, NULL, "Start all containers that do not run", option_set_flag, &selection.all },
        SELECT_FILTER('f'),
        SELECT_LATEST,
        {},
};

const Option stop_options[] = {
        SELECT_ALL("Stop all running containers"),
        TIMEOUT("Wait this long before killing"),
        { "signal", 's', "SIGNAL", "Signal that asks to stop", option_set_string, &arg_signal },
        SELECT_CIDFILE,
        SELECT_FILTER('f'),
        SELECT_IGNORE('i'),
        SELECT_LATEST,
        {},
};

const Option restart_options[] = {
        SELECT_ALL("Restart all containers, running or not"),
        { "running", 0, NULL, "Restart all containers that run", option_set_flag, &arg_running },
        TIMEOUT("Wait this long before killing"),
        { "signal", 's', "SIGNAL", "Signal that asks to stop", option_set_string, &arg_signal },
        SELECT_CIDFILE,
        SELECT_FILTER('f'),
        SELECT_LATEST,
        {},
};

const Option pause_options[] = {
        SELECT_ALL("Pause all running containers"), SELECT_CIDFILE, SELECT_FILTER('f'), SELECT_LATEST, {},
};

const Option unpause_options[] = {
        SELECT_ALL("Unpause all paused containers"), SELECT_CIDFILE, SELECT_FILTER('f'), SELECT_LATEST, {},
};

const Option kill_options[] = {
        SELECT_ALL("Signal all running containers"),
        { "signal", 's', "SIGNAL", "Which signal (default: KILL)", option_set_string, &arg_signal },
        { "kill-whom", 0, "WHOM", "leader or all processes (default: leader)", option_set_string,
          &arg_whom },
        SELECT_CIDFILE,
        SELECT_FILTER('f'),
        SELECT_IGNORE('i'),
        SELECT_LATEST,
        {},
};

const Option rm_options[] = {
        SELECT_ALL("Remove all containers"),
        { "force", 'f', NULL, "Stop it first where it runs", option_set_flag, &arg_force },
        { "volumes", 'v', NULL, "Remove its anonymous volumes, too", option_set_flag, &arg_volumes },
        TIMEOUT("With --force: wait this long before killing"),
        SELECT_CIDFILE,
        SELECT_FILTER(0),
        SELECT_IGNORE('i'),
        SELECT_LATEST,
        {},
};

const Option wait_options[] = {
        { "condition", 0, "STATE", "What to wait for; may be given more than once (default: stopped)",
          option_set_strv, &arg_conditions },
        SELECT_IGNORE(0),
        { "interval", 'i', "TIME", "Accepted; nothing polls here", option_check_interval, NULL },
        SELECT_LATEST,
        {},
};

static int parse_signal(int *ret, Failure *f) {
        int n = signal_parse(arg_signal);

        if (n < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "unknown signal '%s'; must be a name (TERM, SIGRTMIN+3) or a number from "
                                   "1 to 64",
                                   arg_signal);
        *ret = n;
        return 0;
}

static int append_no_options(sd_bus_message *m) {
        return sd_bus_message_append(m, "a{sv}", 0);
}

int verb_start(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        r = select_names(c, "start", select_is_idle, operands, &names, f);
        if (r < 0)
                return r;
        if (arg_attach || arg_interactive) {
                if (strv_length(names) != 1)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "'start --attach' takes one container");
                return run_attached_start(c, names[0],
                                          &(const SessionOptions){ .interactive = arg_interactive,
                                                                   .sig_proxy = arg_sig_proxy,
                                                                   .detach_keys = arg_detach_keys },
                                          f);
        }
        STRV_FOREACH(i, names) {
                r = system_boot_tree(c, *i, f);
                if (r < 0)
                        return r;
        }
        return each_container(c, names, &(EachMethod){ .member = "Start", .append = append_no_options }, f);
}

static int append_stop_options(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && arg_timeout_usec != UINT64_MAX)
                r = sd_bus_message_append(m, "{sv}", "timeout", "t", arg_timeout_usec);
        if (r >= 0 && arg_signal)
                r = sd_bus_message_append(m, "{sv}", "signal", "s", arg_signal);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int verb_stop(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r, n;

        r = arg_signal ? parse_signal(&n, f) : 0;
        if (r >= 0)
                r = select_names(c, "stop", select_is_active, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Stop",
                                                     .append = append_stop_options,
                                                     .ignore_missing = selection.ignore },
                                      f);
}

int verb_restart(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r, n;

        r = arg_signal ? parse_signal(&n, f) : 0;
        if (r >= 0 && arg_running && operands[0])
                r = failure_set(f, FAILURE_INVALID_ARGUMENT, "'restart --running' takes no container names");
        selection.all |= arg_running;
        if (r >= 0)
                r = select_names(c, "restart", arg_running ? select_is_active : NULL, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Restart", .append = append_stop_options },
                                      f);
}

int verb_pause(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        r = select_names(c, "pause", select_is_running, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Pause", .append = append_no_options }, f);
}

int verb_unpause(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        r = select_names(c, "unpause", select_is_paused, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Unpause", .append = append_no_options }, f);
}

int verb_rename(Ctl *c, char **operands, Failure *f) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_find_container(c, operands[0], &path, f);
        return r < 0 ? r : client_call(c, path, CREEL_CONTAINER, "Rename", NULL, f, "s", operands[1]);
}

static int signal_number = SIGKILL;

static int append_kill(sd_bus_message *m) {
        return sd_bus_message_append(m, "si", arg_whom, signal_number);
}

int verb_kill(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        if (!streq(arg_whom, "leader") && !streq(arg_whom, "all"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--kill-whom' has '%s': must be leader or all", arg_whom);
        r = arg_signal ? parse_signal(&signal_number, f) : 0;
        if (r >= 0)
                r = select_names(c, "kill", select_is_active, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Kill",
                                                     .append = append_kill,
                                                     .ignore_missing = selection.ignore },
                                      f);
}

int verb_terminate(Ctl *c, char **operands, Failure *f) {
        return each_container(c, operands, &(EachMethod){ .member = "Kill", .append = append_kill }, f);
}

static int append_remove_options(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && arg_force)
                r = sd_bus_message_append(m, "{sv}", "force", "b", 1);
        if (r >= 0 && arg_volumes)
                r = sd_bus_message_append(m, "{sv}", "volumes", "b", 1);
        if (r >= 0 && arg_timeout_usec != UINT64_MAX)
                r = sd_bus_message_append(m, "{sv}", "timeout", "t", arg_timeout_usec);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int verb_rm(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        /* as podman: who forces wants it gone, whether or not it was there */
        selection.ignore |= arg_force;
        r = select_names(c, "rm", NULL, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Remove",
                                                     .append = append_remove_options,
                                                     .ignore_missing = selection.ignore },
                                      f);
}

static char *conditions;

static int append_condition(sd_bus_message *m) {
        return sd_bus_message_append(m, "s", conditions ?: "stopped");
}

static void print_exit_code(const char *name, sd_bus_message *reply) {
        int32_t code;

        if (sd_bus_message_read(reply, "i", &code) >= 0)
                (void) printf("%d\n", code);
}

int verb_wait(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        STRV_FOREACH(i, arg_conditions)
                if (!**i || strchr(*i, ','))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--condition' has '%s': must be one of the states in "
                                           "creelctl(1)",
                                           *i);
        r = arg_conditions ? strv_join(arg_conditions, ",", &conditions) : 0;
        if (r >= 0)
                r = select_names(c, "wait", NULL, operands, &names, f);
        if (r >= 0)
                r = each_container(c, names,
                                   &(EachMethod){ .member = "Wait",
                                                  .append = append_condition,
                                                  .print = print_exit_code,
                                                  .ignore_missing = selection.ignore,
                                                  .missing = "-1" },
                                   f);
        conditions = mfree(conditions);
        return r;
}
