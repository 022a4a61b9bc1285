/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "spec/json.h"

#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

int container_argv(const ContainerRecord *record, const ImageConfig *config, char ***ret, Failure *f) {
        _cleanup_strv_free_ char **argv = NULL;
        bool replaced = container_spec_has(record->spec, "entrypoint");
        int r;

        if (record->spec->boot)
                return compile_boot_argv(record, config, ret);
        r = strv_extend_strv(&argv, replaced ? record->spec->entrypoint : config->entrypoint);
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
        *ret = TAKE_PTR(argv);
        return 0;
}

static int compile_env(const CompileInput *in, json_object *process) {
        const ContainerRecord *record = in->record;
        const ImageConfig *config = in->config;
        _cleanup_strv_free_ char **env = NULL;
        _cleanup_free_ char *uuid = NULL, *assignment = NULL, *hostname = NULL;
        char buf[65];
        int r;

        r = strv_env_set(&env, PATH_DEFAULT);
        if (r >= 0 && compile_has_console(in))
                r = strv_env_set(&env, "TERM=xterm");
        if (r >= 0)
                r = strv_env_set(&env, "container=creel");
        if (r >= 0)
                r = compile_uuid(in, &uuid);
        if (r >= 0)
                r = string_format(&assignment, "container_uuid=%s", uuid);
        if (r >= 0)
                r = strv_env_set(&env, assignment);
        if (r >= 0)
                r = compile_system_env(in, &env);
        if (r >= 0)
                r = string_format(&hostname, "HOSTNAME=%s", etc_hostname(record, buf, sizeof(buf)));
        if (r >= 0)
                r = strv_env_set(&env, hostname);
        STRV_FOREACH(i, config->env)
                if (r >= 0)
                        r = strv_env_set(&env, *i);
        STRV_FOREACH(i, record->spec->env)
                if (r >= 0)
                        r = strv_env_set(&env, *i);
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

int compile_process(const CompileInput *in, json_object *root, Failure *f) {
        const ContainerRecord *record = in->record;
        const ImageConfig *config = in->config;
        _cleanup_json_ json_object *process = json_object_new_object(), *user = json_object_new_object();
        _cleanup_strv_free_ char **argv = NULL;
        char user_buf[32];
        const char *user_name = compile_default_user(in, user_buf, sizeof(user_buf));
        int r;

        if (!process || !user)
                return -ENOMEM;
        r = container_argv(record, config, &argv, f);
        if (r >= 0)
                r = json_add_boolean(process, "terminal", compile_has_console(in));
        if (r >= 0 && compile_has_console(in))
                r = compile_console_size(in->start, process);
        if (r >= 0)
                r = json_add_u64(user, "uid", 0);
        if (r >= 0)
                r = json_add_u64(user, "gid", 0);
        /* Names mean what the image's own files say: the runtime looks them up in there. */
        if (r >= 0)
                r = json_add_string(user, "username", user_name);
        if (r >= 0)
                r = json_add(process, "user", TAKE_PTR(user));
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
                r = compile_process_isolation(in, user_name, process, f);
        return r < 0 ? r : json_add(root, "process", TAKE_PTR(process));
}
