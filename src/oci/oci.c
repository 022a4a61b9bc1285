/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/table.h"
#include "basic/trace.h"
#include "config.h"
#include "oci/oci.h"
#include "oci/report.h"
#include "oci/seal.h"
#include "runtime/namespace.h"

#define ROOT_DIRECTORY "/run/creel-oci"

static const char *const oci_manager_table[] = {
        [OCI_MANAGER_CGROUPFS] = "cgroupfs",
        [OCI_MANAGER_SYSTEMD] = "systemd",
        [OCI_MANAGER_DISABLED] = "disabled",
};
DEFINE_STRING_TABLE(oci_manager, OciManager, _OCI_MANAGER_MAX)

static const char *arg_root, *arg_log, *arg_log_format, *arg_log_level, *arg_cgroup_manager, *arg_rootless;
static bool arg_debug, arg_systemd_cgroup, arg_help, arg_version;

static const Option global_options[] = {
        { "root", 0, "DIRECTORY", "Where the state of containers is kept; default: " ROOT_DIRECTORY,
          option_set_path, &arg_root },
        { "log", 0, "FILE", "Where to write messages: a file, journald:NAME, syslog:NAME", option_set_path,
          &arg_log },
        { "log-format", 0, "FORMAT", "text or json", option_set_string, &arg_log_format },
        { "log-level", 0, "LEVEL", "error, warning, info, debug", option_set_string, &arg_log_level },
        { "debug", 0, NULL, "Say more", option_set_flag, &arg_debug },
        { "systemd-cgroup", 0, NULL, "Make the cgroup a scope of systemd", option_set_flag,
          &arg_systemd_cgroup },
        { "cgroup-manager", 0, "MANAGER", "cgroupfs, systemd or disabled", option_set_string,
          &arg_cgroup_manager },
        { "rootless", 0, "BOOLEAN", "Do without what only root may: true, false, auto", option_set_string,
          &arg_rootless },
        { "help", 'h', NULL, "Show this help", option_set_flag, &arg_help },
        { "version", 'v', NULL, "Show the version", option_set_flag, &arg_version },
        {},
};

static const Option no_options[] = { {} };

const Verb oci_verbs[] = {
        { "create", "ID", 1, 1, "Make a container from a bundle, up to the start of its program",
          create_options, OPTIONS_ANYWHERE, verb_create, true },
        { "start", "ID", 1, 1, "Start the program of a container that is created", no_options,
          OPTIONS_ANYWHERE, verb_start, false },
        { "run", "ID", 1, 1, "Make a container, start it, and wait for it", run_options, OPTIONS_ANYWHERE,
          verb_run, true },
        { "state", "ID", 1, 1, "Show the state of a container", no_options, OPTIONS_ANYWHERE, verb_state,
          false },
        { "kill", "ID [SIGNAL]", 1, 2, "Send a signal to a container", kill_options, OPTIONS_ANYWHERE,
          verb_kill, false },
        { "delete", "ID", 1, 1, "Remove a container that has stopped", delete_options, OPTIONS_ANYWHERE,
          verb_delete, false },
        { "exec", "ID [COMMAND...]", 1, -1, "Run one more process in a container", exec_options,
          OPTIONS_FIRST, verb_exec, true },
        { "list", NULL, 0, 0, "List the containers", list_options, OPTIONS_ANYWHERE, verb_list, false },
        { "spec", NULL, 0, 0, "Write an example of a config.json", spec_options, OPTIONS_ANYWHERE, verb_spec,
          false },
        { "checkpoint", "ID", 1, 1, "Refused: there is no support for CRIU", checkpoint_options,
          OPTIONS_ANYWHERE, verb_checkpoint, false },
        { "restore", "ID", 1, 1, "Refused: there is no support for CRIU", restore_options, OPTIONS_ANYWHERE,
          verb_restore, false },
        { "features", NULL, 0, 0, "Show what documents may ask for, as JSON", no_options, OPTIONS_ANYWHERE,
          verb_features, false },
        { "pause", "ID", 1, 1, "Stop all processes of a container where they are", no_options,
          OPTIONS_ANYWHERE, verb_pause, false },
        { "resume", "ID", 1, 1, "Let a container go on that is paused", no_options, OPTIONS_ANYWHERE,
          verb_resume, false },
        { "ps", "ID [PS-OPTIONS...]", 1, -1, "Show the processes of a container", ps_options, OPTIONS_FIRST,
          verb_ps, false },
        { "update", "ID", 1, 1, "Change the limits of a container", update_options, OPTIONS_ANYWHERE,
          verb_update, false },
        { "events", "ID", 1, 1, "Print statistics, and when memory ran out", events_options,
          OPTIONS_ANYWHERE, verb_events, false },
        {},
};

static const Verb *find_verb(const char *name) {
        for (const Verb *v = oci_verbs; v->name; v++)
                if (streq(v->name, name))
                        return v;
        return NULL;
}

static int print_version(void) {
        (void) printf("creel-oci version %s\nspec: 1.2.0\n+SYSTEMD +SECCOMP +APPARMOR +SELINUX\n",
                      CREEL_VERSION);
        return 0;
}

