/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/host-tree.h"
#include "engine/mount-plan.h"
#include "engine/compile-request.h"
#include "engine/userns.h"
#include "spec/json.h"

#define SHM_BYTES_DEFAULT (UINT64_C(64) << 20)

static const MountRow base_mounts[] = {
        { "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
        { "/dev", "tmpfs", "tmpfs", { "nosuid", "noexec", "strictatime", "mode=755", "size=65536k" } },
        { "/dev/pts",
          "devpts",
          "devpts",
          { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
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
static const MountRow system_cgroup_mount = {
        "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "rw" }
};
/* What an init system finds mounted, as podman and systemd-nspawn have it. */
static const MountRow system_mounts[] = {
        { "/run",
          "tmpfs",
          "tmpfs",
          { "nosuid", "nodev", "strictatime", "mode=755", "size=20%", "nr_inodes=800k" } },
        { "/run/lock", "tmpfs", "tmpfs", { "nosuid", "nodev", "noexec", "mode=1777", "size=5m" } },
        { "/tmp",
          "tmpfs",
          "tmpfs",
          { "nosuid", "nodev", "strictatime", "mode=1777", "size=10%", "nr_inodes=1m" } },
};
/* For the container's sockets; bounded as in systemd-nspawn, so that it cannot fill the host's /run. */
static const MountRow export_mount = {
        "/run/host/unix-export",
        "tmpfs",
        "tmpfs",
        { "nosuid", "nodev", "noexec", "mode=755", "size=4m", "nr_inodes=64" }
};
static const MountRow journal_mount = {
        "/var/log/journal", "tmpfs", "tmpfs", { "nosuid", "nodev", "noexec", "mode=755", "size=10%" }
};
/* With a read-only root, what programs expect to write to, as podman's --read-only-tmpfs. */
static const MountRow writable_mounts[] = {
        { "/run", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=755", "tmpcopyup" } },
        { "/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777", "tmpcopyup" } },
        { "/var/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777", "tmpcopyup" } },
};

/* --volatile=state */
static const MountRow state_mount = { "/var", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=755" } };

/* The mounts in the order in which they are made: what lies above comes first. */
typedef struct MountTable {
        const MountPlan *plan;
        json_object *array;
} MountTable;

static size_t depth_of(json_object *mount) {
        const char *destination = "";
        size_t n = 0;

        (void) json_get_string(mount, "destination", &destination);
        for (; *destination; destination++)
                n += *destination == '/' && destination[1];
        return n;
}

/* Takes over @mount. */
static int insert(MountTable *t, json_object *mount) {
        size_t n = json_object_array_length(t->array), depth = depth_of(mount);

        if (json_object_array_add(t->array, mount) < 0) {
                (void) json_object_put(mount);
                return -ENOMEM;
        }
        for (; n > 0 && depth_of(json_object_array_get_idx(t->array, n - 1)) > depth; n--) {
                json_object *above = json_object_get(json_object_array_get_idx(t->array, n - 1));

                (void) json_object_array_put_idx(t->array, n - 1, json_object_get(mount));
                (void) json_object_array_put_idx(t->array, n, above);
        }
        return 0;
}

static int add_row(MountTable *t, const MountRow *row) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        /* The user's own word counts; and over a /dev of the user's come only terminals of the container's
         * own. */
        if (mount_plan_has(t->plan, row->destination) ||
            (mount_plan_has(t->plan, "/dev") && startswith(row->destination, "/dev/") &&
             !streq(row->type, "devpts")))
                return 0;
        o = json_object_new_object();
        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "destination", row->destination);
        if (r >= 0)
                r = json_add_string(o, "type", row->type);
        if (r >= 0)
                r = json_add_string(o, "source", row->source);
        if (r >= 0)
                r = json_add_strv(o, "options", (char *const *) row->options);
        return r < 0 ? r : insert(t, TAKE_PTR(o));
}

/* Nothing at all can be written to but what the user mounts. */
static bool is_silent(const ContainerSpec *s) {
        return s->read_only && container_spec_has(s, "read-only-tmpfs") && !s->read_only_tmpfs;
}

/* What the host says to an init system: /run/host, read-only but for the socket. */
static const struct {
        const char *name; /* beneath the container's runtime directory */
        MountRow row;
} host_mounts[] = {
        { "host", { "/run/host", "bind", NULL, { "bind", "rprivate", "ro", "nosuid", "nodev", "noexec" } } },
        { "notify",
          { "/run/host/notify", "bind", NULL, { "bind", "rprivate", "nosuid", "nodev", "noexec" } } },
};

/* Mounts that machined makes in the host's directory reach the container here. */
static int add_tunnel(const CompileInput *in, MountTable *t) {
        MountRow row = { "/run/host/incoming", "bind", NULL, { "bind", "rslave", "rw", "nosuid" } };
        _cleanup_free_ char *source = NULL;
        int r;

        r = string_format(&source, HOST_TREE_TUNNELS "/%s", strempty(in->record->name));
        row.source = source;
        return r < 0 ? r : add_row(t, &row);
}

static int add_journal(const CompileInput *in, MountTable *t, Failure *f) {
        _cleanup_(journal_link_done) JournalLink link = {};
        MountRow row = { NULL, "bind", NULL, { "bind", "rprivate", "rw", "nosuid", "nodev", "noexec" } };
        int r;

        r = compile_system_journal(in, &link, f);
        if (r < 0 || !link.source)
                return r;
        row.destination = link.host_path;
        row.source = link.source;
        return add_row(t, &row);
}

/* A tmpfs of an init system, as large as --shm-size-systemd says. */
static int add_system_tmpfs(const ContainerSpec *s, MountTable *t, MountRow row) {
        _cleanup_free_ char *size = NULL;
        int r;

        if (container_spec_has(s, "shm-size-systemd")) {
                r = string_format(&size, "size=%" PRIu64, s->shm_size_systemd_bytes);
                if (r < 0)
                        return r;
                for (size_t i = 0; row.options[i]; i++)
                        if (startswith(row.options[i], "size="))
                                row.options[i] = size;
        }
        return add_row(t, &row);
}

static int add_system_mounts(const CompileInput *in, MountTable *t, Failure *f) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(system_mounts) && r >= 0; i++)
                r = add_system_tmpfs(in->record->spec, t, system_mounts[i]);
        for (size_t i = 0; i < ELEMENTSOF(host_mounts) && r >= 0; i++) {
                _cleanup_free_ char *source = NULL;
                MountRow row = host_mounts[i].row;

                r = string_format(&source, "%s/containers/%s/%s", in->runtime_path, in->record->id,
                                  host_mounts[i].name);
                row.source = source;
                if (r >= 0)
                        r = add_row(t, &row);
        }
        if (r >= 0)
                r = add_row(t, &export_mount);
        if (r >= 0)
                r = add_tunnel(in, t);
        if (r >= 0)
                r = add_journal(in, t, f);
        /* As podman has it; what --boot starts keeps its journal. */
        if (r >= 0 && !in->record->spec->boot && !in->record->spec->link_journal)
                r = add_system_tmpfs(in->record->spec, t, journal_mount);
        return r;
}

