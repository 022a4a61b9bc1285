/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/cdi.h"
#include "engine/compile-device.h"
#include "engine/compile-part.h"
#include "engine/userns.h"
#include "spec/device-option.h"
#include "spec/json.h"

#define DEVICES_MAX 2048
#define DEPTH_MAX 8

typedef struct Device {
        char *host, *container;
        struct stat st;
        char permissions[4];
        int64_t uid, gid; /* inside; -1: as the host has it, or the container's root */
} Device;

typedef struct DeviceList {
        Device *devices;
        size_t n, allocated;
        Failure *failure;
} DeviceList;

static void device_list_done(DeviceList *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->devices[i].host);
                free(l->devices[i].container);
        }
        l->devices = mfree(l->devices);
        l->n = 0;
}

static bool is_device(const struct stat *st) {
        return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* A device that is given twice is as the last one says. */
static int list_add(DeviceList *l, const char *host, const char *container, const struct stat *st,
                    const char *permissions) {
        Device d = { .st = *st, .uid = -1, .gid = -1 };

        memcpy(d.permissions, permissions, strlen(permissions) + 1);
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->devices[i].container, container)) {
                        if (string_set(&l->devices[i].host, host) < 0)
                                return -ENOMEM;
                        l->devices[i].st = *st;
                        memcpy(l->devices[i].permissions, d.permissions, sizeof(d.permissions));
                        return 0;
                }
        if (l->n >= DEVICES_MAX)
                return failure_set(l->failure, FAILURE_LIMITS_EXCEEDED, "a container has at most %d devices",
                                   DEVICES_MAX);
        d.host = strdup(host);
        d.container = strdup(container);
        if (!d.host || !d.container || !GREEDY_REALLOC(l->devices, l->allocated, l->n + 1)) {
                free(d.host);
                free(d.container);
                return -ENOMEM;
        }
        l->devices[l->n++] = d;
        return 0;
}

/* What /dev has besides devices, or what every container has of its own. */
static bool is_left_out(const char *name) {
        static const char *const names[] = { "pts",  "shm",   "fd",     "mqueue",  "console",  "ptmx",
                                             "tty",  "stdin", "stdout", "stderr",  "core",     "null",
                                             "zero", "full",  "random", "urandom", "hugepages" };

        if (*name == '.')
                return true;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], name))
                        return true;
        return false;
}

static int list_add_directory(DeviceList *l, const char *host, const char *container,
                              const char *permissions, unsigned depth) {
        const struct dirent *de;
        int r = 0;
        DIR *dir;

        dir = opendir(host);
        if (!dir)
                return negative_errno();
        while (r >= 0 && (de = readdir(dir))) {
                _cleanup_free_ char *from = NULL, *to = NULL;
                struct stat st;

                if (is_left_out(de->d_name))
                        continue;
                r = path_join(host, de->d_name, &from);
                if (r >= 0)
                        r = path_join(container, de->d_name, &to);
                /* Links are other names of devices that are there under their own. */
                if (r < 0 || lstat(from, &st) < 0)
                        continue;
                if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
                        r = list_add_directory(l, from, to, permissions, depth + 1);
                else if (is_device(&st))
                        r = list_add(l, from, to, &st, permissions);
        }
        (void) closedir(dir);
        return r;
}

static int list_add_option(DeviceList *l, const DeviceOption *o) {
        struct stat st;
        size_t before = l->n;
        int r;

        if (stat(o->host, &st) < 0)
                return failure_set_errno(l->failure, FAILURE_INVALID_ARGUMENT, errno,
                                         "option '--device' has '%s'", o->host);
        if (is_device(&st))
                return list_add(l, o->host, o->container, &st, o->permissions);
        if (!S_ISDIR(st.st_mode))
                return failure_set(l->failure, FAILURE_INVALID_ARGUMENT,
                                   "option '--device' has '%s': neither a device nor a directory; mount it "
                                   "with "
                                   "'--volume'",
                                   o->host);
        r = list_add_directory(l, o->host, o->container, o->permissions, 0);
        if (r >= 0 && l->n == before)
                return failure_set(l->failure, FAILURE_INVALID_ARGUMENT,
                                   "option '--device' has '%s': there is no device in that directory",
                                   o->host);
        return r;
}

