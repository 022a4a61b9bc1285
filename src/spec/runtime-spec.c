/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"
#include "spec/cpu-set.h"
#include "spec/json.h"
#include "spec/runtime-spec.h"
#include "spec/ulimit.h"

#define WHERE_BYTES 160

static const char *const runtime_namespace_table[] = {
        [RUNTIME_NAMESPACE_USER] = "user",     [RUNTIME_NAMESPACE_MOUNT] = "mount",
        [RUNTIME_NAMESPACE_PID] = "pid",       [RUNTIME_NAMESPACE_NETWORK] = "network",
        [RUNTIME_NAMESPACE_IPC] = "ipc",       [RUNTIME_NAMESPACE_UTS] = "uts",
        [RUNTIME_NAMESPACE_CGROUP] = "cgroup", [RUNTIME_NAMESPACE_TIME] = "time",
};
DEFINE_STRING_TABLE(runtime_namespace, RuntimeNamespaceType, _RUNTIME_NAMESPACE_MAX)

static const char *const capability_set_names[] = {
        [RUNTIME_CAPABILITY_BOUNDING] = "bounding",   [RUNTIME_CAPABILITY_EFFECTIVE] = "effective",
        [RUNTIME_CAPABILITY_INHERITABLE] = "inheritable", [RUNTIME_CAPABILITY_PERMITTED] = "permitted",
        [RUNTIME_CAPABILITY_AMBIENT] = "ambient",
};
static_assert(ELEMENTSOF(capability_set_names) == _RUNTIME_CAPABILITY_MAX,
              "capability_set_names is not full");

typedef struct Reader {
        RuntimeSpec *spec;
        char where[WHERE_BYTES]; /* the object being read: "process.user", or "" for the document */
        Failure *failure;
} Reader;

static int complain(Reader *d, const char *key, const char *format, ...) _printf_(3, 4);

static int complain(Reader *d, const char *key, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        return failure_set(d->failure, FAILURE_CONFIGURATION, "runtime specification, %s%s%s: %s", d->where,
                           *d->where ? "." : "", key, strempty(text));
}

/* Turns the results of json_get_*() into ours: absent is fine, anything else is a failure that names the
 * key. */
static int checked(Reader *d, const char *key, int r) {
        if (r == -ENODATA)
                return 0;
        if (r == -EBADMSG)
                return complain(d, key, "has the wrong type");
        return r;
}

static int read_u32(Reader *d, json_object *o, const char *key, uint32_t *ret) {
        uint64_t v;
        int r;

        r = json_get_u64(o, key, &v);
        if (r < 0)
                return checked(d, key, r);
        if (v > UINT32_MAX)
                return complain(d, key, "%" PRIu64 " is more than 32 bits hold", v);
        *ret = (uint32_t) v;
        return 0;
}

static int read_boolean(Reader *d, json_object *o, const char *key, bool *ret) {
        return checked(d, key, json_get_boolean(o, key, ret));
}

static int read_string(Reader *d, json_object *o, const char *key, char **ret) {
        return checked(d, key, json_dup_string(o, key, ret));
}

static int read_strv(Reader *d, json_object *o, const char *key, char ***ret) {
        return checked(d, key, json_get_strv(o, key, ret));
}

static int read_mode(Reader *d, json_object *o, const char *key, mode_t *ret) {
        uint32_t v = *ret;
        int r;

        r = read_u32(d, o, key, &v);
        if (r < 0)
                return r;
        if (v > 07777)
                return complain(d, key, "0%o is not a file mode", v);
        *ret = v;
        return 0;
}

static int read_path(Reader *d, json_object *o, const char *key, char **ret) {
        int r;

        r = read_string(d, o, key, ret);
        if (r < 0)
                return r;
        if (!*ret || **ret != '/')
                return complain(d, key, "an absolute path is needed");
        return 0;
}

typedef int (*ReadFunc)(Reader *d, json_object *o);

/* Reads the member object @key by @read; absent is fine. */
static int read_object(Reader *d, json_object *o, const char *key, ReadFunc read) {
        char saved[WHERE_BYTES];
        json_object *v;
        int r;

        r = json_get(o, key, json_type_object, &v);
        if (r < 0)
                return checked(d, key, r);
        memcpy(saved, d->where, sizeof(saved));
        (void) snprintf(d->where, sizeof(d->where), "%.80s%s%.40s", saved, *saved ? "." : "", key);
        r = read(d, v);
        memcpy(d->where, saved, sizeof(saved));
        return r;
}

