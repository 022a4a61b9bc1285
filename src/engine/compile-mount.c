/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "engine/host-tree.h"
#include "spec/json.h"

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
/* With a read-only root, what programs expect to write to, as podman's --read-only-tmpfs. */
static const MountRow writable_mounts[] = {
        { "/run", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=755" } },
        { "/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777" } },
        { "/var/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777" } },
};
/* --volatile=state */
static const MountRow state_mount = { "/var", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=755" } };

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

/* What the host says to an init system: /run/host, read-only but for what the container tells in return. */
static const struct {
        const char *name; /* beneath the container's runtime directory */
        MountRow row;
} host_mounts[] = {
        { "host", { "/run/host", "bind", NULL, { "bind", "rprivate", "ro", "nosuid", "nodev", "noexec" } } },
        { "host/unix-export",
          { "/run/host/unix-export",
            "bind",
            NULL,
            { "bind", "rprivate", "rw", "nosuid", "nodev", "noexec" } } },
        { "notify",
          { "/run/host/notify", "bind", NULL, { "bind", "rprivate", "nosuid", "nodev", "noexec" } } },
};

/* Mounts that machined makes in the host's directory reach the container here. */
static int add_tunnel(const CompileInput *in, json_object *array) {
        MountRow row = { "/run/host/incoming", "bind", NULL, { "bind", "rslave", "rw", "nosuid" } };
        _cleanup_free_ char *source = NULL;
        int r;

        r = string_format(&source, HOST_TREE_TUNNELS "/%s", strempty(in->record->name));
        row.source = source;
        return r < 0 ? r : add_mount(array, &row);
}

static int add_journal(const CompileInput *in, json_object *array, Failure *f) {
        _cleanup_(journal_link_done) JournalLink link = {};
        MountRow row = { NULL, "bind", NULL, { "bind", "rprivate", "rw", "nosuid", "nodev", "noexec" } };
        int r;

        r = compile_system_journal(in, &link, f);
        if (r < 0 || !link.source)
                return r;
        row.destination = link.host_path;
        row.source = link.source;
        return add_mount(array, &row);
}

static int add_system_mounts(const CompileInput *in, json_object *array, Failure *f) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(system_mounts) && r >= 0; i++)
                r = add_mount(array, system_mounts + i);
        for (size_t i = 0; i < ELEMENTSOF(host_mounts) && r >= 0; i++) {
                _cleanup_free_ char *source = NULL;
                MountRow row = host_mounts[i].row;

                r = string_format(&source, "%s/containers/%s/%s", in->runtime_path, in->record->id,
                                  host_mounts[i].name);
                row.source = source;
                if (r >= 0)
                        r = add_mount(array, &row);
        }
        if (r >= 0)
                r = add_tunnel(in, array);
        return r < 0 ? r : add_journal(in, array, f);
}

static int add_writable_mounts(const CompileInput *in, json_object *array) {
        bool system = compile_is_system(in);
        int r = 0;

        if (!compile_root_is_read_only(in))
                return 0;
        if (compile_volatile_mode(in->record->spec) == VOLATILE_STATE)
                r = add_mount(array, &state_mount);
        for (size_t i = 0; i < ELEMENTSOF(writable_mounts) && r >= 0; i++)
                if (!system || streq(writable_mounts[i].destination, "/var/tmp"))
                        r = add_mount(array, writable_mounts + i);
        return r;
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

int compile_mounts(const CompileInput *in, json_object *root, Failure *f) {
        const ContainerRecord *record = in->record;
        _cleanup_json_ json_object *array = json_object_new_array();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(base_mounts) && r >= 0; i++)
                r = add_mount(array, base_mounts + i);
        if (r >= 0)
                r = add_mount(array, compile_network_is_host(record) && record->uid_base > 0 ? &host_sysfs
                                                                                             : &own_sysfs);
        if (r >= 0)
                r = add_mount(array, compile_is_system(in) ? &system_cgroup_mount : &cgroup_mount);
        if (r >= 0 && compile_is_system(in))
                r = add_system_mounts(in, array, f);
        if (r >= 0)
                r = add_writable_mounts(in, array);
        if (r >= 0)
                r = add_etc_mounts(array, record, in->runtime_path);
        return r < 0 ? r : json_add(root, "mounts", TAKE_PTR(array));
}