static int list_add_cdi_node(DeviceList *l, const CdiNode *n) {
        const char *host = n->host_path ?: n->path;
        struct stat st = {};
        int r;

        if (stat(host, &st) < 0 && (n->major < 0 || n->minor < 0 || !n->type))
                return failure_set_errno(l->failure, FAILURE_INVALID_ARGUMENT, errno,
                                         "the device %s, which its description names", host);
        if (n->major >= 0 && n->minor >= 0)
                st.st_rdev = makedev((unsigned) n->major, (unsigned) n->minor);
        if (n->type)
                st.st_mode = (mode_t) ((st.st_mode & 07777) | (n->type == 'b' ? S_IFBLK : S_IFCHR));
        if (n->mode >= 0)
                st.st_mode = (st.st_mode & S_IFMT) | (mode_t) (n->mode & 07777);
        if (!is_device(&st))
                return failure_set(l->failure, FAILURE_INVALID_ARGUMENT,
                                   "%s, which the description of a device names, is none", host);
        r = list_add(l, host, n->path, &st, n->permissions);
        /* It may be there already, and not the last. */
        for (size_t i = 0; i < l->n && r >= 0; i++)
                if (streq(l->devices[i].container, n->path)) {
                        l->devices[i].uid = n->uid;
                        l->devices[i].gid = n->gid;
                }
        return r;
}

/* The edits of a device, and those that its file has for all. */
typedef struct CdiChoice {
        CdiFile *file;
        const CdiEdits *edits[2];
} CdiChoice;

static void cdi_choice_done(CdiChoice *c) {
        c->file = cdi_file_free(c->file);
}

static int cdi_choose(const char *name, CdiChoice *ret, Failure *f) {
        const CdiDevice *device;
        int r;

        r = cdi_find(cdi_directories, name, &ret->file, &device, f);
        if (r >= 0) {
                ret->edits[0] = &ret->file->edits;
                ret->edits[1] = &device->edits;
        }
        return r;
}

static int list_add_cdi(DeviceList *l, const char *name) {
        _cleanup_(cdi_choice_done) CdiChoice c = {};
        int r;

        r = cdi_choose(name, &c, l->failure);
        for (size_t i = 0; i < ELEMENTSOF(c.edits) && r >= 0; i++)
                for (size_t k = 0; k < c.edits[i]->n_nodes && r >= 0; k++)
                        r = list_add_cdi_node(l, c.edits[i]->nodes + k);
        return r;
}

/* An init system would log in whoever sits at the host's console. */
static void drop_consoles(DeviceList *l) {
        size_t kept = 0;

        for (size_t i = 0; i < l->n; i++) {
                const char *number = startswith(l->devices[i].container, "/dev/tty");

                if (number && *number && string_in_charset(number, DIGITS)) {
                        free(l->devices[i].host);
                        free(l->devices[i].container);
                } else
                        l->devices[kept++] = l->devices[i];
        }
        l->n = kept;
}

static int list_devices(const ContainerSpec *spec, bool system, DeviceList *l) {
        int r = 0;

        if (spec->privileged)
                r = list_add_directory(l, "/dev", "/dev", "rwm", 0);
        if (spec->privileged && system)
                drop_consoles(l);
        STRV_FOREACH(i, spec->devices) {
                _cleanup_device_option_ DeviceOption o = {};
                const char *hint;

                if (r >= 0)
                        r = device_option_parse(*i, &o, &hint);
                if (r >= 0)
                        r = o.cdi ? list_add_cdi(l, o.host) : list_add_option(l, &o);
        }
        return r;
}

/* A node of the container's own /dev. With a user namespace it belongs to the container's root: ids of the
 * host mean nothing inside. */