/* Reads each object of the member array @key by @read; absent is fine. */
static int read_array(Reader *d, json_object *o, const char *key, size_t max, ReadFunc read) {
        char saved[WHERE_BYTES];
        json_object *v;
        int r;

        r = json_get(o, key, json_type_array, &v);
        if (r < 0)
                return checked(d, key, r);
        if (json_object_array_length(v) > max)
                return complain(d, key, "more than %zu entries", max);
        memcpy(saved, d->where, sizeof(saved));
        for (size_t i = 0; r >= 0 && i < json_object_array_length(v); i++) {
                json_object *e = json_object_array_get_idx(v, i);

                (void) snprintf(d->where, sizeof(d->where), "%.80s%s%.40s[%zu]", saved, *saved ? "." : "",
                                key, i);
                r = json_object_is_type(e, json_type_object) ? read(d, e)
                                                             : complain(d, "", "must be an object");
        }
        memcpy(d->where, saved, sizeof(saved));
        return r;
}

/* Makes room for one more zeroed element at the end of *@array. */
static int append(void *array, size_t *n, size_t size) {
        char **a = array, *p = reallocarray(*a, *n + 1, size);

        if (!p)
                return -ENOMEM;
        memset(p + *n * size, 0, size);
        *a = p;
        (*n)++;
        return 0;
}

static int read_additional_gids(Reader *d, json_object *o, RuntimeProcess *p) {
        json_object *v;
        int r;

        r = json_get(o, "additionalGids", json_type_array, &v);
        if (r < 0)
                return checked(d, "additionalGids", r);
        for (size_t i = 0; i < json_object_array_length(v); i++) {
                json_object *e = json_object_array_get_idx(v, i);
                int64_t gid = json_object_get_int64(e);

                if (!json_object_is_type(e, json_type_int) || gid < 0 || gid > UINT32_MAX)
                        return complain(d, "additionalGids", "entry %zu is not a group number", i);
                r = append(&p->additional_gids, &p->n_additional_gids, sizeof(uint32_t));
                if (r < 0)
                        return r;
                p->additional_gids[i] = (uint32_t) gid;
        }
        return 0;
}

static int read_user(Reader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        int r;

        r = read_u32(d, o, "uid", &p->uid);
        if (r >= 0)
                r = read_u32(d, o, "gid", &p->gid);
        if (r >= 0)
                r = read_mode(d, o, "umask", &p->umask);
        if (r >= 0)
                r = read_string(d, o, "username", &p->username);
        if (r >= 0)
                r = read_additional_gids(d, o, p);
        if (r >= 0)
                r = read_strv(d, o, "additionalGroups", &p->additional_groups);
        return r;
}

static int read_capabilities(Reader *d, json_object *o) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < _RUNTIME_CAPABILITY_MAX; i++)
                r = read_strv(d, o, capability_set_names[i], d->spec->process.capabilities + i);
        return r;
}

static int read_console_size(Reader *d, json_object *o) {
        int r;

        r = checked(d, "height", json_get_u64(o, "height", &d->spec->process.console_height));
        return r < 0 ? r : checked(d, "width", json_get_u64(o, "width", &d->spec->process.console_width));
}

static int read_rlimit(Reader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        RuntimeRlimit *l;
        const char *type;
        int r;

        r = append(&p->rlimits, &p->n_rlimits, sizeof(*l));
        if (r < 0)
                return r;
        l = p->rlimits + p->n_rlimits - 1;
        if (json_get_string(o, "type", &type) < 0)
                return complain(d, "type", "a string is needed");
        l->resource = ulimit_resource(type);
        if (l->resource < 0)
                return complain(d, "type", "there is no resource limit called %s", type);
        if (json_get_u64(o, "soft", &l->soft) < 0)
                return complain(d, "soft", "a number is needed");
        if (json_get_u64(o, "hard", &l->hard) < 0)
                return complain(d, "hard", "a number is needed");
        if (l->soft > l->hard)
                return complain(d, "soft", "is more than the hard limit");
        return 0;
}

