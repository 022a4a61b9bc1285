/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/stat.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "engine/userns.h"
#include "spec/json.h"
#include "spec/sysctl.h"

/* The options behind the types; the mount namespace is always the container's own. */
static const struct {
        const char *option, *file; /* of --OPTION and /proc/PID/ns/FILE */
        size_t offset;             /* in ContainerSpec */
} types[_RUNTIME_NAMESPACE_MAX] = {
        [RUNTIME_NAMESPACE_USER] = { "userns", "user", offsetof(ContainerSpec, userns) },
        [RUNTIME_NAMESPACE_PID] = { "pid", "pid", offsetof(ContainerSpec, pid) },
        [RUNTIME_NAMESPACE_NETWORK] = { "network", "net", offsetof(ContainerSpec, network) },
        [RUNTIME_NAMESPACE_IPC] = { "ipc", "ipc", offsetof(ContainerSpec, ipc) },
        [RUNTIME_NAMESPACE_UTS] = { "uts", "uts", offsetof(ContainerSpec, uts) },
        [RUNTIME_NAMESPACE_CGROUP] = { "cgroupns", "cgroup", offsetof(ContainerSpec, cgroupns) },
};

static const char *option_value(const ContainerSpec *spec, RuntimeNamespaceType type) {
        return *(char *const *) ((const char *) spec + types[type].offset);
}

static NamespaceMode userns_mode(const ContainerSpec *spec) {
        _cleanup_userns_ Userns u = {};

        if (userns_of(spec, &u) < 0 || u.kind == USERNS_HOST)
                return (NamespaceMode){ NAMESPACE_HOST, NULL };
        return (NamespaceMode){ u.kind == USERNS_CONTAINER ? NAMESPACE_CONTAINER
                                : u.kind == USERNS_PATH    ? NAMESPACE_PATH
                                                           : NAMESPACE_PRIVATE,
                                u.target };
}

NamespaceMode compile_namespace_mode(const ContainerSpec *spec, RuntimeNamespaceType type) {
        NamespaceMode mode = { NAMESPACE_PRIVATE, NULL };
        const char *hint;

        if (type == RUNTIME_NAMESPACE_USER)
                return userns_mode(spec);
        if (type != RUNTIME_NAMESPACE_MOUNT)
                (void) namespace_mode_parse(type, option_value(spec, type), &mode, &hint);
        return mode;
}

bool compile_network_is_host(const ContainerRecord *record) {
        return compile_namespace_mode(record->spec, RUNTIME_NAMESPACE_NETWORK).kind == NAMESPACE_HOST;
}

int compile_lender(const CompileInput *in, RuntimeNamespaceType type, Container **ret, Failure *f) {
        NamespaceMode mode = compile_namespace_mode(in->record->spec, type);
        int r;

        if (mode.kind != NAMESPACE_CONTAINER || !in->engine)
                return 0;
        r = container_find(in->engine, mode.target, ret, f);
        return r < 0 ? r : 1;
}

const char *compile_hostname(const CompileInput *in, char *buf, size_t size) {
        NamespaceMode mode = compile_namespace_mode(in->record->spec, RUNTIME_NAMESPACE_UTS);
        const char *setting = strv_env_get(in->record->spec->sysctl, "kernel.hostname");

        if (!namespace_mode_is_own(&mode))
                return NULL;
        return setting ?: etc_hostname(in->record, buf, size);
}

/* Namespaces belong to user namespaces; whoever is to mount the file system of one has to be in that one. */
static bool same_userns(const CompileInput *in, const Container *lender) {
        const ContainerRecord *record = in->record;
        const char *mine = record->spec->userns, *id = mine ? startswith(mine, "container:") : NULL;
        Container *c;

        if (!userns_is_used(record) || streq_ptr(mine, lender->record->spec->userns))
                return !userns_is_used(record) || id || (mine && startswith(mine, "ns:"));
        return id && container_find(in->engine, id, &c, NULL) >= 0 && c == lender;
}

static int refuse_userns(RuntimeNamespaceType type, const char *value, const char *way_out, Failure *f) {
        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                           "'--%s=%s' belongs to another user namespace than the container's; %s",
                           types[type].option, value, way_out);
}

