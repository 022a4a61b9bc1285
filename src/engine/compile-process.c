/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/resource.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "engine/pidfile.h"
#include "spec/env-merge.h"
#include "spec/field-process.h"
#include "spec/json.h"
#include "spec/ulimit.h"

#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

int container_argv(const ContainerRecord *record, const ImageConfig *config, char ***ret, Failure *f) {
        _cleanup_strv_free_ char **argv = NULL;
        bool replaced = container_spec_has(record->spec, "entrypoint");
        char *const *entrypoint;
        int r = 0;

        if (record->spec->boot)
                return compile_boot_argv(record, config, ret);
        entrypoint = replaced ? record->spec->entrypoint : config->entrypoint;
        /* [""] is none, as podman has it */
        if (strv_length(entrypoint) != 1 || !isempty(entrypoint[0]))
                r = strv_extend_strv(&argv, entrypoint);
        if (r >= 0 && strv_length(record->spec->command) > 0)
                r = strv_extend_strv(&argv, record->spec->command);
        else if (r >= 0 && !replaced)
                r = strv_extend_strv(&argv, config->cmd);
        if (r < 0)
                return r;
        if (strv_length(argv) == 0)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "%s: neither the image nor the command line says what to run; add a command",
                                record->image);
        if (isempty(argv[0]))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "the command is an empty word; leave it out, or name one");
        *ret = TAKE_PTR(argv);
        return 0;
}

/* Our own words, unless somebody has said something else. */
static int add_own_env(const CompileInput *in, char ***env) {
        _cleanup_free_ char *uuid = NULL, *assignment = NULL, *hostname = NULL;
        _cleanup_strv_free_ char **own = NULL;
        char buf[65];
        int r;

        r = strv_extend(&own, "container=creel");
        if (r >= 0)
                r = compile_uuid(in, &uuid);
        if (r >= 0)
                r = string_format(&assignment, "container_uuid=%s", uuid);
        if (r >= 0)
                r = strv_extend(&own, assignment);
        if (r >= 0)
                r = string_format(&hostname, "HOSTNAME=%s", etc_hostname(in->record, buf, sizeof(buf)));
        if (r >= 0)
                r = strv_extend(&own, hostname);
        if (r >= 0)
                r = compile_system_env(in, &own);
        STRV_FOREACH(i, own) {
                _cleanup_free_ char *name = strndup(*i, strcspn(*i, "="));

                if (r >= 0 && !name)
                        r = -ENOMEM;
                if (r >= 0 && !strv_env_get(*env, name))
                        r = strv_env_set(env, *i);
        }
        return r;
}

static int set_all(char ***env, char *const *assignments) {
        int r = 0;

        STRV_FOREACH(i, assignments)
                if (r >= 0)
                        r = strv_env_set(env, *i);
        return r;
}

/* As podman: what the caller lends, over that the image's own; of these the user may take away, and what the
 * user sets goes over all. */
int container_env(const CompileInput *in, char ***ret) {
        const ContainerSpec *spec = in->record->spec;
        _cleanup_strv_free_ char **env = NULL, **merged = NULL;
        int r;

        r = strv_env_set(&env, PATH_DEFAULT);
        if (r >= 0)
                r = set_all(&env, spec->default_env);
        if (r >= 0 && in->config)
                r = set_all(&env, in->config->env);
        if (r >= 0 && in->config && compile_has_console(in) && !strv_env_get(env, "TERM"))
                r = strv_env_set(&env, "TERM=xterm");
        STRV_FOREACH(i, spec->merge_env) {
                char *assignment = NULL;

                if (r >= 0)
                        r = env_merge(*i, env, &assignment);
                if (r >= 0)
                        r = strv_consume(&merged, assignment);
        }
        STRV_FOREACH(i, spec->unset_env)
                strv_env_unset(env, *i);
        if (spec->unset_env_all)
                env = strv_free(env);
        if (r >= 0)
                r = set_all(&env, spec->env);
        if (r >= 0)
                r = set_all(&env, merged);
        if (r >= 0)
                r = add_own_env(in, &env);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(env);
        return 0;
}

/* LISTEN_PID is the runtime's to set: only there the number is known. */
static int add_start_env(const CompileInput *in, char ***env) {
        const JobFds *fds = &in->start->fds;
        _cleanup_free_ char *count = NULL, *names = NULL;
        int r = 0;

        if (fds->n_listen > 0) {
                r = string_format(&count, "LISTEN_FDS=%zu", fds->n_listen);
                if (r >= 0)
                        r = strv_env_set(env, count);
        }
        if (r >= 0 && fds->n_listen > 0 && *in->start->listen_names) {
                r = string_format(&names, "LISTEN_FDNAMES=%s", in->start->listen_names);
                if (r >= 0)
                        r = strv_env_set(env, names);
        }
        if (r >= 0 && compile_notify_from(in) == NOTIFY_FROM_ANY)
                r = strv_env_set(env, "NOTIFY_SOCKET=" ETC_NOTIFY_PATH);
        return r;
}

