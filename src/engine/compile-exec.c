/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/exec.h"
#include "security/capability.h"
#include "spec/json.h"

/* What PID 1 alone is told. */
static const char *const own_variables[] = {
        "NOTIFY_SOCKET=", "WATCHDOG_PID=", "WATCHDOG_USEC=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=",
};

static bool is_own_variable(const char *assignment) {
        for (size_t i = 0; i < ELEMENTSOF(own_variables); i++)
                if (startswith(assignment, own_variables[i]))
                        return true;
        return false;
}

static int compile_env(const ExecParameters *p, json_object *process) {
        _cleanup_strv_free_ char **container = NULL, **env = NULL;
        int r;

        r = json_get_strv(process, "env", &container);
        if (r == -ENODATA)
                r = 0;
        if (r >= 0 && p->tty)
                r = strv_env_set(&env, "TERM=xterm");
        STRV_FOREACH(i, container)
                if (r >= 0 && !is_own_variable(*i))
                        r = strv_env_set(&env, *i);
        STRV_FOREACH(i, p->env)
                if (r >= 0)
                        r = strv_env_set(&env, *i);
        return r < 0 ? r : json_add_strv(process, "env", env);
}

static int compile_user(const ExecParameters *p, json_object *process) {
        json_object *user;

        if (!p->user || json_get(process, "user", json_type_object, &user) < 0)
                return 0;
        return json_add_string(user, "username", p->user);
}

/* All that the container's user namespace has, whatever the container itself was given. */
static int compile_privileges(json_object *process) {
        static const char *const kinds[] = { "bounding", "effective", "permitted" };
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_strv_free_ char **names = NULL;
        uint64_t all = capability_all();
        int r = o ? 0 : -ENOMEM;

        for (unsigned i = 0; i < 64 && r >= 0; i++)
                if (all & (UINT64_C(1) << i))
                        r = strv_extend(&names, capability_to_string(i));
        for (size_t i = 0; i < ELEMENTSOF(kinds) && r >= 0; i++)
                r = json_add_strv(o, kinds[i], names);
        return r < 0 ? r : json_add(process, "capabilities", TAKE_PTR(o));
}

static int compile_command(const ExecParameters *p, json_object *process) {
        /* The runtime finds out what a shell and a login are in there. */
        static char *const placeholder[] = { (char *) "/bin/sh", NULL };
        _cleanup_json_ json_object *size = NULL;
        int r;

        r = json_add_strv(process, "args", p->shell || p->login ? placeholder : p->argv);
        if (r >= 0)
                r = json_add_boolean(process, "terminal", p->tty && !p->login);
        json_object_object_del(process, "consoleSize");
        if (r < 0 || p->console_rows == 0 || p->console_columns == 0)
                return r;
        size = json_object_new_object();
        if (!size)
                return -ENOMEM;
        r = json_add_u64(size, "height", p->console_rows);
        if (r >= 0)
                r = json_add_u64(size, "width", p->console_columns);
        return r < 0 ? r : json_add(process, "consoleSize", TAKE_PTR(size));
}

static int compile_linux_part(const CompileInput *in, json_object *root) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r = o ? compile_personality(in->record->spec, o) : -ENOMEM;

        return r < 0 ? r : json_add(root, "linux", TAKE_PTR(o));
}

int container_compile_exec(const CompileInput *in, const ExecParameters *p, char **ret, Failure *f) {
        _cleanup_json_ json_object *root = json_object_new_object();
        json_object *process;
        int r;

        if (!root)
                return -ENOMEM;
        r = json_add_string(root, "ociVersion", OCI_VERSION);
        if (r >= 0)
                r = compile_process(in, root, f);
        if (r >= 0)
                r = json_get(root, "process", json_type_object, &process);
        if (r >= 0)
                r = compile_command(p, process);
        if (r >= 0)
                r = compile_env(p, process);
        if (r >= 0)
                r = compile_user(p, process);
        /* What a user may do depends on who it is. */
        if (r >= 0 && p->user)
                r = compile_process_isolation(in, p->user, process, f);
        if (r >= 0)
                r = json_add_string(process, "cwd", p->workdir);
        if (r >= 0 && p->privileged)
                r = compile_privileges(process);
        if (r >= 0)
                r = compile_linux_part(in, root);
        return r < 0 ? r : json_format(root, false, ret);
}
