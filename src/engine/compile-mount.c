/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
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
/* With a read-only root, what programs expect to write to, as podman's --read-only-tmpfs. */
static const MountRow writable_mounts[] = {
        { "/run", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=755" } },
        { "/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777" } },
        { "/var/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777" } },
};

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
                r = add_mount(array, &cgroup_mount);
        for (size_t i = 0; i < ELEMENTSOF(writable_mounts) && r >= 0 && record->spec->read_only; i++)
                r = add_mount(array, writable_mounts + i);
        if (r >= 0)
                r = add_etc_mounts(array, record, in->runtime_path);
        return r < 0 ? r : json_add(root, "mounts", TAKE_PTR(array));
}
