/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/exec-process.h"
#include "security/capability.h"
#include "spec/json.h"

/* Members of the container's process that one which does not say otherwise has, too. The specification's
 * default for noNewPrivileges is false, and engines leave it out then. */
static const char *const inherited[] = {
        "user",         "env",       "capabilities", "rlimits",         "oomScoreAdj", "apparmorProfile",
        "selinuxLabel", "scheduler", "ioPriority",   "execCPUAffinity",
};

static int refuse(const ExecRequest *q, Failure *f, Failure *reason, int r) {
        return reason->text ? failure_set(f, reason->kind, "--process %s: %s", q->process, reason->text) : r;
}

/* The file may be a pipe. */
static int read_file(const char *path, char **ret, size_t *ret_size, Failure *f) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        _cleanup_free_ char *text = new (char, RUNTIME_SPEC_BYTES_MAX + 1);
        ssize_t n;

        if (!text)
                return -ENOMEM;
        n = fd < 0 ? -errno : fd_read_full(fd, text, RUNTIME_SPEC_BYTES_MAX + 1);
        if (n < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, (int) n, "--process: cannot read %s",
                                         path);
        if (n > RUNTIME_SPEC_BYTES_MAX)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "--process: %s is larger than %d bytes",
                                   path, RUNTIME_SPEC_BYTES_MAX);
        *ret = TAKE_PTR(text);
        *ret_size = (size_t) n;
        return 0;
}

static int parse(const char *text, size_t n, const char *what, json_object **ret, Failure *f) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = json_parse(text, n, RUNTIME_SPEC_BYTES_MAX, &o);
        if (r == -EBADMSG || (r >= 0 && !json_object_is_type(o, json_type_object)))
                return failure_set(f, FAILURE_CONFIGURATION, "%s is no JSON object", what);
        if (r >= 0)
                *ret = TAKE_PTR(o);
        return r;
}

static int inherit(json_object *process, json_object *document) {
        json_object *own, *v;
        int r = 0;

        if (json_get(document, "process", json_type_object, &own) < 0)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(inherited) && r >= 0; i++)
                if (!json_object_object_get_ex(process, inherited[i], NULL) &&
                    json_object_object_get_ex(own, inherited[i], &v) && v)
                        r = json_add(process, inherited[i], json_object_get(v));
        return r;
}

int exec_process_merge(const char *config, size_t n_config, const char *object, size_t n_object, char **ret,
                       Failure *f) {
        _cleanup_json_ json_object *document = NULL, *process = NULL;
        int r;

        r = parse(object, n_object, "the process", &process, f);
        if (r >= 0)
                r = parse(config, n_config, "the container's config.json", &document, f);
        if (r >= 0)
                r = inherit(process, document);
        if (r < 0)
                return r;
        r = json_add(document, "process", json_object_get(process));
        return r < 0 ? r : json_format(document, false, ret);
}

static int set_user(RuntimeProcess *p, const char *user, Failure *f) {
        const char *colon = strchr(user, ':');
        _cleanup_free_ char *name = strndup(user, colon ? (size_t) (colon - user) : strlen(user));
        uint32_t uid, gid = p->gid;

        if (!name)
                return -ENOMEM;
        if (isempty(name) || (colon && isempty(colon + 1)))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "--user is '%s': must be USER or USER:GROUP",
                                   user);
        /* Numbers need no entry anywhere; as with the other runtimes, without a group the container's stays.
         */
        if (parse_u32(name, &uid) >= 0 && (!colon || parse_u32(colon + 1, &gid) >= 0)) {
                p->uid = uid;
                p->gid = gid;
                return string_set(&p->username, NULL);
        }
        p->n_additional_gids = 0;
        return string_set(&p->username, user);
}

static int add_gids(RuntimeProcess *p, char *const *gids, Failure *f) {
        STRV_FOREACH(i, gids) {
                uint32_t *l, gid;

                if (parse_u32(*i, &gid) < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "--additional-gids is '%s': must be the number of a group", *i);
                l = reallocarray(p->additional_gids, p->n_additional_gids + 1, sizeof(*l));
                if (!l)
                        return -ENOMEM;
                p->additional_gids = l;
                l[p->n_additional_gids++] = gid;
        }
        return 0;
}