static int read_oom_score(Reader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        int64_t v;
        int r;

        r = json_get_i64(o, "oomScoreAdj", &v);
        if (r < 0)
                return checked(d, "oomScoreAdj", r);
        if (v < -1000 || v > 1000)
                return complain(d, "oomScoreAdj", "must be between -1000 and 1000");
        p->oom_score_adj = (int) v;
        p->oom_score_adj_set = true;
        return 0;
}

static int read_process(Reader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        int r;

        r = read_boolean(d, o, "terminal", &p->terminal);
        if (r >= 0)
                r = read_object(d, o, "consoleSize", read_console_size);
        if (r >= 0)
                r = read_object(d, o, "user", read_user);
        if (r >= 0)
                r = read_strv(d, o, "args", &p->args);
        if (r >= 0)
                r = read_strv(d, o, "env", &p->env);
        if (r >= 0)
                r = read_path(d, o, "cwd", &p->cwd);
        if (r >= 0)
                r = read_object(d, o, "capabilities", read_capabilities);
        if (r >= 0)
                r = read_array(d, o, "rlimits", 64, read_rlimit);
        if (r >= 0)
                r = read_boolean(d, o, "noNewPrivileges", &p->no_new_privileges);
        if (r >= 0)
                r = read_oom_score(d, o);
        if (r >= 0)
                r = read_string(d, o, "apparmorProfile", &p->apparmor_profile);
        if (r >= 0)
                r = read_string(d, o, "cpuAffinity", &p->cpu_affinity);
        if (r >= 0 && p->cpu_affinity && cpu_set_parse(p->cpu_affinity, &(cpu_set_t){}) < 0)
                return complain(d, "cpuAffinity", "%s is not a list of CPUs", p->cpu_affinity);
        if (r < 0)
                return r;
        if (!p->args || isempty(p->args[0]))
                return complain(d, "args", "the program to run is missing");
        STRV_FOREACH(e, p->env)
                if (!strchr(*e, '=') || **e == '=')
                        return complain(d, "env", "\"%s\" is not NAME=value", *e);
        return 0;
}

static int read_root(Reader *d, json_object *o) {
        int r;

        r = read_string(d, o, "path", &d->spec->root_path);
        return r < 0 ? r : read_boolean(d, o, "readonly", &d->spec->root_readonly);
}

static int read_mount(Reader *d, json_object *o) {
        const char *key, *text;
        int r;

        r = append(&d->spec->mounts, &d->spec->n_mounts, sizeof(RuntimeMount));
        if (r < 0)
                return r;
        r = runtime_mount_parse(o, d->spec->mounts + d->spec->n_mounts - 1, &key, &text);
        return r == -EBADMSG ? complain(d, key, "%s", text) : r;
}

static int read_namespace(Reader *d, json_object *o) {
        RuntimeNamespace *n;
        const char *type;
        int t, r;

        if (json_get_string(o, "type", &type) < 0)
                return complain(d, "type", "a string is needed");
        t = runtime_namespace_from_string(type);
        if (t < 0)
                return complain(d, "type", "there is no namespace called %s here", type);
        n = d->spec->namespaces + t;
        if (n->wanted)
                return complain(d, "type", "%s is listed twice", type);
        n->wanted = true;
        r = checked(d, "inode", json_get_u64(o, "inode", &n->inode));
        if (r < 0)
                return r;
        return json_object_object_get_ex(o, "path", NULL) ? read_path(d, o, "path", &n->path) : 0;
}

static int read_mapping(Reader *d, json_object *o, RuntimeIdMapping **mappings, size_t *n) {
        RuntimeIdMapping *m;
        int r;

        r = append(mappings, n, sizeof(*m));
        if (r < 0)
                return r;
        m = *mappings + *n - 1;
        r = read_u32(d, o, "containerID", &m->container_id);
        if (r >= 0)
                r = read_u32(d, o, "hostID", &m->host_id);
        if (r >= 0)
                r = read_u32(d, o, "size", &m->size);
        if (r >= 0 && m->size == 0)
                return complain(d, "size", "must be at least 1");
        return r;
}

static int read_uid_mapping(Reader *d, json_object *o) {
        return read_mapping(d, o, &d->spec->uid_mappings, &d->spec->n_uid_mappings);
}

static int read_gid_mapping(Reader *d, json_object *o) {
        return read_mapping(d, o, &d->spec->gid_mappings, &d->spec->n_gid_mappings);
}