static int add_writable_mounts(const CompileInput *in, MountTable *t) {
        bool system = compile_is_system(in);
        int r = 0;

        if (!compile_root_is_read_only(in))
                return 0;
        if (compile_volatile_mode(in->record->spec) == VOLATILE_STATE)
                r = add_row(t, &state_mount);
        for (size_t i = 0; i < ELEMENTSOF(writable_mounts) && r >= 0 && !is_silent(in->record->spec); i++)
                if (!system || streq(writable_mounts[i].destination, "/var/tmp"))
                        r = add_row(t, writable_mounts + i);
        return r;
}

/* Our files over the image's, but not inside of somebody else's directory. */
static int add_etc_mounts(MountTable *t, const CompileInput *in) {
        EtcFile files[COMPILE_ETC_FILES_MAX];
        size_t n = compile_etc_files(in, files);

        for (size_t i = 0; i < n; i++) {
                json_object *o = NULL;
                int r;

                if (mount_plan_covers(t->plan, files[i].destination))
                        continue;
                r = compile_etc_mount(in, files + i, &o);
                if (r >= 0)
                        r = insert(t, o);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_base_mounts(MountTable *t, const CompileInput *in, Failure *f) {
        bool silent = is_silent(in->record->spec);
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(base_mounts) && r >= 0; i++) {
                MountRow row = base_mounts[i];

                if (silent && streq(row.destination, "/dev"))
                        row.options[5] = "ro";
                r = add_row(t, &row);
        }
        if (r >= 0)
                r = add_row(t, compile_network_is_host(in->record) && userns_is_used(in->record)
                                               ? &host_sysfs
                                               : &own_sysfs);
        if (r >= 0)
                r = add_row(t, compile_is_system(in) ? &system_cgroup_mount : &cgroup_mount);
        if (r >= 0 && compile_is_system(in))
                r = add_system_mounts(in, t, f);
        return r < 0 ? r : add_writable_mounts(in, t);
}

static bool is_own_ipc(const ContainerSpec *s) {
        NamespaceMode mode = compile_namespace_mode(s, RUNTIME_NAMESPACE_IPC);

        return mode.kind == NAMESPACE_PRIVATE || mode.kind == NAMESPACE_SHAREABLE;
}

/* /dev/shm, as large as --shm-size says. */
static int add_shm(MountTable *t, const ContainerSpec *s, Failure *f) {
        bool silent = is_silent(s);
        uint64_t bytes = container_spec_has(s, "shm-size") ? s->shm_size_bytes : SHM_BYTES_DEFAULT;
        MountRow row = { "/dev/shm",
                         "tmpfs",
                         "shm",
                         { "nosuid", "noexec", "nodev", "mode=1777", NULL, silent ? "ro" : NULL } };
        _cleanup_free_ char *size = NULL;
        int r;

        if (container_spec_has(s, "shm-size") && !is_own_ipc(s))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--shm-size' needs an IPC namespace of the container's own; "
                                   "leave it out, or use --ipc=private");
        r = string_format(&size, "size=%" PRIu64, bytes);
        if (r < 0)
                return r;
        row.options[4] = size;
        return add_row(t, &row);
}

