/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile.h"
#include "engine/etc.h"
#include "security/capability.h"
#include "spec/json.h"

#define OCI_VERSION "1.2.0"
#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ID_RANGE 65536

/* podman's default set (containers-common, capabilities(7)): docker's without AUDIT_WRITE, MKNOD and
 * NET_RAW. */
static const char *const default_capabilities[] = {
        "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",     "CAP_FSETID",
        "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",    "CAP_SETGID",
        "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT",
};

static const char *const masked_paths[] = {
        "/proc/acpi",
        "/proc/asound",
        "/proc/interrupts",
        "/proc/kallsyms",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/sys/dev/block",
        "/sys/devices/virtual/powercap",
        "/sys/firmware",
        "/sys/fs/selinux",
        NULL,
};

static const char *const readonly_paths[] = {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

typedef struct MountRow {
        const char *destination, *type, *source;
        const char *options[10];
} MountRow;

static const MountRow base_mounts[] = {
        { "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
        { "/dev", "tmpfs", "tmpfs", { "nosuid", "noexec", "strictatime", "mode=755", "size=65536k" } },
        { "/dev/pts",
          "devpts",
          "devpts",
          { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
        { "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
        { "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
};
static const MountRow own_sysfs = { "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } };
/* A sysfs of one's own needs a network namespace of one's own. */
static const MountRow host_sysfs = {
        "/sys", "bind", "/sys", { "rbind", "rprivate", "nosuid", "noexec", "nodev", "rro" }
};
static const MountRow cgroup_mount = {
        "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" }
};
/* With a read-only root, what programs expect to write to, as podman's --read-only-tmpfs. */
static const MountRow writable_mounts[] = {
        { "/run", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=755" } },
        { "/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777" } },
        { "/var/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777" } },
};

int container_argv(const ContainerRecord *record, const ImageConfig *config, char ***ret, Failure *f) {
        static const char entrypoint_key[] = "entrypoint";
        _cleanup_strv_free_ char **argv = NULL;
        bool replaced = container_spec_is_set(record->spec, container_spec_find(entrypoint_key));
        int r;

        r = strv_extend_strv(&argv, replaced ? record->spec->entrypoint : config->entrypoint);
        if (r >= 0 && strv_length(record->spec->command) > 0)
                r = strv_extend_strv(&argv, record->spec->command);
        else if (r >= 0 && !replaced)
                r = strv_extend_strv(&argv, config->cmd);
        if (r < 0)
                return r;
        if (strv_length(argv) == 0)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "%s: neither the image nor the command line says what to run; add a command",
                                record->image);
        *ret = TAKE_PTR(argv);
        return 0;
}

static int parse_capability_name(const char *name, uint64_t *ret_mask, Failure *f) {
        int n;

        if (strcasecmp(name, "all") == 0) {
                *ret_mask = capability_all();
                return 0;
        }
        n = capability_from_string(name);
        if (n < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: no such capability; capabilities(7) lists them", name);
        *ret_mask = UINT64_C(1) << n;
        return 0;
}

int container_capabilities(const ContainerSpec *spec, uint64_t *ret, Failure *f) {
        uint64_t set = 0, mask;
        bool drop_all = false;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(default_capabilities); i++)
                set |= UINT64_C(1) << capability_from_string(default_capabilities[i]);
        STRV_FOREACH(i, spec->cap_drop)
                drop_all = drop_all || strcasecmp(*i, "all") == 0;
        if (drop_all)
                set = 0;
        STRV_FOREACH(i, spec->cap_add) {
                r = parse_capability_name(*i, &mask, f);
                if (r < 0)
                        return r;
                set |= mask;
        }
        STRV_FOREACH(i, spec->cap_drop) {
                r = parse_capability_name(*i, &mask, f);
                if (r < 0)
                        return r;
                if (strcasecmp(*i, "all") != 0)
                        set &= ~mask;
        }
        *ret = set;
        return 0;
}

static int compile_env(const ContainerRecord *record, const ImageConfig *config, json_object *process) {
        _cleanup_strv_free_ char **env = NULL;
        _cleanup_free_ char *uuid = NULL, *hostname = NULL;
        char buf[65];
        int r;

        r = strv_env_set(&env, PATH_DEFAULT);
        if (r >= 0 && record->spec->tty)
                r = strv_env_set(&env, "TERM=xterm");
        if (r >= 0)
                r = strv_env_set(&env, "container=creel");
        if (r >= 0)
                r = string_format(&uuid, "container_uuid=%.8s-%.4s-%.4s-%.4s-%.12s", record->id,
                                  record->id + 8, record->id + 12, record->id + 16, record->id + 20);
        if (r >= 0)
                r = strv_env_set(&env, uuid);
        if (r >= 0)
                r = string_format(&hostname, "HOSTNAME=%s", etc_hostname(record, buf, sizeof(buf)));
        if (r >= 0)
                r = strv_env_set(&env, hostname);
        STRV_FOREACH(i, config->env)
                if (r >= 0)
                        r = strv_env_set(&env, *i);
        STRV_FOREACH(i, record->spec->env)
                if (r >= 0)
                        r = strv_env_set(&env, *i);
        return r < 0 ? r : json_add_strv(process, "env", env);
}

static int compile_capabilities(uint64_t set, json_object *process) {
        static const char *const kinds[] = { "bounding", "effective", "permitted" };
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_strv_free_ char **names = NULL;
        int r = o ? 0 : -ENOMEM;

        for (int i = 0; i < 64 && r >= 0; i++)
                if (set & (UINT64_C(1) << i))
                        r = strv_extend(&names, capability_to_string((unsigned) i));
        for (size_t i = 0; i < ELEMENTSOF(kinds) && r >= 0; i++)
                r = json_add_strv(o, kinds[i], names);
        return r < 0 ? r : json_add(process, "capabilities", TAKE_PTR(o));
}

/* So that the first thing a program sees is the right size, not a change of it. */
static int compile_console_size(const JobParameters *start, json_object *process) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (start->console_rows == 0 || start->console_columns == 0)
                return 0;
        o = json_object_new_object();
        if (!o)
                return -ENOMEM;
        r = json_add_u64(o, "height", start->console_rows);
        if (r >= 0)
                r = json_add_u64(o, "width", start->console_columns);
        return r < 0 ? r : json_add(process, "consoleSize", TAKE_PTR(o));
}

static int compile_process(const ContainerRecord *record, const ImageConfig *config,
                           const JobParameters *start, json_object *root, Failure *f) {
        _cleanup_json_ json_object *process = json_object_new_object(), *user = json_object_new_object();
        _cleanup_strv_free_ char **argv = NULL;
        uint64_t capabilities;
        int r;

        if (!process || !user)
                return -ENOMEM;
        r = container_argv(record, config, &argv, f);
        if (r >= 0)
                r = container_capabilities(record->spec, &capabilities, f);
        if (r >= 0)
                r = json_add_boolean(process, "terminal", record->spec->tty);
        if (r >= 0 && record->spec->tty)
                r = compile_console_size(start, process);
        if (r >= 0)
                r = json_add_u64(user, "uid", 0);
        if (r >= 0)
                r = json_add_u64(user, "gid", 0);
        /* Names mean what the image's own files say: the runtime looks them up in there. */
        if (r >= 0)
                r = json_add_string(user, "username",
                                    record->spec->user
                                                    ?: isempty(config->user) ? NULL
                                                                             : config->user);
        if (r >= 0)
                r = json_add(process, "user", TAKE_PTR(user));
        if (r >= 0)
                r = json_add_strv(process, "args", argv);
        if (r >= 0)
                r = compile_env(record, config, process);
        if (r >= 0)
                r = json_add_string(process, "cwd",
                                    record->spec->workdir
                                                    ?: isempty(config->working_dir) ? "/"
                                                                                    : config->working_dir);
        if (r >= 0)
                r = compile_capabilities(capabilities, process);
        return r < 0 ? r : json_add(root, "process", TAKE_PTR(process));
}

static int add_mount(json_object *array, const MountRow *row) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "destination", row->destination);
        if (r >= 0)
                r = json_add_string(o, "type", row->type);
        if (r >= 0)
                r = json_add_string(o, "source", row->source);
        if (r >= 0)
                r = json_add_strv(o, "options", (char *const *) row->options);
        if (r >= 0 && json_object_array_add(array, o) < 0)
                r = -ENOMEM;
        if (r >= 0)
                (void) TAKE_PTR(o);
        return r;
}

static bool network_is_host(const ContainerRecord *record) {
        return streq_ptr(record->spec->network, "host");
}

/* Our files over the image's. */
static int add_etc_mounts(json_object *array, const ContainerRecord *record, const char *runtime_path) {
        EtcFile files[ETC_FILES_MAX];
        size_t n = etc_files(record, files);

        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *source = NULL;
                MountRow row = { files[i].destination,
                                 "bind",
                                 NULL,
                                 { "bind", "rprivate", "nosuid", "noexec", "nodev" } };
                int r;

                r = string_format(&source, "%s/containers/%s/%s", runtime_path, record->id, files[i].name);
                if (r < 0)
                        return r;
                row.source = source;
                r = add_mount(array, &row);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int compile_mounts(const ContainerRecord *record, const char *runtime_path, json_object *root) {
        _cleanup_json_ json_object *array = json_object_new_array();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(base_mounts) && r >= 0; i++)
                r = add_mount(array, base_mounts + i);
        if (r >= 0)
                r = add_mount(array,
                              network_is_host(record) && record->uid_base > 0 ? &host_sysfs : &own_sysfs);
        if (r >= 0)
                r = add_mount(array, &cgroup_mount);
        for (size_t i = 0; i < ELEMENTSOF(writable_mounts) && r >= 0 && record->spec->read_only; i++)
                r = add_mount(array, writable_mounts + i);
        if (r >= 0)
                r = add_etc_mounts(array, record, runtime_path);
        return r < 0 ? r : json_add(root, "mounts", TAKE_PTR(array));
}

static int add_namespace(json_object *array, const char *type) {
        json_object *o = json_object_new_object();
        int r;

        r = o ? json_add_string(o, "type", type) : -ENOMEM;
        if (r < 0 || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        return 0;
}

static int compile_namespaces(const ContainerRecord *record, json_object *linux_part) {
        static const char *const types[] = { "pid", "ipc", "uts", "mount", "cgroup" };
        _cleanup_json_ json_object *array = json_object_new_array();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(types) && r >= 0; i++)
                r = add_namespace(array, types[i]);
        if (r >= 0 && !network_is_host(record))
                r = add_namespace(array, "network");
        if (r >= 0 && record->uid_base > 0)
                r = add_namespace(array, "user");
        return r < 0 ? r : json_add(linux_part, "namespaces", TAKE_PTR(array));
}

static int add_mapping(json_object *linux_part, const char *key, uint64_t base) {
        _cleanup_json_ json_object *array = json_object_new_array();
        json_object *o = json_object_new_object();
        int r;

        if (!array || !o || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        r = json_add_u64(o, "containerID", 0);
        if (r >= 0)
                r = json_add_u64(o, "hostID", base);
        if (r >= 0)
                r = json_add_u64(o, "size", ID_RANGE);
        return r < 0 ? r : json_add(linux_part, key, TAKE_PTR(array));
}

static int compile_linux(const ContainerRecord *record, json_object *root) {
        _cleanup_json_ json_object *linux_part = json_object_new_object();
        int r;

        if (!linux_part)
                return -ENOMEM;
        r = compile_namespaces(record, linux_part);
        if (r >= 0 && record->uid_base > 0)
                r = add_mapping(linux_part, "uidMappings", record->uid_base);
        if (r >= 0 && record->uid_base > 0)
                r = add_mapping(linux_part, "gidMappings", record->uid_base);
        if (r >= 0)
                r = json_add_strv(linux_part, "maskedPaths", (char *const *) masked_paths);
        if (r >= 0)
                r = json_add_strv(linux_part, "readonlyPaths", (char *const *) readonly_paths);
        return r < 0 ? r : json_add(root, "linux", TAKE_PTR(linux_part));
}

int container_compile(const ContainerRecord *record, const ImageConfig *config, const char *runtime_path,
                      const JobParameters *start, char **ret, Failure *f) {
        _cleanup_json_ json_object *root = json_object_new_object();
        json_object *rootfs = json_object_new_object();
        char buf[65];
        const char *hostname = etc_hostname(record, buf, sizeof(buf));
        int r;

        if (!root || !rootfs) {
                (void) json_object_put(rootfs);
                return -ENOMEM;
        }
        r = json_add(root, "root", rootfs);
        if (r >= 0)
                r = json_add_string(rootfs, "path", "rootfs");
        if (r >= 0)
                r = json_add_boolean(rootfs, "readonly", record->spec->read_only);
        if (r >= 0)
                r = json_add_string(root, "ociVersion", OCI_VERSION);
        if (r >= 0)
                r = json_add_string(root, "hostname", hostname);
        if (r >= 0)
                r = compile_process(record, config, start, root, f);
        if (r >= 0)
                r = compile_mounts(record, runtime_path, root);
        if (r >= 0)
                r = compile_linux(record, root);
        return r < 0 ? r : json_format(root, false, ret);
}
