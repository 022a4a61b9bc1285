/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
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

static const struct {
        const char *name;
        mode_t mode;
} default_directories[] = { { "pts", 0755 }, { "shm", 01777 }, { "mqueue", 01777 } };

static int try_node(int fd, const char *name, mode_t mode, dev_t device) {
        if (mknodat(fd, name, mode, device) >= 0)
                return 0;
        if (errno != EPERM || S_ISREG(mode))
                return negative_errno();
        /* We are root of a user namespace only: the place for the host's own node. */
        return mknodat(fd, name, S_IFREG | 0, 0) < 0 ? negative_errno() : 0;
}

/* The tree is ours alone until it is attached, so plain calls by name are safe here. */
static int make_node(int fd, const char *name, mode_t mode, dev_t device, uid_t uid, gid_t gid) {
        int r;

        r = try_node(fd, name, mode, device);
        if (r == -EEXIST)
                r = unlinkat(fd, name, 0) < 0 ? negative_errno() : try_node(fd, name, mode, device);
        if (r < 0)
                return r;
        if (fchmodat(fd, name, mode & 07777, 0) < 0)
                return negative_errno();
        return fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? negative_errno() : 0;
}

static int make_directory(int fd, const char *name, mode_t mode, uid_t uid, gid_t gid) {
        if (mkdirat(fd, name, mode) < 0)
                return errno == EEXIST ? 0 : negative_errno();
        if (fchmodat(fd, name, mode, 0) < 0)
                return negative_errno();
        return fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? negative_errno() : 0;
}

static int make_defaults(int fd, bool terminal, uid_t uid, gid_t gid) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(default_devices); i++)
                r = make_node(fd, default_devices[i].name, S_IFCHR | 0666,
                              makedev(default_devices[i].major, default_devices[i].minor), uid, gid);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(default_directories); i++)
                r = make_directory(fd, default_directories[i].name, default_directories[i].mode, uid,
                                   gid);
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
                                                               : make_directory(fd, name, 0755, uid, gid);
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
                if (!startswith(spec->devices[i].path, "/dev/"))
                        continue;
                r = make_device(spec, fd, spec->devices + i);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                                 "cannot make the device %s", spec->devices[i].path);
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* The node of the host that is called the same, as a mount for where we may not make one. */
static int clone_host_node(const RuntimeDevice *d, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int fd = open(d->path, O_PATH | O_CLOEXEC);
        struct stat st;
        int copy;

        if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != d->type ||
            st.st_rdev != makedev(d->major, d->minor))
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "cannot make the device %s: a user namespace may not make devices, and "
                                   "the host has no such one in that place",
                                   d->path);
        copy = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (copy < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot bind the device %s",
                                         d->path);
        *ret_fd = copy;
        return 0;
}

static int bind_node(int directory_fd, const char *name, const RuntimeDevice *d, Failure *reterr) {
        _cleanup_close_ int target = -EBADF, node = -EBADF;
        int r;

        r = clone_host_node(d, &node, reterr);
        if (r < 0)
                return r;
        r = mknodat(directory_fd, name, S_IFREG | 0, 0) < 0 && errno != EEXIST ? negative_errno() : 0;
        if (r >= 0)
                r = path_openat2(directory_fd, name, O_PATH | O_NOFOLLOW, 0,
                                 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, &target);
        if (r >= 0 &&
            move_mount(node, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                r = negative_errno();
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot bind the device %s", d->path)
                     : 0;
}

/* What is there stays as it is: it belongs to the image, or to a mount. An empty file where no nodes can be
 * made is what we left for one, now or when the tree was used the last time. */
static int complete_node(int directory_fd, const char *name, const RuntimeDevice *d, Failure *reterr) {
        struct stat st;

        if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0)
                return S_ISREG(st.st_mode) && st.st_size == 0 && !namespace_is_initial_user()
                                       ? bind_node(directory_fd, name, d, reterr)
                                       : 0;
        if (mknodat(directory_fd, name, d->type | d->mode, makedev(d->major, d->minor)) < 0)
                return errno == EPERM ? bind_node(directory_fd, name, d, reterr)
                                      : failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                                          "cannot make the device %s", d->path);
        return fchownat(directory_fd, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0 ? negative_errno() : 0;
}

static int complete_device(int root_fd, const RuntimeDevice *d, Failure *reterr) {
        _cleanup_close_ int directory = -EBADF;
        _cleanup_free_ char *parent = strdup(d->path);
        bool in_dev = startswith(d->path, "/dev/");
        char *slash = parent ? strrchr(parent, '/') : NULL;
        int r;

        if (!slash)
                return parent ? -EINVAL : -ENOMEM;
        *slash = 0;
        r = in_dev ? mount_open_target(root_fd, parent, MOUNT_TARGET_NO_LINKS, true, &directory, reterr)
                   : path_mkdir_in_root(root_fd, parent, 0755, (uid_t) -1, (gid_t) -1, &directory);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot make the device %s: no directory for it", d->path);
        return complete_node(directory, slash + 1, d, reterr);
}

static int complete_defaults(int root_fd, Failure *reterr) {
        for (size_t i = 0; i < ELEMENTSOF(default_devices); i++) {
                char path[32];
                RuntimeDevice d = { .path = path,
                                    .type = S_IFCHR,
                                    .mode = 0666,
                                    .major = default_devices[i].major,
                                    .minor = default_devices[i].minor };
                int r;

                (void) snprintf(path, sizeof(path), "/dev/%s", default_devices[i].name);
                r = complete_device(root_fd, &d, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* In a /dev of the image: terminals are those of the container whatever else is there. */
static int complete_links(int root_fd, Failure *reterr) {
        _cleanup_close_ int dev = -EBADF;
        int r;

        r = mount_open_target(root_fd, "/dev", MOUNT_TARGET_NO_LINKS, true, &dev, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(default_links); i++) {
                const char *name = default_links[i].name;

                r = symlinkat(default_links[i].target, dev, name) < 0 ? negative_errno() : 0;
                if (r == -EEXIST && streq(name, "ptmx") && unlinkat(dev, name, 0) >= 0)
                        r = symlinkat(default_links[i].target, dev, name) < 0 ? negative_errno() : 0;
                if (r < 0 && r != -EEXIST)
                        return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot make the link /dev/%s",
                                                 name);
        }
        return 0;
}

int device_complete_tree(const RuntimeSpec *spec, int root_fd, bool own_dev, Failure *reterr) {
        /* Whoever made it could make everything in it. */
        bool complete = own_dev && namespace_is_initial_user();
        int r = 0;

        for (size_t i = 0; r >= 0 && i < spec->n_devices; i++)
                if (!complete || !startswith(spec->devices[i].path, "/dev/"))
                        r = complete_device(root_fd, spec->devices + i, reterr);
        if (r >= 0 && !complete)
                r = complete_defaults(root_fd, reterr);
        return r < 0 || own_dev ? r : complete_links(root_fd, reterr);
}
