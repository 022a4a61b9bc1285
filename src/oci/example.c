/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <unistd.h>

#include "basic/macro.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/example.h"
#include "spec/json.h"

#define OCI_VERSION "1.2.0"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OPEN_FILES 1024

typedef struct Place {
        const char *destination, *type, *source;
        const char *options; /* separated by commas */
        bool rootless;       /* only then; the others of the same destination only else */
} Place;

static const Place places[] = {
        { "/proc", "proc", "proc", NULL },
        { "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k" },
        { "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5" },
        { "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k" },
        { "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev" },
        { "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro" },
        { "/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,ro", true },
        { "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro" },
};

static const char *const masked[] = {
        "/proc/acpi",
        "/proc/asound",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/sys/firmware",
        "/proc/scsi",
        "/sys/devices/virtual/powercap",
        NULL,
};
static const char *const read_only[] = { "/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
                                         "/proc/sysrq-trigger", NULL };
static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };
static const char *const args[] = { "sh", NULL };
static const char *const env[] = { "PATH=" DEFAULT_PATH, "TERM=xterm", NULL };

static int add_list(json_object *o, const char *key, const char *const *list) {
        return json_add_strv(o, key, (char *const *) list);
}

/* Adds an object, or to an array where @key is NULL, and borrows it for filling in. */
static int add_object(json_object *o, const char *key, json_object **ret) {
        json_object *v = json_object_new_object();
        int r;

        if (!v)
                return -ENOMEM;
        r = key ? json_add(o, key, v) : json_object_array_add(o, v) < 0 ? -ENOMEM : 0;
        if (r >= 0)
                *ret = v;
        return r;
}

static int add_array(json_object *o, const char *key, json_object **ret) {
        json_object *v = json_object_new_array();
        int r = v ? json_add(o, key, v) : -ENOMEM;

        if (r >= 0)
                *ret = v;
        return r;
}

static int add_capabilities(json_object *process) {
        static const char *const sets[] = { "bounding", "effective", "permitted" };
        json_object *o;
        int r = add_object(process, "capabilities", &o);

        for (size_t i = 0; i < ELEMENTSOF(sets) && r >= 0; i++)
                r = add_list(o, sets[i], capabilities);
        return r;
}

static int add_limits(json_object *process) {
        json_object *list, *o;
        int r = add_array(process, "rlimits", &list);

        if (r >= 0)
                r = add_object(list, NULL, &o);
        if (r >= 0)
                r = json_add_string(o, "type", "RLIMIT_NOFILE");
        if (r >= 0)
                r = json_add_u64(o, "hard", OPEN_FILES);
        return r < 0 ? r : json_add_u64(o, "soft", OPEN_FILES);
}

static int add_process(json_object *document) {
        json_object *o, *user;
        int r;

        r = add_object(document, "process", &o);
        if (r >= 0)
                r = json_add_boolean(o, "terminal", true);
        if (r >= 0)
                r = add_object(o, "user", &user);
        if (r >= 0)
                r = json_add_u64(user, "uid", 0);
        if (r >= 0)
                r = json_add_u64(user, "gid", 0);
        if (r >= 0)
                r = add_list(o, "args", args);
        if (r >= 0)
                r = add_list(o, "env", env);
        if (r >= 0)
                r = json_add_string(o, "cwd", "/");
        if (r >= 0)
                r = add_capabilities(o);
        if (r >= 0)
                r = add_limits(o);
        return r < 0 ? r : json_add_boolean(o, "noNewPrivileges", true);
}

static bool is_wanted(const Place *p, bool rootless) {
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (places[i].rootless && streq(places[i].destination, p->destination))
                        return p->rootless == rootless;
        return true;
}

/* A user alone has no group 5. */
static int split_options(const Place *p, bool rootless, char ***ret) {
        _cleanup_strv_free_ char **all = NULL, **l = NULL;
        int r = p->options ? strv_split(p->options, ",", &all) : 0;

        STRV_FOREACH(i, all)
                if (r >= 0 && !(rootless && (startswith(*i, "gid=") || startswith(*i, "uid="))))
                        r = strv_extend(&l, *i);
        if (r >= 0)
                *ret = TAKE_PTR(l);
        return r;
}