static int read_device(Reader *d, json_object *o) {
        RuntimeDevice *v;
        const char *type;
        int r;

        r = append(&d->spec->devices, &d->spec->n_devices, sizeof(*v));
        if (r < 0)
                return r;
        v = d->spec->devices + d->spec->n_devices - 1;
        v->mode = 0666;
        if (json_get_string(o, "type", &type) < 0)
                return complain(d, "type", "a string is needed");
        v->type = streq(type, "c") || streq(type, "u") ? S_IFCHR
                  : streq(type, "b")                   ? S_IFBLK
                  : streq(type, "p")                   ? S_IFIFO
                                                       : 0;
        if (!v->type)
                return complain(d, "type", "\"%s\" is none of c, u, b and p", type);
        r = read_path(d, o, "path", &v->path);
        if (r >= 0)
                r = read_u32(d, o, "major", &v->major);
        if (r >= 0)
                r = read_u32(d, o, "minor", &v->minor);
        if (r >= 0)
                r = read_mode(d, o, "fileMode", &v->mode);
        if (r >= 0)
                r = read_u32(d, o, "uid", &v->uid);
        if (r >= 0)
                r = read_u32(d, o, "gid", &v->gid);
        if (r < 0)
                return r;
        if (!startswith(v->path, "/dev/"))
                return complain(d, "path", "%s is not beneath /dev", v->path);
        return 0;
}

static int read_rootfs_propagation(Reader *d, json_object *o) {
        const char *word;
        int r;

        r = json_get_string(o, "rootfsPropagation", &word);
        if (r < 0)
                return checked(d, "rootfsPropagation", r);
        if (isempty(word))
                return 0;
        if (mount_propagation_parse(word, &d->spec->rootfs_propagation,
                                    &d->spec->rootfs_propagation_recursive) < 0)
                return complain(d, "rootfsPropagation", "there is no propagation called %s", word);
        return 0;
}

static int read_resources(Reader *d, json_object *o) {
        const char *key, *text;
        int r;

        r = runtime_resources_parse(o, &d->spec->resources, &key, &text);
        return r == -EBADMSG ? complain(d, key, "%s", text) : r;
}

static int read_personality(Reader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        const char *domain;

        if (json_get_string(o, "domain", &domain) < 0)
                return complain(d, "domain", "a string is needed");
        if (!streq(domain, "LINUX") && !streq(domain, "LINUX32"))
                return complain(d, "domain", "there is no execution domain called %s", domain);
        s->personality = streq(domain, "LINUX32") ? PER_LINUX32 : PER_LINUX;
        s->personality_set = true;
        return 0;
}

static int read_extension(Reader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        int r;

        r = read_boolean(d, o, "accounts", &s->accounts);
        if (r >= 0)
                r = read_string(d, o, "passwdEntry", &s->passwd_entry);
        if (r >= 0)
                r = read_string(d, o, "groupEntry", &s->group_entry);
        if (r >= 0)
                r = read_string(d, o, "hostsAdded", &s->hosts_added);
        return r < 0 ? r : read_string(d, o, "hostsOwn", &s->hosts_own);
}

static int read_linux(Reader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        int r;

        r = read_array(d, o, "namespaces", 16, read_namespace);
        if (r >= 0)
                r = read_array(d, o, "uidMappings", 340, read_uid_mapping);
        if (r >= 0)
                r = read_array(d, o, "gidMappings", 340, read_gid_mapping);
        if (r >= 0)
                r = read_array(d, o, "devices", RUNTIME_LIST_MAX, read_device);
        if (r >= 0)
                r = read_object(d, o, "resources", read_resources);
        if (r >= 0)
                r = checked(d, "sysctl", json_get_string_map(o, "sysctl", &s->sysctl));
        if (r >= 0)
                r = read_strv(d, o, "maskedPaths", &s->masked_paths);
        if (r >= 0)
                r = read_strv(d, o, "readonlyPaths", &s->readonly_paths);
        if (r >= 0)
                r = read_rootfs_propagation(d, o);
        if (r >= 0)
                r = read_object(d, o, "personality", read_personality);
        return r;
}

