/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/namespace.h"
#include "runtime/tidy.h"
#include "spec/mount-request.h"
#include "spec/sysctl.h"

static int clean(char **path) {
        _cleanup_free_ char *absolute = NULL;
        char *result;
        int r;

        r = string_format(&absolute, "%s%s", **path == '/' ? "" : "/", *path);
        if (r >= 0)
                r = mount_path_clean(absolute, &result);
        if (r < 0)
                return r;
        free(*path);
        *path = result;
        return 0;
}

static int tidy_paths(RuntimeSpec *spec, Failure *reterr) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < spec->n_mounts; i++)
                r = clean(&spec->mounts[i].destination);
        for (size_t i = 0; r >= 0 && i < spec->n_devices; i++) {
                r = clean(&spec->devices[i].path);
                if (r >= 0 && streq(spec->devices[i].path, "/"))
                        return failure_set(reterr, FAILURE_CONFIGURATION, "the root cannot be a device");
        }
        return r;
}

static int tidy_mappings(RuntimeSpec *spec) {
        if (!namespace_is_new(spec, RUNTIME_NAMESPACE_USER) || spec->n_uid_mappings > 0 ||
            spec->n_gid_mappings > 0)
                return 0;
        spec->uid_mappings = new (RuntimeIdMapping, 1);
        spec->gid_mappings = new (RuntimeIdMapping, 1);
        if (!spec->uid_mappings || !spec->gid_mappings)
                return -ENOMEM;
        spec->uid_mappings[0] = (RuntimeIdMapping){ 0, geteuid(), 1 };
        spec->gid_mappings[0] = (RuntimeIdMapping){ 0, getegid(), 1 };
        spec->n_uid_mappings = spec->n_gid_mappings = 1;
        return 0;
}

/* A path may lead to the namespace that this process is in. */
static bool is_shared(const RuntimeSpec *spec, RuntimeNamespaceType type) {
        static const char *const files[_RUNTIME_NAMESPACE_MAX] = {
                [RUNTIME_NAMESPACE_NETWORK] = "net",
                [RUNTIME_NAMESPACE_IPC] = "ipc",
                [RUNTIME_NAMESPACE_UTS] = "uts",
        };
        const RuntimeNamespace *n = spec->namespaces + type;
        struct stat own, other;
        char path[64];

        if (!n->wanted || !n->path)
                return !n->wanted;
        (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", strempty(files[type]));
        return stat(path, &own) >= 0 && stat(n->path, &other) >= 0 && own.st_dev == other.st_dev &&
               own.st_ino == other.st_ino;
}

static int check_sysctls(const RuntimeSpec *spec, Failure *reterr) {
        STRV_FOREACH(i, spec->sysctl) {
                _cleanup_free_ char *key = strndup(*i, strcspn(*i, "="));
                RuntimeNamespaceType type;

                if (!key)
                        return -ENOMEM;
                if (sysctl_namespace(key, &type) < 0)
                        return failure_set(reterr, FAILURE_CONFIGURATION,
                                           "the sysctl %s is not of a namespace: it cannot be set for a "
                                           "container",
                                           key);
                if (type == RUNTIME_NAMESPACE_UTS && endswith(key, "hostname"))
                        return failure_set(reterr, FAILURE_CONFIGURATION,
                                           "the sysctl %s is no way to set the name of the host: that is "
                                           "called hostname in the document",
                                           key);
                if (is_shared(spec, type))
                        return failure_set(reterr, FAILURE_CONFIGURATION,
                                           "the sysctl %s is the host's here: the container needs a %s "
                                           "namespace of its own for it",
                                           key, runtime_namespace_to_string(type));
        }
        return 0;
}

/* Of variables that are there twice the last one counts, as in other runtimes; getenv(3) would find the
 * first. */
static int tidy_environment(RuntimeProcess *p) {
        _cleanup_strv_free_ char **env = NULL;

        STRV_FOREACH(i, p->env) {
                int r = strv_env_set(&env, *i);

                if (r < 0)
                        return r;
        }
        strv_free(p->env);
        p->env = TAKE_PTR(env);
        return 0;
}

int tidy_document(RuntimeSpec *spec, Failure *reterr) {
        int r;

        r = tidy_paths(spec, reterr);
        if (r >= 0)
                r = tidy_mappings(spec);
        if (r >= 0)
                r = tidy_environment(&spec->process);
        return r < 0 ? r : check_sysctls(spec, reterr);
}
