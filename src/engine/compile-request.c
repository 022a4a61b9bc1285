/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-request.h"
#include "engine/image.h"
#include "engine/userns.h"
#include "spec/json.h"

#define STORE_PATH_DEFAULT "/var/lib/creel"

/* What the members of a mount are made of. */
typedef struct Builder {
        const CompileInput *in;
        const MountRequest *m;
        json_object *mount, *own; /* the entry, and its "creel" */
} Builder;

static int add_type(Builder *b, const char *type, const char *source) {
        int r = json_add_string(b->mount, "type", type);

        return r < 0 ? r : json_add_string(b->mount, "source", source);
}

static int add_options(Builder *b, const char *more) {
        _cleanup_strv_free_ char **options = NULL;
        int r;

        r = strv_copy(b->m->options, &options);
        if (r >= 0 && more)
                r = strv_extend(&options, more);
        return r < 0 ? r : json_add_strv(b->mount, "options", options);
}

/* Ids inside of the container are those of its user namespace. */
static int add_mapping(json_object *array, const MountMapping *mapping, const IdMap *ids) {
        json_object *o = json_object_new_object();
        int r;

        if (!o || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        r = json_add_u64(o, "containerID", mapping->backing);
        if (r >= 0)
                r = json_add_u64(o, "hostID",
                                 mapping->relative ? id_map_host_id(ids, (uint32_t) mapping->host)
                                                   : mapping->host);
        return r < 0 ? r : json_add_u64(o, "size", mapping->size);
}

/* What is left out is mapped as the container maps it. */
static int add_mappings(Builder *b, const char *key, const MountMapping *mappings, size_t n,
                        const IdMap *ids) {
        json_object *array = json_object_new_array();
        int r;

        r = json_add(b->mount, key, array);
        for (size_t i = 0; i < ids->n && n == 0 && r >= 0; i++)
                r = add_mapping(array,
                                &(MountMapping){ .backing = ids->mappings[i].container_id,
                                                 .host = ids->mappings[i].host_id,
                                                 .size = ids->mappings[i].size },
                                ids);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = add_mapping(array, mappings + i, ids);
        return r;
}

static int add_idmap(Builder *b, const char **ret_option, Failure *f) {
        const MountRequest *m = b->m;
        int r;

        if (m->idmap == MOUNT_IDMAP_NONE)
                return 0;
        if (m->n_uids == 0 && m->n_gids == 0 && !userns_is_used(b->in->record) && *b->in->record->id)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: idmap needs a user namespace; leave it out, or say how to map: "
                                   "idmap=uids=...;gids=...",
                                   m->destination);
        if (m->idmap == MOUNT_IDMAP_ROOT)
                return json_add_boolean(b->own, "rootIdmap", true);
        *ret_option = m->recursive_idmap ? "ridmap" : "idmap";
        if (m->n_uids == 0 && m->n_gids == 0)
                return 0;
        r = add_mappings(b, "uidMappings", m->uids, m->n_uids, &b->in->record->uid_map);
        return r < 0 ? r : add_mappings(b, "gidMappings", m->gids, m->n_gids, &b->in->record->gid_map);
}

static int add_source_options(Builder *b, const char *option, Failure *f) {
        const MountRequest *m = b->m;
        int r;

        r = add_idmap(b, &option, f);
        if (r >= 0)
                r = add_options(b, option);
        if (r >= 0)
                r = json_add_string(b->own, "subpath", m->subpath);
        if (r >= 0 && m->chown)
                r = json_add_boolean(b->own, "chown", true);
        if (r >= 0 && m->no_dereference)
                r = json_add_boolean(b->own, "copyLink", true);
        return r;
}

static int build_bind(Builder *b, Failure *f) {
        int r = add_type(b, "bind", b->m->source);

        return r < 0 ? r : add_source_options(b, NULL, f);
}

static int volume_path(const CompileInput *in, const char *name, char **ret) {
        return string_format(ret, "%s/volumes/%s/data",
                             in->engine ? in->engine->store->path : STORE_PATH_DEFAULT, name);
}

/* On disk volumes belong to ids from 0 on, as layers do, whatever containers use them. */
static int build_volume(Builder *b, Failure *f) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = volume_path(b->in, b->m->source, &path);
        if (r >= 0)
                r = add_type(b, "bind", path);
        if (r >= 0 && !b->m->no_copy)
                r = json_add_boolean(b->own, "fill", true);
        return r < 0 ? r : add_source_options(b, userns_is_used(b->in->record) ? "idmap" : NULL, f);
}

static int build_memory(Builder *b, Failure *f) {
        const char *type = mount_kind_to_string(b->m->kind);
        int r;

        r = add_type(b, type, type);
        if (r >= 0 && b->m->chown)
                r = json_add_boolean(b->own, "chown", true);
        return r < 0 ? r : add_options(b, b->m->no_copy ? NULL : "tmpcopyup");
}

static int build_devpts(Builder *b, Failure *f) {
        _cleanup_strv_free_ char **options = NULL;
        int r;

        r = add_type(b, "devpts", "devpts");
        if (r >= 0)
                r = strv_copy(b->m->options, &options);
        if (r >= 0)
                r = strv_extend(&options, "newinstance");
        if (r >= 0)
                r = strv_extend(&options, "ptmxmode=0666");
        return r < 0 ? r : json_add_strv(b->mount, "options", options);
}

