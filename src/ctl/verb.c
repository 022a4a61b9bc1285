/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "config.h"
#include "ctl/ctl.h"
#include "spec/json.h"

Ctl ctl;

const Option ctl_options[] = {
        { "help", 0, NULL, "Show this help", option_set_flag, &ctl.help },
        { "version", 0, NULL, "Show the version", option_set_flag, &ctl.version },
        { "no-pager", 0, NULL, "Accepted; output never goes through a pager", option_ignore, NULL },
        { "no-legend", 0, NULL, "Leave out the header lines of tables", option_set_flag, &ctl.no_legend },
        { "quiet", 'q', NULL, "Say less: ids only, no progress", option_set_flag, &ctl.quiet },
        { "format", 0, "FORMAT", "table, json, or a template such as '{{.Names}}'", option_set_string,
          &ctl.format },
        {},
};

static bool arg_list_verbs, arg_list_options;

/* For the shells' completion. */
const Option help_options[] = {
        { "list-verbs", 0, NULL, NULL, option_set_flag, &arg_list_verbs },
        { "list-options", 0, NULL, NULL, option_set_flag, &arg_list_options },
        {},
};

static const Option no_options[] = { {} };

#define ROW(verb, operands, min, max, help, options, function) \
        { verb, operands, min, max, help, options, NULL, OPTIONS_ANYWHERE, function, false }
#define ALIAS(verb, operands, min, max, help, options, function) \
        { verb, operands, min, max, help, options, NULL, OPTIONS_ANYWHERE, function, true }

const Verb ctl_verbs[] = {
        { "run", "IMAGE [COMMAND [ARGUMENT...]]", 0, -1, "Create a container from an image and start it",
          run_options, container_options_table, OPTIONS_FIRST, verb_run, false },
        { "create", "IMAGE [COMMAND [ARGUMENT...]]", 0, -1, "Create a container without starting it",
          create_options, container_options_table, OPTIONS_FIRST, verb_create, false },
        ROW("start", "CONTAINER...", 0, -1, "Start containers", start_options, verb_start),
        ROW("stop", "CONTAINER...", 0, -1, "Ask containers to stop, and kill those that do not",
            stop_options, verb_stop),
        ROW("restart", "CONTAINER...", 0, -1, "Stop containers and start them again", restart_options,
            verb_restart),
        ROW("poweroff", "CONTAINER...", 1, -1, "Ask systems to power off, and stop other containers",
            no_options, verb_poweroff),
        ROW("reboot", "CONTAINER...", 1, -1, "Ask systems to reboot, and restart other containers",
            no_options, verb_reboot),
        ROW("pause", "CONTAINER...", 0, -1, "Freeze all processes of containers", pause_options, verb_pause),
        ROW("unpause", "CONTAINER...", 0, -1, "Let paused containers go on", unpause_options, verb_unpause),
        ROW("rename", "CONTAINER NAME", 2, 2, "Give a container another name", no_options, verb_rename),
        ROW("healthcheck", "run CONTAINER", 2, 2, "Check the health of a container now", no_options,
            verb_healthcheck),
        ROW("kill", "CONTAINER...", 0, -1, "Send a signal to containers", kill_options, verb_kill),
        ROW("rm", "CONTAINER...", 0, -1, "Remove containers", rm_options, verb_rm),
        ROW("wait", "CONTAINER...", 0, -1, "Wait for containers and print their exit statuses", wait_options,
            verb_wait),
        ROW("attach", "CONTAINER", 1, 1, "Connect to what a container says and hears", attach_options,
            verb_attach),
        { "exec", "CONTAINER COMMAND [ARGUMENT...]", 2, -1, "Run a command in a container that runs",
          exec_options, NULL, OPTIONS_FIRST, verb_exec, false },
        { "shell", "[USER@]CONTAINER [COMMAND [ARGUMENT...]]", 1, -1,
          "Open a shell in a container that runs", shell_options, NULL, OPTIONS_FIRST, verb_shell, false },
        ROW("login", "CONTAINER", 1, 1, "Open a login prompt in a container that runs systemd",
            login_options, verb_login),
        ROW("ps", NULL, 0, 0, "List containers", ps_options, verb_ps),
        ROW("status", "CONTAINER...", 1, -1, "Show how containers are doing, with their last lines",
            status_options, verb_status),
        ROW("show", "CONTAINER...", 1, -1, "Show the properties of containers for programs", show_options,
            verb_show),
        ROW("top", "CONTAINER [DESCRIPTOR...]", 0, -1, "List the processes of a container", top_options,
            verb_top),
        ROW("stats", "[CONTAINER...]", 0, -1, "Show what containers use, over and over", stats_options,
            verb_stats),
        { "update", "CONTAINER...", 1, -1, "Change the limits and restart policy of containers",
          update_options, update_options_table, OPTIONS_ANYWHERE, verb_update, false },
        ROW("inspect", "NAME...", 1, -1, "Show everything about containers or images as JSON",
            inspect_options, verb_inspect),
        ROW("logs", "CONTAINER", 1, 1, "Show the output of a container", logs_options, verb_logs),
        { "pull", "REFERENCE...", 1, -1, "Fetch images from their registries", pull_options,
          pull_shared_table, OPTIONS_ANYWHERE, verb_pull, false },
        ROW("images", NULL, 0, 0, "List images", images_options, verb_images),
        ROW("rmi", "IMAGE...", 1, -1, "Remove images", rmi_options, verb_rmi),
        ROW("volume",
            "create [NAME] | ls | inspect NAME... | exists NAME | rm NAME... | prune", 1, -1,
            "Manage volumes",
            volume_options, verb_volume),
        ROW("list-transfers", NULL, 0, 0, "List the pulls that are under way", no_options,
            verb_list_transfers),
        ROW("cancel-transfer", "ID...", 1, -1, "Cancel pulls", no_options, verb_cancel_transfer),
        ROW("events", NULL, 0, 0, "Show what happens, or has happened, to containers and images",
            events_options, verb_events),
        ROW("info", NULL, 0, 0, "Show facts about creeld and the host", no_options, verb_info),
        ROW("version", NULL, 0, 0, "Show the version", no_options, verb_version),
        ROW("help", "[VERB]", 0, 1, "Show this help, or that of a verb", help_options, verb_help),
        ALIAS("list", NULL, 0, 0, "List containers", ps_options, verb_ps),
        ALIAS("list-images", NULL, 0, 0, "List images", images_options, verb_images),
        ALIAS("remove", "CONTAINER...", 0, -1, "Remove containers", rm_options, verb_rm),
        ALIAS("terminate", "CONTAINER...", 1, -1, "Kill containers", no_options, verb_terminate),
        {},
};