int compile_mounts(const CompileInput *in, json_object *root, Failure *f) {
        _cleanup_(mount_plan_done) MountPlan plan = {};
        _cleanup_json_ json_object *array = json_object_new_array();
        MountTable t = { .plan = &plan, .array = array };
        int r = array ? mount_plan_make(in, &plan, f) : -ENOMEM;

        if (r >= 0)
                r = add_base_mounts(&t, in, f);
        if (r >= 0)
                r = add_shm(&t, in->record->spec, f);
        if (r >= 0)
                r = add_etc_mounts(&t, in);
        for (size_t i = 0; i < plan.n_requests && r >= 0; i++) {
                json_object *o = NULL;

                if (plan.requests[i].kind == MOUNT_KIND_INACCESSIBLE)
                        continue;
                r = compile_mount_request(in, plan.requests + i, i, &o, f);
                if (r >= 0)
                        r = insert(&t, o);
        }
        return r < 0 ? r : json_add(root, "mounts", TAKE_PTR(array));
}

int compile_inaccessible(const CompileInput *in, json_object *root) {
        json_object *linux_part, *masked;

        if (!in->record->spec->inaccessible)
                return 0;
        if (json_get(root, "linux", json_type_object, &linux_part) < 0)
                return -EINVAL;
        if (json_get(linux_part, "maskedPaths", json_type_array, &masked) < 0) {
                masked = json_object_new_array();
                if (json_add(linux_part, "maskedPaths", masked) < 0)
                        return -ENOMEM;
        }
        STRV_FOREACH(i, in->record->spec->inaccessible) {
                json_object *path = json_object_new_string(*i);

                if (!path || json_object_array_add(masked, path) < 0)
                        return -ENOMEM;
        }
        return 0;
}
