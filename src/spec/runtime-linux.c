/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/personality.h>
#include <sys/stat.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"
#include "spec/runtime-reader.h"

#define NAMESPACES_MAX 16
#define FILE_MODE_MASK 07777
#define NANOSECONDS_MAX 999999999

static int read_namespace(RuntimeReader *d, json_object *o) {
        RuntimeNamespace *n;
        const char *type;
        int t, r;

        if (json_get_string(o, "type", &type) < 0)
                return reader_complain(d, "type", "a string is needed");
        t = runtime_namespace_from_string(type);
        if (t < 0)
                return reader_complain(d, "type", "there is no namespace called %s here", type);
        n = d->spec->namespaces + t;
        if (n->wanted)
                return reader_complain(d, "type", "%s is listed twice", type);
        n->wanted = true;
        r = reader_checked(d, "inode", json_get_u64(o, "inode", &n->inode));
        return r < 0 ? r : reader_path(d, o, "path", &n->path);
}

static int read_mappings(RuntimeReader *d, json_object *o, const char *key, RuntimeIdMapping **ret,
                         size_t *ret_n) {
        const char *text;
        json_object *array;
        int r;

        r = json_get(o, key, json_type_array, &array);
        if (r < 0)
                return reader_checked(d, key, r);
        r = runtime_mappings_parse(array, ret, ret_n, &text);
        return r == -EBADMSG ? reader_complain(d, key, "%s", text) : r;
}

static int read_time_offset(RuntimeReader *d, json_object *o, RuntimeTimeOffset *ret) {
        int64_t seconds = 0, nanoseconds = 0;
        int r;

        r = reader_ranged(d, o, "secs", INT64_MIN + 1, INT64_MAX - 1, &seconds);
        if (r >= 0)
                r = reader_ranged(d, o, "nanosecs", 0, NANOSECONDS_MAX, &nanoseconds);
        if (r >= 0)
                *ret = (RuntimeTimeOffset){ .set = true,
                                            .seconds = seconds,
                                            .nanoseconds = (uint32_t) nanoseconds };
        return r;
}

static int read_monotonic(RuntimeReader *d, json_object *o) {
        return read_time_offset(d, o, &d->spec->monotonic);
}

static int read_boottime(RuntimeReader *d, json_object *o) {
        return read_time_offset(d, o, &d->spec->boottime);
}

static int read_time_offsets(RuntimeReader *d, json_object *o) {
        int r;

        json_object_object_foreach(o, name, value) {
                (void) value;
                if (!streq(name, "monotonic") && !streq(name, "boottime"))
                        return reader_complain(d, name, "there are offsets of monotonic and boottime only");
        }
        r = reader_object(d, o, "monotonic", read_monotonic);
        return r < 0 ? r : reader_object(d, o, "boottime", read_boottime);
}

static int read_device_type(RuntimeReader *d, json_object *o, RuntimeDevice *v) {
        static const struct {
                char letter;
                mode_t type;
        } types[] = { { 'c', S_IFCHR }, { 'u', S_IFCHR }, { 'b', S_IFBLK }, { 'p', S_IFIFO } };
        const char *word;

        if (json_get_string(o, "type", &word) < 0)
                return reader_complain(d, "type", "a string is needed");
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (word[0] == types[i].letter && !word[1]) {
                        v->type = types[i].type;
                        return 0;
                }
        return reader_complain(d, "type", "\"%s\" is none of c, u, b and p", word);
}

static int read_device_number(RuntimeReader *d, json_object *o, const char *key, bool needed,
                              uint32_t *ret) {
        int64_t v = -1;
        int r;

        r = reader_ranged(d, o, key, 0, UINT32_MAX, &v);
        if (r < 0)
                return r;
        if (v < 0 && needed)
                return reader_complain(d, key, "a number is needed");
        *ret = v < 0 ? 0 : (uint32_t) v;
        return 0;
}