const Verb *verb_find(const char *name) {
        for (const Verb *v = ctl_verbs; v->name; v++)
                if (streq(v->name, name))
                        return v;
        return NULL;
}

int ctl_report(Failure *f, int r) {
        int status;

        if (!f->text)
                (void) failure_set_errno(f, FAILURE_SYSTEM, r < 0 ? r : -EIO, "cannot go on");
        (void) fflush(stdout);
        (void) fprintf(stderr, "creelctl: %s\n", f->text ?: "out of memory");
        status = failure_kind_to_exit_status(f->kind);
        failure_done(f);
        return status;
}

bool ctl_wants_json(const Ctl *c) {
        return c->format && streq(c->format, "json");
}

const char *ctl_template(const Ctl *c) {
        return c->format && !streq(c->format, "json") && !streq(c->format, "table") ? c->format : NULL;
}

static void list_options(const Option *table) {
        for (const Option *o = table; o->name; o++)
                if (o->help) {
                        (void) printf("--%s%s\t%s\n", o->name, o->argument ? "=" : "", o->help);
                        if (o->letter)
                                (void) printf("-%c\t%s\n", o->letter, o->help);
                }
}

static void help_verb(const Verb *verb) {
        (void) printf("creelctl %s [OPTIONS]%s%s\n\n", verb->name, verb->operands ? " " : "",
                      strempty(verb->operands));
        (void) printf("%s.\n\n", verb->help);
        if (verb->options->name || verb->more_options) {
                (void) printf("Options:\n");
                option_print_help(verb->options);
                if (verb->more_options)
                        option_print_help(verb->more_options());
                (void) printf("\n");
        }
        (void) printf("Options of all verbs:\n");
        option_print_help(ctl_options);
}

static void help_all(void) {
        (void) printf("creelctl [OPTIONS] VERB [OPTIONS] [OPERANDS]\n\nRun OCI images as systemd "
                      "scopes.\n\nVerbs:\n");
        for (const Verb *v = ctl_verbs; v->name; v++)
                if (!v->alias)
                        (void) printf("  %-16s %s\n", v->name, v->help);
        (void) printf("\nAlso: list (ps), list-images (images), remove (rm), terminate (kill -s "
                      "KILL).\n\nOptions:\n");
        option_print_help(ctl_options);
        (void) printf("\ncreelctl VERB --help shows the options of a verb, creelctl(1) explains "
                      "everything.\n");
}

int verb_help(Ctl *c, char **operands, Failure *f) {
        const Verb *verb = NULL;

        if (operands[0]) {
                verb = verb_find(operands[0]);
                if (!verb)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "unknown verb '%s'; see creelctl --help", operands[0]);
        }
        if (arg_list_verbs)
                for (const Verb *v = ctl_verbs; v->name; v++)
                        (void) printf("%s\t%s\n", v->name, v->help);
        else if (arg_list_options) {
                if (verb)
                        list_options(verb->options);
                if (verb && verb->more_options)
                        list_options(verb->more_options());
                list_options(ctl_options);
        } else if (verb)
                help_verb(verb);
        else
                help_all();
        return 0;
}

int verb_version(Ctl *c, char **operands, Failure *f) {
        _cleanup_json_ json_object *o = NULL;

        if (!ctl_wants_json(c)) {
                (void) printf("creelctl %s\n", CREEL_VERSION);
                return 0;
        }
        o = json_object_new_object();
        if (!o || json_add_string(o, "Version", CREEL_VERSION) < 0)
                return -ENOMEM;
        (void) printf("%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        return 0;
}
