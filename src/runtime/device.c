/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/device.h"
#include "runtime/mount.h"
#include "runtime/namespace.h"

static const struct {
        const char *name;
        unsigned major, minor;
} default_devices[] = {
        { "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
        { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static const struct {
        const char *name, *target;
} default_links[] = {
        { "ptmx", "pts/ptmx" },
        { "fd", "/proc/self/fd" },
        { "stdin", "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" },
        { "stderr", "/proc/self/fd/2" },
        { "core", "/proc/kcore" },
};

static const char *const default_directories[] = { "pts", "shm", "mqueue" };

/* The tree is ours alone until it is attached, so plain calls by name are safe here. */
static int make_node(int fd, const char *name, mode_t mode, dev_t device, uid_t uid, gid_t gid) {
        if (mknodat(fd, name, mode, device) < 0) {
                if (errno != EEXIST)
                        return negative_errno();
                if (unlinkat(fd, name, 0) < 0 || mknodat(fd, name, mode, device) < 0)
                        return negative_errno();
        }
        if (fchmodat(fd, name, mode & 07777, 0) < 0)
                return negative_errno();
        return fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? negative_errno() : 0;
}

static int make_directory(int fd, const char *name, uid_t uid, gid_t gid) {
        if (mkdirat(fd, name, 0755) < 0)
                return errno == EEXIST ? 0 : negative_errno();
        return fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? negative_errno() : 0;
}

static int make_defaults(int fd, bool terminal, uid_t uid, gid_t gid) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(default_devices); i++)
                r = make_node(fd, default_devices[i].name, S_IFCHR | 0666,
                              makedev(default_devices[i].major, default_devices[i].minor), uid, gid);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(default_directories); i++)
                r = make_directory(fd, default_directories[i], uid, gid);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(default_links); i++)
                if (symlinkat(default_links[i].target, fd, default_links[i].name) < 0 ||
                    fchownat(fd, default_links[i].name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
                        r = negative_errno();
        /* The terminal is mounted here. */
        if (r >= 0 && terminal)
                r = make_node(fd, "console", S_IFREG | 0600, 0, uid, gid);
        return r;
}

static int make_device(const RuntimeSpec *spec, int fd, const RuntimeDevice *d) {
        uint32_t uid = namespace_host_id(spec->uid_mappings, spec->n_uid_mappings, d->uid);
        uint32_t gid = namespace_host_id(spec->gid_mappings, spec->n_gid_mappings, d->gid);
        _cleanup_free_ char *name = strdup(d->path + strlen("/dev/"));
        int r;

        if (!name)
                return -ENOMEM;
        for (char *p = strchr(name, '/'); p; p = strchr(p + 1, '/')) {
                *p = 0;
                r = streq(name, "..") || endswith(name, "/..") ? -EINVAL
                                                               : make_directory(fd, name, uid, gid);
                *p = '/';
                if (r < 0)
                        return r;
        }
        return make_node(fd, name, d->type | d->mode, makedev(d->major, d->minor), uid, gid);
}

static int make_instance(const RuntimeMount *m, uid_t uid, gid_t gid, int *ret_fd, Failure *reterr) {
        static char mode[] = "mode=755", size[] = "size=65536k";
        static char *data[] = { mode, size, NULL };
        MountOptions options = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, .data = data };
        int r;

        if (m) {
                options = m->options;
                options.attr_set &= ~(uint64_t) (MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY);
        }
        r = mount_new("tmpfs", "tmpfs", &options, ret_fd, reterr);
        if (r < 0)
                return r;
        if (fchownat(*ret_fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot make /dev");
        return 0;
}

int device_tree_mount(const RuntimeSpec *spec, const RuntimeMount *m, int *ret_fd, Failure *reterr) {
        uint32_t uid = namespace_host_id(spec->uid_mappings, spec->n_uid_mappings, 0);
        uint32_t gid = namespace_host_id(spec->gid_mappings, spec->n_gid_mappings, 0);
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = make_instance(m, uid, gid, &fd, reterr);
        if (r < 0)
                return r;
        r = make_defaults(fd, spec->process.terminal, uid, gid);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot make the nodes of /dev");
        for (size_t i = 0; i < spec->n_devices; i++) {
                r = make_device(spec, fd, spec->devices + i);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                                 "cannot make the device %s", spec->devices[i].path);
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}
