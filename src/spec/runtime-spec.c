/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"
#include "spec/json.h"
#include "spec/runtime-reader.h"

#define UMASK_DEFAULT 0022

static const char *const runtime_namespace_table[] = {
        [RUNTIME_NAMESPACE_USER] = "user",     [RUNTIME_NAMESPACE_MOUNT] = "mount",
        [RUNTIME_NAMESPACE_PID] = "pid",       [RUNTIME_NAMESPACE_NETWORK] = "network",
        [RUNTIME_NAMESPACE_IPC] = "ipc",       [RUNTIME_NAMESPACE_UTS] = "uts",
        [RUNTIME_NAMESPACE_CGROUP] = "cgroup", [RUNTIME_NAMESPACE_TIME] = "time",
};
DEFINE_STRING_TABLE(runtime_namespace, RuntimeNamespaceType, _RUNTIME_NAMESPACE_MAX)

static bool is_number(const char *s, size_t n) {
        return n > 0 && strspn(s, DIGITS) >= n && (n == 1 || *s != '0');
}

/* Identifiers with a dot between any two; numbers have no leading zeros where @strict. */
static bool are_identifiers(const char *s, size_t n, bool strict) {
        const char *end = s + n;

        for (;;) {
                size_t l = strspn(s, ALPHANUMERIC "-");

                if (l == 0 || s + l > end || (strict && strspn(s, DIGITS) >= l && !is_number(s, l)))
                        return false;
                s += l;
                if (s == end)
                        return true;
                if (*s++ != '.')
                        return false;
        }
}

/* Semantic Versioning 2.0.0: MAJOR.MINOR.PATCH[-PRE-RELEASE][+BUILD]. */
static bool version_is_semantic(const char *s) {
        for (int i = 0; i < 3; i++) {
                size_t n = strspn(s, DIGITS);

                if (!is_number(s, n) || (i < 2 && s[n] != '.'))
                        return false;
                s += n + (i < 2);
        }
        if (*s == '-') {
                size_t n = strcspn(++s, "+");

                if (!are_identifiers(s, n, true))
                        return false;
                s += n;
        }
        return !*s || (*s == '+' && are_identifiers(s + 1, strlen(s + 1), false));
}

static int read_version(RuntimeReader *d, json_object *o) {
        const char *version;

        if (json_get_string(o, "ociVersion", &version) < 0)
                return reader_complain(d, "ociVersion", "a string is needed");
        if (!version_is_semantic(version))
                return reader_complain(d, "ociVersion", "%s is not a version like 1.2.0", version);
        if (!startswith(version, "1."))
                return reader_complain(d, "ociVersion", "unsupported spec version %s: it must be 1.x",
                                       version);
        return string_set(&d->spec->oci_version, version);
}

static int read_root(RuntimeReader *d, json_object *o) {
        int r;

        r = reader_string(d, o, "path", &d->spec->root_path);
        return r < 0 ? r : reader_boolean(d, o, "readonly", &d->spec->root_readonly);
}

static int read_mount(RuntimeReader *d, json_object *o) {
        const char *key, *text;
        int r;

        r = reader_append(&d->spec->mounts, &d->spec->n_mounts, sizeof(RuntimeMount));
        if (r < 0)
                return r;
        r = runtime_mount_parse(o, d->spec->mounts + d->spec->n_mounts - 1, &key, &text);
        return r == -EBADMSG ? reader_complain(d, key, "%s", text) : r;
}

static int read_hooks(RuntimeReader *d, json_object *o) {
        for (size_t i = 0; i < _RUNTIME_HOOK_MAX; i++) {
                const char *kind = runtime_hook_kind_to_string((RuntimeHookKind) i), *text;
                json_object *array;
                int r;

                if (!json_object_object_get_ex(o, kind, &array) || !array)
                        continue;
                r = runtime_hooks_parse(array, d->spec->hooks + i, &text);
                if (r < 0)
                        return r == -EBADMSG ? reader_complain(d, kind, "%s", text) : r;
        }
        return 0;
}

static int read_annotations(RuntimeReader *d, json_object *o) {
        int r;

        r = reader_map(d, o, "annotations", &d->spec->annotations);
        STRV_FOREACH(i, r < 0 ? NULL : d->spec->annotations)
                if (**i == '=')
                        return reader_complain(d, "annotations", "a key is empty");
        return r;
}

static int read_extension(RuntimeReader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        int r;

        r = reader_boolean(d, o, "accounts", &s->accounts);
        if (r >= 0)
                r = reader_string(d, o, "passwdEntry", &s->passwd_entry);
        if (r >= 0)
                r = reader_string(d, o, "groupEntry", &s->group_entry);
        /* Here, the empty string says that there is to be a file. */
        if (r >= 0)
                r = reader_checked(d, "hostsAdded", json_dup_string(o, "hostsAdded", &s->hosts_added));
        return r < 0 ? r : reader_checked(d, "hostsOwn", json_dup_string(o, "hostsOwn", &s->hosts_own));
}