static int read_hooks(Reader *d, json_object *o) {
        for (size_t i = 0; i < _RUNTIME_HOOK_MAX; i++) {
                const char *kind = runtime_hook_kind_to_string((RuntimeHookKind) i), *text;
                json_object *array;
                int r;

                if (!json_object_object_get_ex(o, kind, &array) || !array)
                        continue;
                r = runtime_hooks_parse(array, d->spec->hooks + i, &text);
                if (r < 0)
                        return r == -EBADMSG ? complain(d, kind, "%s", text) : r;
        }
        return 0;
}

static int read_document(Reader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        const char *version;
        json_object *v;
        int r;

        if (json_get_string(o, "ociVersion", &version) < 0 || !startswith(version, "1."))
                return complain(d, "ociVersion", "version 1 is needed");
        if (string_set(&s->oci_version, version) < 0)
                return -ENOMEM;
        if (json_get(o, "process", json_type_object, &v) < 0)
                return complain(d, "process", "an object is needed");
        s->has_process = true;
        r = read_object(d, o, "process", read_process);
        if (r >= 0)
                r = read_object(d, o, "root", read_root);
        if (r >= 0)
                r = read_string(d, o, "hostname", &s->hostname);
        if (r >= 0)
                r = read_string(d, o, "domainname", &s->domainname);
        if (r >= 0)
                r = read_array(d, o, "mounts", RUNTIME_MOUNTS_MAX, read_mount);
        if (r >= 0)
                r = read_object(d, o, "hooks", read_hooks);
        if (r >= 0)
                r = read_object(d, o, "linux", read_linux);
        if (r >= 0)
                r = checked(d, "annotations", json_get_string_map(o, "annotations", &s->annotations));
        if (r >= 0)
                r = read_object(d, o, "creel", read_extension);
        if (r < 0)
                return r;
        if (s->hostname && !s->namespaces[RUNTIME_NAMESPACE_UTS].wanted)
                return complain(d, "hostname", "needs a namespace of type uts");
        if (s->namespaces[RUNTIME_NAMESPACE_USER].wanted && !s->namespaces[RUNTIME_NAMESPACE_USER].path &&
            (s->n_uid_mappings == 0 || s->n_gid_mappings == 0))
                return complain(d, "linux.uidMappings",
                                "a user namespace needs mappings of users and groups");
        return 0;
}

static void process_done(RuntimeProcess *p) {
        free(p->username);
        free(p->additional_gids);
        strv_free(p->args);
        strv_free(p->env);
        free(p->cwd);
        for (size_t i = 0; i < _RUNTIME_CAPABILITY_MAX; i++)
                strv_free(p->capabilities[i]);
        free(p->rlimits);
        free(p->apparmor_profile);
        strv_free(p->additional_groups);
        free(p->cpu_affinity);
}

RuntimeSpec *runtime_spec_free(RuntimeSpec *s) {
        if (!s)
                return NULL;
        process_done(&s->process);
        free(s->oci_version);
        free(s->root_path);
        free(s->hostname);
        free(s->domainname);
        for (size_t i = 0; i < s->n_mounts; i++)
                runtime_mount_done(s->mounts + i);
        free(s->mounts);
        for (size_t i = 0; i < _RUNTIME_HOOK_MAX; i++)
                runtime_hooks_done(s->hooks + i);
        for (size_t i = 0; i < _RUNTIME_NAMESPACE_MAX; i++)
                free(s->namespaces[i].path);
        free(s->uid_mappings);
        free(s->gid_mappings);
        for (size_t i = 0; i < s->n_devices; i++)
                free(s->devices[i].path);
        free(s->devices);
        strv_free(s->sysctl);
        runtime_resources_done(&s->resources);
        strv_free(s->masked_paths);
        strv_free(s->readonly_paths);
        strv_free(s->annotations);
        free(s->passwd_entry);
        free(s->group_entry);
        free(s->hosts_added);
        free(s->hosts_own);
        return mfree(s);
}

int runtime_spec_parse(const char *data, size_t n_bytes, RuntimeSpec **ret, Failure *reterr) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_json_ json_object *o = NULL;
        Reader d = { .failure = reterr };
        int r;

        s = new0(RuntimeSpec, 1);
        if (!s)
                return -ENOMEM;
        s->process.umask = 0022;
        d.spec = s;

        r = json_parse(data, n_bytes, RUNTIME_SPEC_BYTES_MAX, &o);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !json_object_is_type(o, json_type_object))
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "the runtime specification is not a JSON object");
        r = read_document(&d, o);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}