static int device_to_json(const Device *d, bool has_userns, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "path", d->container);
        if (r >= 0)
                r = json_add_string(o, "type", S_ISCHR(d->st.st_mode) ? "c" : "b");
        if (r >= 0)
                r = json_add_u64(o, "major", major(d->st.st_rdev));
        if (r >= 0)
                r = json_add_u64(o, "minor", minor(d->st.st_rdev));
        if (r >= 0)
                r = json_add_u64(o, "fileMode", d->st.st_mode & 0777);
        if (r >= 0)
                r = json_add_u64(o, "uid", d->uid >= 0 ? (uint64_t) d->uid : has_userns ? 0 : d->st.st_uid);
        if (r >= 0)
                r = json_add_u64(o, "gid", d->gid >= 0 ? (uint64_t) d->gid : has_userns ? 0 : d->st.st_gid);
        if (r >= 0)
                *ret = TAKE_PTR(o);
        return r;
}

/* Elsewhere than in /dev the node is mounted from the host. */
static int device_to_mount(const Device *d, json_object **ret) {
        static char bind[] = "bind", private[] = "rprivate", nosuid[] = "nosuid", noexec[] = "noexec";
        static char *const options[] = { bind, private, nosuid, noexec, NULL };
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "destination", d->container);
        if (r >= 0)
                r = json_add_string(o, "type", "bind");
        if (r >= 0)
                r = json_add_string(o, "source", d->host);
        if (r >= 0)
                r = json_add_strv(o, "options", options);
        if (r >= 0)
                *ret = TAKE_PTR(o);
        return r;
}

static int get_array(json_object *o, const char *key, json_object **ret) {
        json_object *array;
        int r;

        r = json_get(o, key, json_type_array, ret);
        if (r != -ENODATA)
                return r;
        array = json_object_new_array();
        r = array ? json_add(o, key, array) : -ENOMEM;
        if (r >= 0)
                *ret = array;
        return r;
}

static int add_cdi_mount(json_object *root, const CdiMount *m) {
        json_object *array, *o = json_object_new_object();
        bool bind = !m->type || streq(m->type, "bind");
        int r = o ? 0 : -ENOMEM;

        if (r >= 0)
                r = json_add_string(o, "destination", m->container_path);
        if (r >= 0)
                r = json_add_string(o, "type", bind ? "bind" : m->type);
        if (r >= 0)
                r = json_add_string(o, "source", m->host_path);
        if (r >= 0)
                r = json_add_strv(o, "options", m->options);
        if (r >= 0)
                r = get_array(root, "mounts", &array);
        if (r < 0 || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return r < 0 ? r : -ENOMEM;
        }
        return 0;
}

static int add_cdi_gid(json_object *process, uint32_t gid) {
        json_object *user, *array, *number;
        int r;

        r = json_get(process, "user", json_type_object, &user);
        if (r >= 0)
                r = get_array(user, "additionalGids", &array);
        if (r < 0)
                return r;
        number = json_object_new_int64(gid);
        return number && json_object_array_add(array, number) >= 0 ? 0 : -ENOMEM;
}

static int apply_cdi_edits(const CdiEdits *e, json_object *root) {
        _cleanup_strv_free_ char **env = NULL;
        json_object *process;
        int r;

        r = json_get(root, "process", json_type_object, &process);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        r = json_get_strv(process, "env", &env);
        if (r == -ENODATA)
                r = 0;
        STRV_FOREACH(i, e->env)
                if (r >= 0)
                        r = strv_env_set(&env, *i);
        if (r >= 0)
                r = json_add_strv(process, "env", env);
        for (size_t i = 0; i < e->n_mounts && r >= 0; i++)
                r = add_cdi_mount(root, e->mounts + i);
        for (size_t i = 0; i < e->n_gids && r >= 0; i++)
                r = add_cdi_gid(process, e->gids[i]);
        return r;
}