static int resolve_mounts(RuntimeReader *d) {
        RuntimeSpec *s = d->spec;
        char key[48];
        int r;

        for (size_t i = 0; i < s->n_mounts; i++) {
                r = runtime_mount_resolve(s->mounts + i, s->uid_mappings, s->n_uid_mappings, s->gid_mappings,
                                          s->n_gid_mappings);
                (void) snprintf(key, sizeof(key), "mounts[%zu].options", i);
                if (r == -EINVAL)
                        return reader_complain(d, key, "idmap= names ids that the container does not have");
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check(RuntimeReader *d) {
        const RuntimeSpec *s = d->spec;

        if (s->namespaces[RUNTIME_NAMESPACE_UTS].wanted)
                return 0;
        if (s->hostname)
                return reader_complain(d, "hostname", "needs a namespace of type uts");
        return s->domainname ? reader_complain(d, "domainname", "needs a namespace of type uts") : 0;
}

static int read_document(RuntimeReader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        int r;

        r = read_version(d, o);
        if (r >= 0)
                r = reader_object(d, o, "process", runtime_process_read);
        if (r >= 0)
                r = reader_object(d, o, "root", read_root);
        if (r >= 0)
                r = reader_string(d, o, "hostname", &s->hostname);
        if (r >= 0)
                r = reader_string(d, o, "domainname", &s->domainname);
        if (r >= 0)
                r = reader_array(d, o, "mounts", RUNTIME_MOUNTS_MAX, read_mount);
        if (r >= 0)
                r = reader_object(d, o, "hooks", read_hooks);
        if (r >= 0)
                r = reader_object(d, o, "linux", runtime_linux_read);
        if (r >= 0)
                r = read_annotations(d, o);
        if (r >= 0)
                r = reader_object(d, o, "creel", read_extension);
        if (r >= 0)
                r = resolve_mounts(d);
        return r < 0 ? r : check(d);
}

RuntimeSpec *runtime_spec_free(RuntimeSpec *s) {
        if (!s)
                return NULL;
        runtime_process_done(&s->process);
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
        (void) strv_free(s->sysctl);
        free(s->cgroups_path);
        runtime_resources_done(&s->resources);
        free(s->seccomp);
        free(s->seccomp_listener_path);
        free(s->seccomp_listener_metadata);
        free(s->mount_label);
        (void) strv_free(s->masked_paths);
        (void) strv_free(s->readonly_paths);
        (void) strv_free(s->annotations);
        free(s->passwd_entry);
        free(s->group_entry);
        free(s->hosts_added);
        free(s->hosts_own);
        return mfree(s);
}

static int parse(const char *data, size_t n_bytes, const char *where, RuntimeReadFunc read,
                 RuntimeSpec **ret, Failure *reterr) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_json_ json_object *o = NULL;
        RuntimeReader d = { .failure = reterr };
        int r;

        s = new0(RuntimeSpec, 1);
        if (!s)
                return -ENOMEM;
        s->process.umask = UMASK_DEFAULT;
        d.spec = s;
        (void) snprintf(d.where, sizeof(d.where), "%s", where);

        r = json_parse(data, n_bytes, RUNTIME_SPEC_BYTES_MAX, &o);
        if (r == -ENOMEM)
                return r;
        if (r == -EFBIG)
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "the runtime specification is larger than %d bytes",
                                   RUNTIME_SPEC_BYTES_MAX);
        if (r < 0 || !json_object_is_type(o, json_type_object))
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "the runtime specification is not a JSON object");
        r = read(&d, o);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

int runtime_spec_parse(const char *data, size_t n_bytes, RuntimeSpec **ret, Failure *reterr) {
        return parse(data, n_bytes, "", read_document, ret, reterr);
}

int runtime_process_parse(const char *data, size_t n_bytes, RuntimeSpec **ret, Failure *reterr) {
        return parse(data, n_bytes, "process", runtime_process_read, ret, reterr);
}

static int incomplete(Failure *reterr, const char *text) {
        return failure_set(reterr, FAILURE_CONFIGURATION, "runtime specification, %s", text);
}

int runtime_spec_check_process(const RuntimeSpec *s, Failure *reterr) {
        return s->has_process ? 0 : incomplete(reterr, "process: there is no program to start");
}

int runtime_spec_check_container(const RuntimeSpec *s, Failure *reterr) {
        bool own_mounts = s->namespaces[RUNTIME_NAMESPACE_MOUNT].wanted;

        if (isempty(s->root_path))
                return incomplete(reterr, "root.path: a container needs a root");
        if (s->masked_paths && !own_mounts)
                return incomplete(reterr, "linux.maskedPaths: needs a namespace of type mount");
        if (s->readonly_paths && !own_mounts)
                return incomplete(reterr, "linux.readonlyPaths: needs a namespace of type mount");
        return 0;
}