static int print_help(const Verb *verb) {
        if (verb) {
                (void) printf("creel-oci [OPTIONS...] %s [OPTIONS...] %s\n\n%s.\n\n", verb->name,
                              strempty(verb->operands), verb->help);
                option_print_help(verb->options);
        } else {
                (void) printf("creel-oci [OPTIONS...] VERB ...\n\nRun containers as the OCI runtime "
                              "specification says.\n\n");
                for (const Verb *v = oci_verbs; v->name; v++)
                        (void) printf("  %-12s %-22s %s\n", v->name, strempty(v->operands), v->help);
                (void) printf("\n");
        }
        option_print_help(global_options);
        return 0;
}

/* Where other users than root keep such things. */
static int find_root(Oci *oci, Failure *f) {
        static char path[PATH_MAX];
        const char *runtime = getenv("XDG_RUNTIME_DIR");

        if (!arg_root && (!oci->rootless || isempty(runtime)))
                oci->root.path = ROOT_DIRECTORY;
        else if (arg_root && *arg_root == '/')
                oci->root.path = arg_root;
        else {
                char cwd[PATH_MAX];
                int n;

                if (arg_root && !getcwd(cwd, sizeof(cwd)))
                        return negative_errno();
                n = snprintf(path, sizeof(path), "%s/%s", arg_root ? cwd : runtime, arg_root ?: "creel-oci");
                if (n < 0 || (size_t) n >= sizeof(path))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "--root is too long");
                oci->root.path = path;
        }
        return 0;
}

static int set_level(Failure *f) {
        static const struct {
                const char *name;
                int level;
        } levels[] = { { "error", LOG_ERR }, { "warning", LOG_WARNING }, { "warn", LOG_WARNING },
                       { "info", LOG_INFO }, { "debug", LOG_DEBUG },     { "trace", LOG_DEBUG },
                       { "fatal", LOG_ERR }, { "panic", LOG_ERR } };
        int level = arg_debug ? LOG_DEBUG : LOG_WARNING;

        if (arg_log_level) {
                level = -1;
                for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                        if (streq(levels[i].name, arg_log_level))
                                level = levels[i].level;
                if (level < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "--log-level is '%s': must be error, warning, info or debug",
                                           arg_log_level);
        }
        log_setup("creel-oci", level);
        return 0;
}

static int read_globals(Oci *oci, Failure *f) {
        bool rootless = geteuid() != 0 || !namespace_is_initial_user();
        int r;

        r = set_level(f);
        if (r >= 0)
                r = report_setup(arg_log, arg_log_format, f);
        if (r < 0)
                return r;
        if (arg_rootless && !streq(arg_rootless, "auto") && parse_boolean(arg_rootless, &rootless) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--rootless is '%s': must be true, false or auto", arg_rootless);
        *oci = (Oci){ .rootless = rootless, .debug = arg_debug };
        if (arg_systemd_cgroup)
                oci->manager = OCI_MANAGER_SYSTEMD;
        if (arg_cgroup_manager) {
                r = oci_manager_from_string(arg_cgroup_manager);
                if (r < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "--cgroup-manager is '%s': must be cgroupfs, systemd or disabled",
                                           arg_cgroup_manager);
                oci->manager = (OciManager) r;
        }
        return find_root(oci, f);
}

static int run_verb(const Oci *oci, const Verb *verb, char **argv, Failure *f) {
        const Option *const tables[] = { verb->options, global_options, NULL };
        int n;

        n = option_parse(tables, verb->order, verb->name, argv, f);
        if (n < 0)
                return n;
        if (arg_help)
                return print_help(verb);
        if (n < verb->n_min)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'%s' needs %s; see creel-oci %s --help",
                                   verb->name, verb->operands, verb->name);
        if (verb->n_max >= 0 && n > verb->n_max)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' has one operand too many: '%s'; see creel-oci %s --help",
                                   verb->name, argv[verb->n_max], verb->name);
        return verb->run(oci, argv, f);
}

static int run(char **argv, char **whole, Failure *f) {
        const Verb *verb;
        Oci oci;
        int n, r;

        n = option_parse((const Option *const[]){ global_options, NULL }, OPTIONS_FIRST, NULL, argv, f);
        if (n < 0)
                return n;
        if (arg_version)
                return print_version();
        if (n == 0 || streq(argv[0], "help"))
                return arg_help || n > 0 ? print_help(n > 1 ? find_verb(argv[1]) : NULL)
                                         : failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                       "what shall be done? See creel-oci --help");
        verb = find_verb(argv[0]);
        if (!verb)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "unknown verb '%s'; see creel-oci --help",
                                   argv[0]);
        r = read_globals(&oci, f);
        if (r >= 0 && verb->enters)
                r = seal_program(whole, f);
        return r < 0 ? r : run_verb(&oci, verb, argv + 1, f);
}

int main(int argc, char *argv[]) {
        _cleanup_free_ char **words = new0(char *, (size_t) argc + 1);
        _cleanup_failure_ Failure f = {};
        int r = -EINVAL;

        log_setup("creel-oci", LOG_WARNING);
        trace_setup("creel-oci");
        trace("main");
        /* The words that are read are moved about; the program may have to be executed once more with all.
         */
        if (words && argc > 0) {
                memcpy(words, argv + 1, (size_t) (argc - 1) * sizeof(char *));
                r = run(words, argv, &f);
        }
        if (r < 0) {
                report_failure(&f, r);
                return EXIT_FAILURE;
        }
        if (fflush(stdout) != 0 && errno != EPIPE) {
                (void) failure_set_errno(&f, FAILURE_SYSTEM, errno, "cannot write the output");
                report_failure(&f, -EIO);
                return EXIT_FAILURE;
        }
        return r;
}