/* Not into the inheritable set (CVE-2022-29162), so they cannot be ambient either. */
static int add_capabilities(RuntimeProcess *p, char *const *names) {
        static const RuntimeCapabilitySet sets[] = { RUNTIME_CAPABILITY_BOUNDING,
                                                     RUNTIME_CAPABILITY_EFFECTIVE,
                                                     RUNTIME_CAPABILITY_PERMITTED };

        STRV_FOREACH(i, names) {
                char *one[] = { *i, NULL };
                const char *unknown;
                uint64_t set;

                if (capability_set_parse(one, &set, &unknown) < 0) {
                        log_warning("There is no capability called %s, ignoring.", *i);
                        continue;
                }
                for (size_t k = 0; k < ELEMENTSOF(sets); k++) {
                        int r = strv_extend(p->capabilities + sets[k], *i);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int set_env(RuntimeProcess *p, char *const *env, Failure *f) {
        STRV_FOREACH(i, env) {
                int r;

                if (!strchr(*i, '=') || **i == '=')
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "--env is '%s': must be NAME=VALUE",
                                           *i);
                r = strv_env_set(&p->env, *i);
                if (r < 0)
                        return r;
        }
        return 0;
}

int exec_process_change(RuntimeProcess *p, const ExecRequest *q, Failure *f) {
        _cleanup_strv_free_ char **args = NULL;
        int r;

        if (q->cwd && *q->cwd != '/')
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "--cwd is '%s': must be an absolute path",
                                   q->cwd);
        r = strv_copy(q->command, &args);
        if (r < 0)
                return r;
        p->args = strv_free(p->args);
        p->args = TAKE_PTR(args);
        p->terminal = q->tty;
        p->console_width = p->console_height = 0;
        if (q->set_no_new_privileges)
                p->no_new_privileges = q->no_new_privileges;
        if (q->cwd)
                r = string_set(&p->cwd, q->cwd);
        if (r >= 0 && q->apparmor)
                r = string_set(&p->apparmor_profile, q->apparmor);
        if (r >= 0 && q->label)
                r = string_set(&p->selinux_label, q->label);
        if (r >= 0 && q->user)
                r = set_user(p, q->user, f);
        if (r >= 0)
                r = add_gids(p, q->gids, f);
        if (r >= 0)
                r = add_capabilities(p, q->capabilities);
        return r < 0 ? r : set_env(p, q->env, f);
}

static int specify_object(const ExecRequest *q, const char *config, size_t n_config, RuntimeSpec **ret,
                          Failure *f) {
        _cleanup_free_ char *object = NULL, *document = NULL;
        _cleanup_failure_ Failure reason = {};
        size_t n = 0;
        int r;

        r = read_file(q->process, &object, &n, f);
        if (r < 0)
                return r;
        r = exec_process_merge(config, n_config, object, n, &document, &reason);
        if (r >= 0)
                r = runtime_spec_parse(document, strlen(document), ret, &reason);
        if (r < 0)
                return refuse(q, f, &reason, r);
        (*ret)->process.terminal |= q->tty;
        return 0;
}

int exec_process_specify(const ExecRequest *q, const char *config, size_t n_config, RuntimeSpec **ret,
                         Failure *f) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *spec = NULL;
        int r;

        r = q->process ? specify_object(q, config, n_config, &spec, f)
                       : runtime_spec_parse(config, n_config, &spec, f);
        if (r >= 0 && !q->process) {
                if (!spec->has_process)
                        return failure_set(
                                        f, FAILURE_INVALID_ARGUMENT,
                                        "the container has no process of its own that others could be like; "
                                        "use --process");
                r = exec_process_change(&spec->process, q, f);
        }
        if (r >= 0)
                *ret = TAKE_PTR(spec);
        return r;
}