static int add_mount(json_object *list, const Place *p, bool rootless) {
        _cleanup_strv_free_ char **options = NULL;
        json_object *o;
        int r;

        r = split_options(p, rootless, &options);
        if (r >= 0)
                r = add_object(list, NULL, &o);
        if (r >= 0)
                r = json_add_string(o, "destination", p->destination);
        if (r >= 0)
                r = json_add_string(o, "type", p->type);
        if (r >= 0)
                r = json_add_string(o, "source", p->source);
        return r < 0 ? r : json_add_strv(o, "options", options);
}

static int add_mounts(json_object *document, bool rootless) {
        json_object *list;
        int r = add_array(document, "mounts", &list);

        for (size_t i = 0; i < ELEMENTSOF(places) && r >= 0; i++)
                if (is_wanted(places + i, rootless))
                        r = add_mount(list, places + i, rootless);
        return r;
}

static int add_mapping(json_object *o, const char *key, uint32_t id) {
        json_object *list, *mapping;
        int r = add_array(o, key, &list);

        if (r >= 0)
                r = add_object(list, NULL, &mapping);
        if (r >= 0)
                r = json_add_u64(mapping, "containerID", 0);
        if (r >= 0)
                r = json_add_u64(mapping, "hostID", id);
        return r < 0 ? r : json_add_u64(mapping, "size", 1);
}

/* All devices but those that every container has. */
static int add_resources(json_object *o) {
        json_object *resources, *list, *rule;
        int r = add_object(o, "resources", &resources);

        if (r >= 0)
                r = add_array(resources, "devices", &list);
        if (r >= 0)
                r = add_object(list, NULL, &rule);
        if (r >= 0)
                r = json_add_boolean(rule, "allow", false);
        return r < 0 ? r : json_add_string(rule, "access", "rwm");
}

static int add_namespaces(json_object *o, bool rootless) {
        const char *const types[] = { "pid",    rootless ? NULL : "network", "ipc", "uts", "mount",
                                      "cgroup", rootless ? "user" : NULL };
        json_object *list, *n;
        int r = add_array(o, "namespaces", &list);

        for (size_t i = 0; i < ELEMENTSOF(types) && r >= 0; i++) {
                if (!types[i])
                        continue;
                r = add_object(list, NULL, &n);
                if (r >= 0)
                        r = json_add_string(n, "type", types[i]);
        }
        return r;
}

static int add_linux(json_object *document, bool rootless) {
        json_object *o;
        int r = add_object(document, "linux", &o);

        if (r >= 0 && rootless)
                r = add_mapping(o, "uidMappings", geteuid());
        if (r >= 0 && rootless)
                r = add_mapping(o, "gidMappings", getegid());
        if (r >= 0 && !rootless)
                r = add_resources(o);
        if (r >= 0)
                r = add_namespaces(o, rootless);
        if (r >= 0)
                r = add_list(o, "maskedPaths", masked);
        return r < 0 ? r : add_list(o, "readonlyPaths", read_only);
}

int example_new(bool rootless, json_object **ret) {
        _cleanup_json_ json_object *document = json_object_new_object();
        json_object *root;
        int r;

        r = document ? json_add_string(document, "ociVersion", OCI_VERSION) : -ENOMEM;
        if (r >= 0)
                r = add_process(document);
        if (r >= 0)
                r = add_object(document, "root", &root);
        if (r >= 0)
                r = json_add_string(root, "path", "rootfs");
        if (r >= 0)
                r = json_add_boolean(root, "readonly", true);
        if (r >= 0)
                r = json_add_string(document, "hostname", "creel");
        if (r >= 0)
                r = add_mounts(document, rootless);
        if (r >= 0)
                r = add_linux(document, rootless);
        if (r >= 0)
                *ret = TAKE_PTR(document);
        return r;
}