static int check_lender(const CompileInput *in, RuntimeNamespaceType type, const Container *lender,
                        Failure *f) {
        NamespaceMode theirs = compile_namespace_mode(lender->record->spec, type);
        const char *name = lender->record->name;

        if (in->starting && !container_is_running(lender))
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "container %s, whose %s namespace is to be shared, is %s; start it first",
                                   name, runtime_namespace_to_string(type),
                                   container_state_to_string(lender->state));
        if (type == RUNTIME_NAMESPACE_IPC &&
            (theirs.kind == NAMESPACE_PRIVATE || theirs.kind == NAMESPACE_NONE))
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "container %s does not share its IPC namespace; it needs '--ipc=shareable'",
                                name);
        if ((type == RUNTIME_NAMESPACE_PID || type == RUNTIME_NAMESPACE_CGROUP) && !same_userns(in, lender))
                return refuse_userns(type, name,
                                     "leave '--userns' out to be in that one, or use '--userns=host'", f);
        return 0;
}

static int check_path(const CompileInput *in, RuntimeNamespaceType type, const NamespaceMode *mode,
                      Failure *f) {
        struct stat st;

        if ((type == RUNTIME_NAMESPACE_PID || type == RUNTIME_NAMESPACE_CGROUP) &&
            userns_is_used(in->record) &&
            compile_namespace_mode(in->record->spec, RUNTIME_NAMESPACE_USER).kind != NAMESPACE_PATH)
                return refuse_userns(type, mode->target,
                                     "use '--userns=host', or '--userns=ns:PATH' with the one it belongs to",
                                     f);
        if (stat(mode->target, &st) < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno, "option '--%s' has 'ns:%s'",
                                         types[type].option, mode->target);
        return 0;
}

static int append(json_object *array, json_object *o, int r) {
        if (r < 0 || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return r < 0 ? r : -ENOMEM;
        }
        return 0;
}

static int add_namespace(json_object *array, const char *type, const char *path, uint64_t inode) {
        json_object *o = json_object_new_object();
        int r;

        r = o ? json_add_string(o, "type", type) : -ENOMEM;
        if (r >= 0)
                r = json_add_string(o, "path", path);
        if (r >= 0 && inode > 0)
                r = json_add_u64(o, "inode", inode);
        return append(array, o, r);
}

/* What the number in /proc means now is noted, so that the runtime can tell when it means something else. */
static int add_lent(json_object *array, RuntimeNamespaceType type, const Container *lender) {
        struct stat st = {};
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", lender->leader, types[type].file);
        if (lender->leader > 0 && stat(path, &st) < 0)
                return negative_errno();
        return add_namespace(array, runtime_namespace_to_string(type), path, st.st_ino);
}

static int add_type(const CompileInput *in, RuntimeNamespaceType type, json_object *array, Failure *f) {
        NamespaceMode mode = compile_namespace_mode(in->record->spec, type);
        Container *lender = NULL;
        int r;

        switch (mode.kind) {
        case NAMESPACE_HOST:
                return 0;
        case NAMESPACE_PATH:
                r = check_path(in, type, &mode, f);
                return r < 0 ? r : add_namespace(array, runtime_namespace_to_string(type), mode.target, 0);
        case NAMESPACE_CONTAINER:
                r = compile_lender(in, type, &lender, f);
                if (r > 0)
                        r = check_lender(in, type, lender, f);
                /* What the lender has of the host's, the borrower has of the host's. */
                if (r < 0 || !lender ||
                    compile_namespace_mode(lender->record->spec, type).kind == NAMESPACE_HOST)
                        return r;
                r = add_lent(array, type, lender);
                return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r,
                                                 "cannot share a namespace of container %s",
                                                 lender->record->name)
                             : 0;
        case NAMESPACE_PRIVATE:
        case NAMESPACE_NONE:
        case NAMESPACE_SHAREABLE:
        default:
                return add_namespace(array, runtime_namespace_to_string(type), NULL, 0);
        }
}

