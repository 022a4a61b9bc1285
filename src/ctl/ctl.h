/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "basic/failure.h"
#include "basic/option.h"

/* creelctl talks to creeld over D-Bus and reads the journal; it never touches the store. Every verb is a row
 * of ctl_verbs. */

typedef struct Ctl {
        sd_bus *bus; /* NULL until client_connect() */
        bool help, version;
        bool no_legend; /* tables without their header lines */
        bool quiet;
        const char *format; /* table, json, or a template (ctl/template.h); NULL: the verb's default */
} Ctl;

extern Ctl ctl;

/* Operands are NULL-terminated. Returns the exit status, or a negative errno with a failure, which main()
 * prints. */
typedef int (*verb_run_t)(Ctl *c, char **operands, Failure *f);

typedef struct Verb {
        const char *name;
        const char *operands; /* for help; NULL: none */
        int n_min, n_max;     /* operands; n_max -1: any number */
        const char *help;
        const Option *options;
        const Option *(*more_options)(void); /* built at run time, or NULL */
        OptionOrder order;
        verb_run_t run;
        bool alias; /* another spelling: works, but is not listed for people */
} Verb;

extern const Verb ctl_verbs[]; /* ends with a NULL name */
extern const Option ctl_options[];

const Verb *verb_find(const char *name);

/* Prints "creelctl: <text>" and clears @f; returns the exit status of its kind. @r: what the failed function
 * returned, for when there is no text. */
int ctl_report(Failure *f, int r);

/* The exit status of several actions is that of the worst. */
static inline void ctl_worsen(int *status, int other) {
        if (other > *status)
                *status = other;
}

/* True when the output is to be JSON; the template where there is one, or NULL. */
bool ctl_wants_json(const Ctl *c);
const char *ctl_template(const Ctl *c);

int verb_ps(Ctl *c, char **operands, Failure *f);
int verb_create(Ctl *c, char **operands, Failure *f);
int verb_run(Ctl *c, char **operands, Failure *f);
int verb_start(Ctl *c, char **operands, Failure *f);
int verb_stop(Ctl *c, char **operands, Failure *f);
int verb_healthcheck(Ctl *c, char **operands, Failure *f);
int verb_restart(Ctl *c, char **operands, Failure *f);
int verb_poweroff(Ctl *c, char **operands, Failure *f);
int verb_reboot(Ctl *c, char **operands, Failure *f);
int verb_pause(Ctl *c, char **operands, Failure *f);
int verb_unpause(Ctl *c, char **operands, Failure *f);
int verb_rename(Ctl *c, char **operands, Failure *f);
int verb_kill(Ctl *c, char **operands, Failure *f);
int verb_terminate(Ctl *c, char **operands, Failure *f);
int verb_rm(Ctl *c, char **operands, Failure *f);
int verb_wait(Ctl *c, char **operands, Failure *f);
int verb_attach(Ctl *c, char **operands, Failure *f);
int verb_exec(Ctl *c, char **operands, Failure *f);
int verb_shell(Ctl *c, char **operands, Failure *f);
int verb_login(Ctl *c, char **operands, Failure *f);
int verb_inspect(Ctl *c, char **operands, Failure *f);
int verb_show(Ctl *c, char **operands, Failure *f);
int verb_status(Ctl *c, char **operands, Failure *f);
int verb_top(Ctl *c, char **operands, Failure *f);
int verb_stats(Ctl *c, char **operands, Failure *f);
int verb_update(Ctl *c, char **operands, Failure *f);
int verb_logs(Ctl *c, char **operands, Failure *f);
int verb_events(Ctl *c, char **operands, Failure *f);
int verb_images(Ctl *c, char **operands, Failure *f);
int verb_volume(Ctl *c, char **operands, Failure *f);
int verb_rmi(Ctl *c, char **operands, Failure *f);
int verb_pull(Ctl *c, char **operands, Failure *f);
int verb_list_transfers(Ctl *c, char **operands, Failure *f);
int verb_cancel_transfer(Ctl *c, char **operands, Failure *f);
int verb_info(Ctl *c, char **operands, Failure *f);
int verb_version(Ctl *c, char **operands, Failure *f);
int verb_help(Ctl *c, char **operands, Failure *f);

extern const Option attach_options[], exec_options[], shell_options[], login_options[];
extern const Option ps_options[], create_options[], run_options[], start_options[], stop_options[],
                restart_options[], pause_options[], unpause_options[], kill_options[], rm_options[],
                wait_options[], inspect_options[], show_options[], status_options[], logs_options[],
                events_options[], images_options[], rmi_options[], pull_options[], help_options[],
                volume_options[];
extern const Option top_options[], stats_options[], update_options[];
const Option *container_options_table(void);
const Option *update_options_table(void);
const Option *pull_shared_table(void);
