/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/each.h"
#include "ctl/run.h"
#include "spec/container-spec.h"

static bool arg_all, arg_force, arg_attach, arg_interactive, arg_sig_proxy = true;
static uint64_t arg_timeout_usec = UINT64_MAX;
static const char *arg_detach_keys, *arg_signal, *arg_condition = "stopped", *arg_whom = "leader";

const Option start_options[] = {
        { "attach", 'a', NULL, "Stay in the foreground with the container's output and exit status",
          option_set_flag, &arg_attach },
        { "interactive", 'i', NULL, "With --attach: pass standard input on", option_set_flag,
          &arg_interactive },
        { "detach-keys", 0, "KEYS", "With --attach: what leaves it alone (default: ctrl-p,ctrl-q)",
          option_set_string, &arg_detach_keys },
        { "sig-proxy", 0, NULL, "With --attach: pass signals on (default: true)", option_set_flag,
          &arg_sig_proxy },
        {},
};

const Option stop_options[] = {
        { "all", 'a', NULL, "Stop all running containers", option_set_flag, &arg_all },
        { "time", 't', "SECONDS", "Wait this long before killing", option_set_seconds, &arg_timeout_usec },
        { "timeout", 0, "SECONDS", NULL, option_set_seconds, &arg_timeout_usec },
        { "signal", 's', "SIGNAL", "Signal that asks to stop", option_set_string, &arg_signal },
        {},
};

const Option kill_options[] = {
        { "all", 'a', NULL, "Signal all running containers", option_set_flag, &arg_all },
        { "signal", 's', "SIGNAL", "Which signal (default: KILL)", option_set_string, &arg_signal },
        { "kill-whom", 0, "WHOM", "leader or all processes (default: leader)", option_set_string,
          &arg_whom },
        {},
};

const Option rm_options[] = {
        { "all", 'a', NULL, "Remove all containers", option_set_flag, &arg_all },
        { "force", 'f', NULL, "Stop it first where it runs", option_set_flag, &arg_force },
        { "time", 't', "SECONDS", "With --force: wait this long before killing", option_set_seconds,
          &arg_timeout_usec },
        { "timeout", 0, "SECONDS", NULL, option_set_seconds, &arg_timeout_usec },
        {},
};

const Option wait_options[] = {
        { "condition", 0, "STATE", "stopped, running or removed (default: stopped)", option_set_string,
          &arg_condition },
        {},
};

/* The operands, or with --all every container. *@ret is owned. */
static int collect_names(Ctl *c, const char *verb, bool active_only, char **operands, char ***ret,
                         Failure *f) {
        if (arg_all && operands[0])
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'%s --all' takes no container names", verb);
        if (!arg_all && !operands[0])
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' needs CONTAINER... or --all; see creelctl %s --help", verb, verb);
        return arg_all ? each_name(c, active_only, ret, f) : strv_copy(operands, ret);
}

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
        if (arg_attach || arg_interactive) {
                if (operands[1])
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "'start --attach' takes one container");
                return run_attached_start(c, operands[0],
                                          &(const SessionOptions){ .interactive = arg_interactive,
                                                                   .sig_proxy = arg_sig_proxy,
                                                                   .detach_keys = arg_detach_keys },
                                          f);
        }
        return each_container(c, operands, &(EachMethod){ .member = "Start", .append = append_no_options },
                              f);
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
                r = collect_names(c, "stop", true, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Stop", .append = append_stop_options }, f);
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
                r = collect_names(c, "kill", true, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names, &(EachMethod){ .member = "Kill", .append = append_kill }, f);
}

int verb_terminate(Ctl *c, char **operands, Failure *f) {
        return each_container(c, operands, &(EachMethod){ .member = "Kill", .append = append_kill }, f);
}

static int append_remove_options(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && arg_force)
                r = sd_bus_message_append(m, "{sv}", "force", "b", 1);
        if (r >= 0 && arg_timeout_usec != UINT64_MAX)
                r = sd_bus_message_append(m, "{sv}", "timeout", "t", arg_timeout_usec);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int verb_rm(Ctl *c, char **operands, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        r = collect_names(c, "rm", false, operands, &names, f);
        return r < 0 ? r
                     : each_container(c, names,
                                      &(EachMethod){ .member = "Remove", .append = append_remove_options },
                                      f);
}

static int append_condition(sd_bus_message *m) {
        return sd_bus_message_append(m, "s", arg_condition);
}

static void print_exit_code(const char *name, sd_bus_message *reply) {
        int32_t code;

        if (sd_bus_message_read(reply, "i", &code) >= 0)
                (void) printf("%d\n", code);
}

int verb_wait(Ctl *c, char **operands, Failure *f) {
        if (streq(arg_condition, "exited"))
                arg_condition = "stopped";
        if (!streq(arg_condition, "stopped") && !streq(arg_condition, "running") &&
            !streq(arg_condition, "removed"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--condition' has '%s': must be stopped, running or removed",
                                   arg_condition);
        return each_container(c, operands,
                              &(EachMethod){ .member = "Wait",
                                             .append = append_condition,
                                             .print = print_exit_code },
                              f);
}