/* The same once more is no harm; another one in its place is. */
static int check_twice(RuntimeReader *d) {
        RuntimeSpec *s = d->spec;
        RuntimeDevice *v = s->devices + s->n_devices - 1;

        for (const RuntimeDevice *i = s->devices; i < v; i++) {
                if (!streq(i->path, v->path))
                        continue;
                if (i->type != v->type || i->major != v->major || i->minor != v->minor)
                        return reader_complain(d, "path", "%s is listed twice, as two devices", v->path);
                free(v->path);
                s->n_devices--;
                return 0;
        }
        return 0;
}

static int read_device(RuntimeReader *d, json_object *o) {
        uint32_t mode = 0666;
        RuntimeDevice *v;
        int r;

        r = reader_append(&d->spec->devices, &d->spec->n_devices, sizeof(*v));
        if (r < 0)
                return r;
        v = d->spec->devices + d->spec->n_devices - 1;
        r = read_device_type(d, o, v);
        if (r >= 0)
                r = reader_path(d, o, "path", &v->path);
        if (r >= 0 && !v->path)
                return reader_complain(d, "path", "an absolute path is needed");
        if (r >= 0)
                r = read_device_number(d, o, "major", v->type != S_IFIFO, &v->major);
        if (r >= 0)
                r = read_device_number(d, o, "minor", v->type != S_IFIFO, &v->minor);
        if (r >= 0)
                r = reader_u32(d, o, "fileMode", &mode);
        if (r >= 0)
                r = reader_u32(d, o, "uid", &v->uid);
        if (r >= 0)
                r = reader_u32(d, o, "gid", &v->gid);
        if (r < 0)
                return r;
        /* podman gives st_mode as it is: with the bits of the type. */
        v->mode = mode & FILE_MODE_MASK;
        return check_twice(d);
}

static int read_rootfs_propagation(RuntimeReader *d, json_object *o) {
        const char *word;
        int r;

        r = json_get_string(o, "rootfsPropagation", &word);
        if (r < 0)
                return reader_checked(d, "rootfsPropagation", r);
        if (isempty(word))
                return 0;
        if (mount_propagation_parse(word, &d->spec->rootfs_propagation,
                                    &d->spec->rootfs_propagation_recursive) < 0)
                return reader_complain(d, "rootfsPropagation", "there is no propagation called %s", word);
        return 0;
}

static int read_resources(RuntimeReader *d, json_object *o) {
        const char *key, *text;
        int r;

        r = runtime_resources_parse(o, &d->spec->resources, &key, &text);
        return r == -EBADMSG ? reader_complain(d, key, "%s", text) : r;
}

static int read_seccomp(RuntimeReader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        int r;

        r = reader_string(d, o, "listenerPath", &s->seccomp_listener_path);
        if (r >= 0)
                r = reader_string(d, o, "listenerMetadata", &s->seccomp_listener_metadata);
        if (r < 0)
                return r;
        if (s->seccomp_listener_metadata && !s->seccomp_listener_path)
                return reader_complain(d, "listenerMetadata", "goes together with listenerPath");
        return json_format(o, false, &s->seccomp);
}

static int read_personality(RuntimeReader *d, json_object *o) {
        _cleanup_strv_free_ char **flags = NULL;
        RuntimeSpec *s = d->spec;
        const char *domain;
        int r;

        if (json_get_string(o, "domain", &domain) < 0)
                return reader_complain(d, "domain", "a string is needed");
        if (!streq(domain, "LINUX") && !streq(domain, "LINUX32"))
                return reader_complain(d, "domain", "there is no execution domain called %s", domain);
        r = reader_strv(d, o, "flags", &flags);
        if (r < 0)
                return r;
        if (flags)
                return reader_complain(d, "flags", "there is no flag called %s", flags[0]);
        s->personality = streq(domain, "LINUX32") ? PER_LINUX32 : PER_LINUX;
        s->personality_set = true;
        return 0;
}