static int compile_env(const CompileInput *in, json_object *process) {
        _cleanup_strv_free_ char **env = NULL;
        int r;

        r = container_env(in, &env);
        if (r >= 0)
                r = add_start_env(in, &env);
        return r < 0 ? r : json_add_strv(process, "env", env);
}

/* So that the first thing a program sees is the right size, not a change of it. */
static int compile_console_size(const JobParameters *start, json_object *process) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (start->console_rows == 0 || start->console_columns == 0)
                return 0;
        o = json_object_new_object();
        if (!o)
                return -ENOMEM;
        r = json_add_u64(o, "height", start->console_rows);
        if (r >= 0)
                r = json_add_u64(o, "width", start->console_columns);
        return r < 0 ? r : json_add(process, "consoleSize", TAKE_PTR(o));
}

static int add_limit(json_object *array, const char *name, uint64_t soft, uint64_t hard) {
        json_object *o = json_object_new_object();
        int r;

        if (!o || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        r = json_add_string(o, "type", name);
        if (r >= 0)
                r = json_add_u64(o, "soft", soft);
        return r < 0 ? r : json_add_u64(o, "hard", hard);
}

/* Of equal ones the last counts. */
static int compile_limits(const ContainerSpec *spec, json_object *process) {
        _cleanup_json_ json_object *array = json_object_new_array();
        Ulimit limits[RLIM_NLIMITS] = {};
        int r = array ? 0 : -ENOMEM;

        STRV_FOREACH(i, spec->ulimits) {
                struct rlimit own;
                Ulimit u;

                if (streq(*i, ULIMIT_HOST)) {
                        for (int k = 0; k < (int) RLIM_NLIMITS; k++)
                                if (getrlimit((__rlimit_resource_t) k, &own) >= 0)
                                        limits[k] = (Ulimit) { ulimit_name(k), own.rlim_cur, own.rlim_max };
                } else if (ulimit_parse(*i, &u) >= 0)
                        limits[ulimit_resource(u.name)] = u;
                else
                        return -EINVAL;
        }
        for (size_t i = 0; i < ELEMENTSOF(limits) && r >= 0; i++)
                if (limits[i].name)
                        r = add_limit(array, limits[i].name, limits[i].soft, limits[i].hard);
        if (r < 0 || json_object_array_length(array) == 0)
                return r;
        return json_add(process, "rlimits", TAKE_PTR(array));
}

/* Names mean what the image's own files say: the runtime looks them up in there. So it does for root that
 * nobody asked for, who is in the groups that the image says, as in docker and podman; but an init system
 * hands on to all its services what it has. */
static int compile_user(const CompileInput *in, const char *user, json_object *process) {
        const ContainerSpec *spec = in->record->spec;
        _cleanup_json_ json_object *o = json_object_new_object();
        unsigned mask = 0022;
        int r = o ? 0 : -ENOMEM;

        if (r >= 0 && spec->umask)
                r = field_parse_umask(spec->umask, &mask);
        if (r >= 0)
                r = json_add_u64(o, "uid", 0);
        if (r >= 0)
                r = json_add_u64(o, "gid", 0);
        if (r >= 0)
                r = json_add_u64(o, "umask", mask);
        if (r >= 0)
                r = json_add_string(o, "username", user ?: compile_is_system(in) ? NULL : "0");
        if (r >= 0)
                r = json_add_strv(o, "additionalGroups", spec->groups);
        return r < 0 ? r : json_add(process, "user", TAKE_PTR(o));
}

static int compile_attributes(const ContainerSpec *spec, json_object *process) {
        int r = 0;

        if (container_spec_has(spec, "oom-score-adj"))
                r = json_add_i64(process, "oomScoreAdj", spec->oom_score_adj);
        if (r >= 0)
                r = json_add_string(process, "cpuAffinity", spec->cpu_affinity);
        return r < 0 ? r : compile_limits(spec, process);
}

int compile_personality(const ContainerSpec *spec, json_object *linux_part) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!spec->personality)
                return 0;
        r = o ? json_add_string(o, "domain", field_parse_personality(spec->personality)) : -ENOMEM;
        return r < 0 ? r : json_add(linux_part, "personality", TAKE_PTR(o));
}