/* What a device of the Container Device Interface brings besides its nodes. */
static int apply_cdi(const ContainerSpec *spec, json_object *root, Failure *f) {
        int r = 0;

        STRV_FOREACH(i, spec->devices) {
                _cleanup_device_option_ DeviceOption o = {};
                _cleanup_(cdi_choice_done) CdiChoice c = {};
                const char *hint;

                if (r >= 0)
                        r = device_option_parse(*i, &o, &hint);
                if (r < 0 || !o.cdi)
                        continue;
                r = cdi_choose(o.host, &c, f);
                for (size_t k = 0; k < ELEMENTSOF(c.edits) && r >= 0; k++)
                        r = apply_cdi_edits(c.edits[k], root);
        }
        return r;
}

int compile_devices(const CompileInput *in, json_object *root, json_object *linux_part, Failure *f) {
        _cleanup_(device_list_done) DeviceList l = { .failure = f };
        bool has_userns = userns_is_used(in->record);
        int r;

        r = list_devices(in->record->spec, compile_is_system(in), &l);
        if (r >= 0)
                r = apply_cdi(in->record->spec, root, f);
        for (size_t i = 0; i < l.n && r >= 0; i++) {
                bool in_dev = startswith(l.devices[i].container, "/dev/");
                json_object *array, *o = NULL;

                r = get_array(in_dev ? linux_part : root, in_dev ? "devices" : "mounts", &array);
                if (r >= 0)
                        r = in_dev ? device_to_json(l.devices + i, has_userns, &o)
                                   : device_to_mount(l.devices + i, &o);
                if (r >= 0 && json_object_array_add(array, o) < 0) {
                        (void) json_object_put(o);
                        r = -ENOMEM;
                }
        }
        return r;
}

static int policy_add(char ***l, bool block, const char *majors, const char *minors,
                      const char *permissions) {
        char *s;
        int r;

        r = minors ? string_format(&s, "/dev/%s/%s:%s %s", block ? "block" : "char", majors, minors,
                                   permissions)
                   : string_format(&s, "%s-%s %s", block ? "block" : "char", majors, permissions);
        return r < 0 ? r : strv_consume(l, s);
}

static int policy_add_rule(char ***l, const DeviceRule *rule) {
        char majors[16] = "*", minors[16];
        int r = 0;

        if (!rule->any_major)
                (void) snprintf(majors, sizeof(majors), "%" PRIu32, rule->major);
        (void) snprintf(minors, sizeof(minors), "%" PRIu32, rule->minor);
        if (rule->type != 'b')
                r = policy_add(l, false, majors, rule->any_minor ? NULL : minors, rule->permissions);
        if (r >= 0 && rule->type != 'c')
                r = policy_add(l, true, majors, rule->any_minor ? NULL : minors, rule->permissions);
        return r;
}

int container_device_policy(const ContainerSpec *spec, char ***ret, bool *ret_all, Failure *f) {
        _cleanup_(device_list_done) DeviceList l = { .failure = f };
        _cleanup_strv_free_ char **policy = NULL;
        int r;

        *ret_all = spec->privileged;
        *ret = NULL;
        if (spec->privileged)
                return 0;
        r = list_devices(spec, false, &l);
        for (size_t i = 0; i < l.n && r >= 0; i++)
                r = policy_add_rule(&policy,
                                    &(DeviceRule){ .type = S_ISBLK(l.devices[i].st.st_mode) ? 'b' : 'c',
                                                   .major = major(l.devices[i].st.st_rdev),
                                                   .minor = minor(l.devices[i].st.st_rdev),
                                                   .permissions = { l.devices[i].permissions[0],
                                                                    l.devices[i].permissions[1],
                                                                    l.devices[i].permissions[2] } });
        STRV_FOREACH(i, spec->device_rules) {
                const char *hint;
                DeviceRule rule;

                if (r >= 0)
                        r = device_rule_parse(*i, &rule, &hint);
                if (r >= 0)
                        r = policy_add_rule(&policy, &rule);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(policy);
        return 0;
}