static int read_paths(RuntimeReader *d, json_object *o, const char *key, char ***ret) {
        int r;

        r = reader_strv(d, o, key, ret);
        STRV_FOREACH(i, r < 0 ? NULL : *ret)
                if (**i != '/')
                        return reader_complain(d, key, "\"%s\" is not an absolute path", *i);
        return r;
}

/* What a container would lack without a word. */
static int refuse_foreign(RuntimeReader *d, json_object *o) {
        static const struct {
                const char *key, *text;
        } foreign[] = {
                { "intelRdt",
                  "classes of cache and memory bandwidth cannot be given to a container here: leave "
                  "it out, and put the container's processes into a class of resctrl" },
                { "netDevices",
                  "devices of the network cannot be moved into a container here: leave it out, "
                  "and move them into its network namespace by path" },
                { "memoryPolicy",
                  "memory policies cannot be set here: leave it out, and use resources.cpu.mems" },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(foreign); i++) {
                json_object *v;

                r = json_get(o, foreign[i].key, json_type_object, &v);
                if (r == -EBADMSG)
                        return reader_checked(d, foreign[i].key, r);
                if (r >= 0 && json_object_object_length(v) > 0)
                        return reader_complain(d, foreign[i].key, "%s", foreign[i].text);
        }
        return 0;
}

static int check(RuntimeReader *d) {
        const RuntimeSpec *s = d->spec;
        const RuntimeNamespace *time = s->namespaces + RUNTIME_NAMESPACE_TIME;

        if ((s->monotonic.set || s->boottime.set) && (!time->wanted || time->path))
                return reader_complain(d, "timeOffsets", "needs a new namespace of type time");
        if ((s->n_uid_mappings > 0 || s->n_gid_mappings > 0) &&
            !s->namespaces[RUNTIME_NAMESPACE_USER].wanted)
                return reader_complain(d, "uidMappings", "needs a namespace of type user");
        if ((s->n_uid_mappings > 0) != (s->n_gid_mappings > 0))
                return reader_complain(d, "uidMappings", "goes together with gidMappings");
        return 0;
}

static int read_isolation(RuntimeReader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        int r;

        r = reader_array(d, o, "namespaces", NAMESPACES_MAX, read_namespace);
        if (r >= 0)
                r = read_mappings(d, o, "uidMappings", &s->uid_mappings, &s->n_uid_mappings);
        if (r >= 0)
                r = read_mappings(d, o, "gidMappings", &s->gid_mappings, &s->n_gid_mappings);
        if (r >= 0)
                r = reader_object(d, o, "timeOffsets", read_time_offsets);
        if (r >= 0)
                r = reader_object(d, o, "seccomp", read_seccomp);
        if (r >= 0)
                r = reader_string(d, o, "mountLabel", &s->mount_label);
        return r < 0 ? r : reader_object(d, o, "personality", read_personality);
}

int runtime_linux_read(RuntimeReader *d, json_object *o) {
        RuntimeSpec *s = d->spec;
        int r;

        r = read_isolation(d, o);
        if (r >= 0)
                r = reader_array(d, o, "devices", RUNTIME_LIST_MAX, read_device);
        if (r >= 0)
                r = reader_string(d, o, "cgroupsPath", &s->cgroups_path);
        if (r >= 0)
                r = reader_object(d, o, "resources", read_resources);
        if (r >= 0)
                r = reader_map(d, o, "sysctl", &s->sysctl);
        if (r >= 0)
                r = read_paths(d, o, "maskedPaths", &s->masked_paths);
        if (r >= 0)
                r = read_paths(d, o, "readonlyPaths", &s->readonly_paths);
        if (r >= 0)
                r = read_rootfs_propagation(d, o);
        if (r >= 0)
                r = refuse_foreign(d, o);
        return r < 0 ? r : check(d);
}