static int add_mappings(json_object *linux_part, const char *key, const IdMap *map) {
        _cleanup_json_ json_object *array = NULL;
        int r = 0;

        if (map->n == 0)
                return 0;
        array = json_object_new_array();
        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < map->n && r >= 0; i++) {
                json_object *o = json_object_new_object();

                r = o ? json_add_u64(o, "containerID", map->mappings[i].container_id) : -ENOMEM;
                if (r >= 0)
                        r = json_add_u64(o, "hostID", map->mappings[i].host_id);
                if (r >= 0)
                        r = json_add_u64(o, "size", map->mappings[i].size);
                r = append(array, o, r);
        }
        return r < 0 ? r : json_add(linux_part, key, TAKE_PTR(array));
}

static int check_sysctl(const ContainerSpec *spec, const char *key, Failure *f) {
        RuntimeNamespaceType type;
        NamespaceMode mode;

        if (sysctl_namespace(key, &type) < 0)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "option '--sysctl' has '%s': a setting of the whole host, which a container "
                                "cannot have to itself",
                                key);
        mode = compile_namespace_mode(spec, type);
        if (!namespace_mode_is_own(&mode))
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "option '--sysctl' has '%s': the %s namespace is not the container's own; "
                                "leave out '--%s=%s'",
                                key, runtime_namespace_to_string(type), types[type].option,
                                option_value(spec, type));
        if (streq(key, "kernel.hostname") && spec->hostname)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "'--sysctl kernel.hostname' and '--hostname' both set the host name; leave "
                                "one out");
        return 0;
}

static int compile_sysctl(const ContainerSpec *spec, json_object *linux_part, Failure *f) {
        NamespaceMode network = compile_namespace_mode(spec, RUNTIME_NAMESPACE_NETWORK);
        _cleanup_strv_free_ char **l = NULL;
        int r = 0;

        /* Lets the container's groups send echo requests without CAP_NET_RAW, as podman does. */
        if (namespace_mode_is_own(&network))
                r = strv_extend(&l, "net.ipv4.ping_group_range=0 0");
        STRV_FOREACH(i, spec->sysctl) {
                _cleanup_free_ char *key = strndup(*i, strcspn(*i, "="));

                if (r >= 0)
                        r = key ? check_sysctl(spec, key, f) : -ENOMEM;
                if (r >= 0)
                        r = strv_env_set(&l, *i);
        }
        if (r < 0 || !l)
                return r;
        return json_add_string_map(linux_part, "sysctl", l);
}

/* What only makes sense in a namespace of one's own. */
static int check_own(const ContainerSpec *spec, Failure *f) {
        NamespaceMode pid = compile_namespace_mode(spec, RUNTIME_NAMESPACE_PID);

        if (spec->init && !namespace_mode_is_own(&pid))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'--init' makes an init of process 1, which '--pid=%s' has already; "
                                   "leave one "
                                   "out",
                                   spec->pid);
        return 0;
}

int compile_namespaces(const CompileInput *in, json_object *linux_part, Failure *f) {
        static const RuntimeNamespaceType order[] = { RUNTIME_NAMESPACE_PID,    RUNTIME_NAMESPACE_IPC,
                                                      RUNTIME_NAMESPACE_UTS,    RUNTIME_NAMESPACE_MOUNT,
                                                      RUNTIME_NAMESPACE_CGROUP, RUNTIME_NAMESPACE_NETWORK };
        const ContainerRecord *record = in->record;
        _cleanup_json_ json_object *array = json_object_new_array();
        int r = array ? check_own(record->spec, f) : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(order) && r >= 0; i++)
                r = add_type(in, order[i], array, f);
        if (r >= 0 && userns_is_used(record))
                r = add_type(in, RUNTIME_NAMESPACE_USER, array, f);
        if (r >= 0)
                r = json_add(linux_part, "namespaces", TAKE_PTR(array));
        if (r >= 0)
                r = add_mappings(linux_part, "uidMappings", &record->uid_map);
        if (r >= 0)
                r = add_mappings(linux_part, "gidMappings", &record->gid_map);
        return r < 0 ? r : compile_sysctl(record->spec, linux_part, f);
}