/* What no specification has a word for: entries that the runtime adds to files of the image. */
static int compile_extension(const CompileInput *in, json_object *root) {
        const ContainerSpec *spec = in->record->spec;
        _cleanup_json_ json_object *o = json_object_new_object();
        int r = o ? 0 : -ENOMEM;

        if (r >= 0)
                r = json_add_boolean(o, "accounts", !container_spec_has(spec, "passwd") || spec->passwd);
        if (r >= 0)
                r = json_add_string(o, "passwdEntry", spec->passwd_entry);
        if (r >= 0)
                r = json_add_string(o, "groupEntry", spec->group_entry);
        if (r >= 0)
                r = etc_compile_hosts(in->record, o);
        return r < 0 ? r : json_add(root, "creel", TAKE_PTR(o));
}

static int check_log(const ContainerSpec *spec, Failure *f) {
        unsigned n_tags = 0;

        STRV_FOREACH(i, spec->log_options)
                if (startswith(*i, "tag=") && ++n_tags > 1)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--log-opt' has tag= twice; give it once");
        if (spec->log_options && spec->log_driver && !streq(spec->log_driver, "journald"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--log-opt is for --log-driver journald, not %s; leave one out",
                                   spec->log_driver);
        if (spec->tty && streq_ptr(spec->log_driver, "passthrough"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--tty and --log-driver passthrough exclude each other; leave one out");
        return 0;
}

static int refuse_together(const CompileInput *in, Failure *f) {
        const ContainerSpec *spec = in->record->spec;
        bool no_passwd = container_spec_has(spec, "passwd") && !spec->passwd;
        int r;

        if (no_passwd && (spec->passwd_entry || spec->group_entry))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--%s and --passwd=false exclude each other; leave one out",
                                   spec->passwd_entry ? "passwd-entry" : "group-entry");
        if (in->start->fds.n_listen > in->start->fds.n_passed)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option listen-fds: there are only %zu descriptors in fds",
                                   in->start->fds.n_passed);
        if (etc_has_init(spec) && compile_is_system(in))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--init is not for a command that is an init itself; leave out --init, "
                                   "or take --systemd=false");
        if (etc_has_init(spec) &&
            compile_namespace_mode(spec, RUNTIME_NAMESPACE_PID).kind != NAMESPACE_PRIVATE)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--init has to be the first process; leave out --init or --pid");
        r = check_log(spec, f);
        if (r >= 0)
                r = pidfile_check(spec, f);
        return r < 0 ? r : etc_check(in->record, f);
}

/* An init of ours in front of the command. */
static int add_init(const ContainerSpec *spec, char ***argv) {
        _cleanup_strv_free_ char **with = NULL;
        int r;

        if (!etc_has_init(spec))
                return 0;
        r = strv_extend(&with, ETC_INIT_PATH);
        if (r >= 0)
                r = strv_extend(&with, "--");
        if (r >= 0)
                r = strv_extend_strv(&with, *argv);
        if (r < 0)
                return r;
        (void) strv_free(*argv);
        *argv = TAKE_PTR(with);
        return 0;
}

unsigned compile_notify_from(const CompileInput *in) {
        const char *mode = in->record->spec->sdnotify;

        if (compile_is_system(in))
                return NOTIFY_FROM_FIRST;
        return in->start->fds.notify >= 0 && (!mode || streq(mode, "container")) ? NOTIFY_FROM_ANY
                                                                                  : NOTIFY_FROM_NONE;
}

int compile_process(const CompileInput *in, json_object *root, Failure *f) {
        const ContainerRecord *record = in->record;
        const ImageConfig *config = in->config;
        _cleanup_json_ json_object *process = json_object_new_object();
        _cleanup_strv_free_ char **argv = NULL;
        char user_buf[32];
        const char *user_name = compile_default_user(in, user_buf, sizeof(user_buf));
        int r;

        if (!process)
                return -ENOMEM;
        r = refuse_together(in, f);
        if (r >= 0)
                r = container_argv(record, config, &argv, f);
        if (r >= 0)
                r = add_init(record->spec, &argv);
        if (r >= 0)
                r = json_add_boolean(process, "terminal", compile_has_console(in));
        if (r >= 0 && compile_has_console(in))
                r = compile_console_size(in->start, process);
        if (r >= 0)
                r = compile_user(in, user_name, process);
        if (r >= 0)
                r = json_add_strv(process, "args", argv);
        if (r >= 0)
                r = compile_env(in, process);
        if (r >= 0)
                r = json_add_string(process, "cwd",
                                    record->spec->workdir
                                                    ?: isempty(config->working_dir) ? "/"
                                                                                    : config->working_dir);
        if (r >= 0)
                r = compile_attributes(record->spec, process);
        if (r >= 0)
                r = compile_process_isolation(in, user_name, process, f);
        if (r >= 0)
                r = compile_extension(in, root);
        if (r >= 0)
                r = json_add_string_map(root, "annotations", record->spec->annotations);
        return r < 0 ? r : json_add(root, "process", TAKE_PTR(process));
}