static int build_image(Builder *b, Failure *f) {
        _cleanup_strv_free_ char **layers = NULL;
        Image *image;
        int r;

        if (b->in->engine) {
                r = image_find(b->in->engine, b->m->source, &image, f);
                if (r >= 0)
                        r = image_layers(image, &layers);
                if (r < 0)
                        return r;
        }
        r = add_type(b, "overlay", b->m->source);
        if (r >= 0)
                r = json_add(b->own, "layers", json_object_new_array());
        if (r >= 0 && layers)
                r = json_add_strv(b->own, "layers", layers);
        return r < 0 ? r : add_source_options(b, b->m->writable ? NULL : "ro", f);
}

static int build_overlay(Builder *b, Failure *f) {
        const MountRequest *m = b->m;
        _cleanup_free_ char *path = NULL;
        json_object *array;
        int r;

        r = add_type(b, "overlay", "overlay");
        if (r >= 0 && !m->lowers) { /* over a volume */
                r = volume_path(b->in, m->source, &path);
                array = r >= 0 ? json_object_new_array() : NULL;
                if (r >= 0 && (!array || json_object_array_add(array, json_object_new_string(path)) < 0))
                        return -ENOMEM;
                if (r >= 0)
                        r = json_add(b->own, "lowers", array);
        } else if (r >= 0)
                r = json_add_strv(b->own, "lowers", m->lowers);
        if (r >= 0)
                r = json_add_string(b->own, "upper", m->upper);
        if (r >= 0)
                r = json_add_string(b->own, "work", m->work);
        return r < 0 ? r : add_options(b, m->writable ? NULL : "ro");
}

/* What may lie over files of /proc: what those who show a container its own numbers replace, as runc has it.
 */
static const char *const proc_files[] = {
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/meminfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/uptime",
        "/proc/loadavg",
        "/proc/slabinfo",
        "/proc/net/dev",
        "/proc/sys/kernel/ns_last_pid",
        "/proc/sys/crypto/fips_enabled",
};

/* The kernel's own file systems only take what comes from the like: programs trust what they find there. */
static int check_place(const MountRequest *m, Failure *f) {
        bool is_bind = m->kind == MOUNT_KIND_BIND;
        const char *rest;

        if ((rest = startswith(m->destination, "/proc")) && (*rest == 0 || *rest == '/')) {
                if (is_bind && *rest == 0 && streq(m->source, "/proc"))
                        return 0;
                for (size_t i = 0; i < ELEMENTSOF(proc_files) && is_bind; i++)
                        if (streq(m->destination, proc_files[i]))
                                return 0;
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: nothing can be mounted there; choose a place outside of /proc",
                                   m->destination);
        }
        if ((rest = startswith(m->destination, "/sys")) && (*rest == 0 || *rest == '/') &&
            !(is_bind && (streq(m->source, "/sys") || startswith(m->source, "/sys/"))))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: only what comes from the host's /sys can be mounted there; choose a "
                                   "place "
                                   "outside of /sys",
                                   m->destination);
        return 0;
}

/* What a whole host lives on is not given away to a container, as in podman. */
static const char *const host_paths[] = {
        "/",     "/bin", "/boot",  "/dev",   "/etc", "/etc/passwd", "/etc/pki", "/etc/shadow",
        "/home", "/lib", "/lib64", "/media", "/opt", "/proc",       "/root",    "/run",
        "/sbin", "/srv", "/sys",   "/tmp",   "/usr", "/var",        "/var/lib", "/var/log",
};

static int check_chown(const MountRequest *m, Failure *f) {
        _cleanup_free_ char *clean = NULL;
        int r;

        if (!m->chown || m->kind != MOUNT_KIND_BIND || m->subpath)
                return 0;
        r = mount_path_clean(m->source, &clean);
        for (size_t i = 0; i < ELEMENTSOF(host_paths) && r >= 0; i++)
                if (streq(clean, host_paths[i]))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "%s: the host's own %s is not given to a container's user; leave "
                                           "out U, or "
                                           "mount a directory of its own",
                                           m->destination, clean);
        return r;
}

int compile_mount_request(const CompileInput *in, const MountRequest *m, size_t index, json_object **ret,
                          Failure *f) {
        static int (*const builders[])(Builder * b, Failure * f) = {
                [MOUNT_KIND_BIND] = build_bind,       [MOUNT_KIND_VOLUME] = build_volume,
                [MOUNT_KIND_TMPFS] = build_memory,    [MOUNT_KIND_RAMFS] = build_memory,
                [MOUNT_KIND_DEVPTS] = build_devpts,   [MOUNT_KIND_IMAGE] = build_image,
                [MOUNT_KIND_OVERLAY] = build_overlay,
        };
        _cleanup_json_ json_object *mount = json_object_new_object(), *own = json_object_new_object();
        Builder b = { .in = in, .m = m, .mount = mount, .own = own };
        char scratch[32];
        int r;

        if (!mount || !own)
                return -ENOMEM;
        r = check_place(m, f);
        if (r >= 0)
                r = check_chown(m, f);
        if (r >= 0)
                r = json_add_string(mount, "destination", m->destination);
        if (r >= 0)
                r = builders[m->kind](&b, f);
        (void) snprintf(scratch, sizeof(scratch), "overlay-%zu", index);
        if (r >= 0 && (m->kind == MOUNT_KIND_IMAGE || m->kind == MOUNT_KIND_OVERLAY) && m->writable &&
            !m->upper)
                r = json_add_string(own, "scratch", scratch);
        if (r >= 0 && json_object_object_length(own) > 0)
                r = json_add(mount, "creel", TAKE_PTR(own));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(mount);
        return 0;
}
