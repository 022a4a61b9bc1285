/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/mount.h"
#include "runtime/rootfs.h"

#define NAME_BYTES 24 /* a number and a separator */

/* Detached copies of the layers' trees from the base. They must stay open until the overlay exists. */
typedef struct Layers {
        int *fds;
        size_t n;
} Layers;

static void layers_done(Layers *l) {
        for (size_t i = 0; i < l->n; i++)
                (void) fd_close(l->fds[i]);
        l->fds = mfree(l->fds);
        l->n = 0;
}

static int layer_open(int layers_fd, const char *layer, int userns_fd, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        char path[128];
        int r;

        if (snprintf(path, sizeof(path), "%s/tree", layer) >= (int) sizeof(path) || *layer == '.' ||
            strchr(layer, '/'))
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT, "%s is not the name of a layer", layer);
        fd = open_tree(layers_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot open layer %.12s; pull the image again", layer);
        if (userns_fd >= 0) {
                r = mount_idmap(fd, userns_fd);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_STORAGE, r,
                                                 "the store's file system cannot map ids for layer %.12s; "
                                                 "run without "
                                                 "a user namespace",
                                                 layer);
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* An overlay needs a lower directory; an image without layers gets an empty one. */
static int empty_layer(int *ret_fd, Failure *reterr) {
        char mode[] = "mode=755", *data[] = { mode, NULL };
        MountOptions options = { .data = data };

        return mount_new("tmpfs", NULL, &options, ret_fd, reterr);
}

/* The tree as a mount of its own, with what is mounted beneath it unless it becomes a layer. */
static int tree_open(const RootfsSource *source, const char *path, int userns_fd, uint32_t root_uid,
                     int *ret_fd, Failure *reterr) {
        struct mount_attr alone = { .propagation = MS_PRIVATE };
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = open_tree(source->directory_fd, path,
                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW |
                                       (source->overlay ? 0 : AT_RECURSIVE));
        if (fd < 0 || fstatat(source->directory_fd, "", &st, AT_EMPTY_PATH) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot open the container's root directory");
        /* What is mounted inside shall not show up in the tree as the host sees it. */
        if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &alone, sizeof(alone)) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                         "cannot take the container's root directory apart from the host's");
        if (userns_fd >= 0 && st.st_uid != root_uid) {
                r = mount_idmap(fd, userns_fd);
                if (r < 0)
                        return failure_set_errno(
                                        reterr, FAILURE_STORAGE, r,
                                        "the file system of the container's root directory cannot map "
                                        "ids; run it with --userns=host, or move it to another file "
                                        "system");
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int layers_open(const RootfsSource *source, int userns_fd, uint32_t root_uid, Layers *ret,
                       Failure *reterr) {
        _cleanup_(layers_done) Layers l = {};
        size_t n = strv_length(source->layers);
        int r;

        if (n > ROOTFS_LAYERS_MAX)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED,
                                   "the image has %zu layers; the kernel stacks at most %d", n,
                                   ROOTFS_LAYERS_MAX);
        l.fds = new (int, n + 1);
        if (!l.fds)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                r = layer_open(source->layers_fd, source->layers[i], userns_fd, l.fds + i, reterr);
                if (r < 0)
                        return r;
                l.n++;
        }
        if (n == 0) {
                r = source->directory_fd >= 0 ? tree_open(source, "", userns_fd, root_uid, l.fds, reterr)
                                              : empty_layer(l.fds, reterr);
                if (r < 0)
                        return r;
                l.n = 1;
        }
        *ret = l;
        l = (Layers) {};
        return 0;
}

/* Where an overlay's writes go. */
typedef struct Upper {
        int parent_fd; /* has upper and work */
        bool is_mount; /* the parent is a mount that is ours alone */
        int upper_fd, work_fd;
} Upper;

#define UPPER_NONE ((Upper){ .parent_fd = -EBADF, .upper_fd = -EBADF, .work_fd = -EBADF })

static void upper_done(Upper *u) {
        if (u->is_mount)
                u->parent_fd = fd_close(u->parent_fd);
        u->upper_fd = fd_close(u->upper_fd);
        u->work_fd = fd_close(u->work_fd);
}

/* For --volatile=overlay. */
static int upper_in_memory(Upper *u, Failure *reterr) {
        char mode[] = "mode=755", *data[] = { mode, NULL };
        MountOptions options = { .data = data };
        int r;

        r = mount_new("tmpfs", "tmpfs", &options, &u->parent_fd, reterr);
        if (r < 0)
                return r;
        u->is_mount = true;
        if (mkdirat(u->parent_fd, "upper", 0755) < 0 || mkdirat(u->parent_fd, "work", 0700) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot make the container's directory in memory");
        return 0;
}

/* The upper directory becomes the container's /, so it must belong to the container's root. */
static int upper_open(const RootfsSource *source, uint32_t root_uid, uint32_t root_gid, Upper *u,
                      Failure *reterr) {
        struct stat st;
        int r;

        u->parent_fd = source->upper_fd;
        if (source->volatile_mode == VOLATILE_OVERLAY) {
                r = upper_in_memory(u, reterr);
                if (r < 0)
                        return r;
        }
        u->upper_fd = openat(u->parent_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        u->work_fd = openat(u->parent_fd, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (u->upper_fd < 0 || u->work_fd < 0 || fstat(u->upper_fd, &st) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot open the container's own directory");
        if ((st.st_uid != root_uid || st.st_gid != root_gid) && fchown(u->upper_fd, root_uid, root_gid) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot give the container's own directory to user %" PRIu32,
                                         root_uid);
        return 0;
}

/* Linux 6.15 and later: everything by fd, nothing mounted anywhere. Any refusal makes the caller try the
 * other way. */
static int overlay_by_fd(const Layers *l, const Upper *u, int *ret_fd) {
        _cleanup_close_ int context = fsopen("overlay", FSOPEN_CLOEXEC);
        int fd;

        if (context < 0)
                return negative_errno();
        for (size_t i = l->n; i > 0; i--) {
                /* 6.13 and 6.14 do not take what O_PATH opened. */
                _cleanup_close_ int tree = openat(l->fds[i - 1], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (tree < 0 || fsconfig(context, FSCONFIG_SET_FD, "lowerdir+", NULL, tree) < 0)
                        return negative_errno();
        }
        if (fsconfig(context, FSCONFIG_SET_FD, "upperdir", NULL, u->upper_fd) < 0 ||
            fsconfig(context, FSCONFIG_SET_FD, "workdir", NULL, u->work_fd) < 0 ||
            fsconfig(context, FSCONFIG_SET_STRING, "index", "off", 0) < 0 ||
            fsconfig(context, FSCONFIG_SET_STRING, "metacopy", "off", 0) < 0 ||
            fsconfig(context, FSCONFIG_SET_STRING, "source", "creel", 0) < 0 ||
            fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return negative_errno();
        fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

/* A tmpfs on top of / in a mount namespace of our own: absolute paths go on beneath it, so nothing else
 * changes for us.
 */
static int scratch_mount(int *ret_fd, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        MountOptions options = {};
        int r;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot make a mount namespace");
        r = mount_new("tmpfs", NULL, &options, &fd, reterr);
        if (r < 0)
                return r;
        if (move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot mount a scratch directory");
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int scratch_place(int scratch_fd, const char *name, int mount_fd, Failure *reterr) {
        if (mkdirat(scratch_fd, name, 0700) < 0 ||
            move_mount(mount_fd, "", scratch_fd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot place a layer");
        return 0;
}

static int overlay_in_scratch(const Layers *l, int scratch_fd, int *ret_fd, int *ret_usr_fd,
                              Failure *reterr) {
        static const char tail[] = ",upperdir=r/upper,workdir=r/work,index=off,metacopy=off";
        size_t size = l->n * NAME_BYTES + sizeof("lowerdir=") + sizeof(tail), n;
        _cleanup_free_ char *options = malloc(size);
        _cleanup_close_ int usr = -EBADF;
        int fd;

        if (!options)
                return -ENOMEM;
        n = (size_t) snprintf(options, size, "lowerdir=");
        for (size_t i = l->n; i > 0; i--)
                n += (size_t) snprintf(options + n, size - n, "%zu%s", i - 1, i > 1 ? ":" : tail);

        if (mkdirat(scratch_fd, "m", 0700) < 0 || fchdir(scratch_fd) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot use the scratch directory");
        if (mount("creel", "m", "overlay", MS_NODEV, options) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno, "cannot merge %zu layers", l->n);
        fd = open_tree(AT_FDCWD, "m", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        /* Before Linux 6.15 this cannot be had of a mount that is attached nowhere. */
        usr = open_tree(AT_FDCWD, "m/usr", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
        if (fd < 0 || chdir("/") < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno, "cannot open the merged layers");
        *ret_fd = fd;
        *ret_usr_fd = TAKE_FD(usr);
        return 0;
}

/* Older kernels: layers and upper directory are mounted under short names, so that a long list fits into
 * mount(2)'s page. */
static int overlay_by_name(const Layers *l, const Upper *u, int *ret_fd, int *ret_usr_fd, Failure *reterr) {
        _cleanup_close_ int parent = -EBADF, scratch = -EBADF;
        char name[NAME_BYTES];
        int r;

        parent = u->is_mount ? fcntl(u->parent_fd, F_DUPFD_CLOEXEC, 3)
                             : open_tree(u->parent_fd, "",
                                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (parent < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot open the container's own directory");
        r = scratch_mount(&scratch, reterr);
        if (r >= 0)
                r = scratch_place(scratch, "r", parent, reterr);
        for (size_t i = 0; r >= 0 && i < l->n; i++) {
                (void) snprintf(name, sizeof(name), "%zu", i);
                r = scratch_place(scratch, name, l->fds[i], reterr);
        }
        if (r >= 0)
                r = overlay_in_scratch(l, scratch, ret_fd, ret_usr_fd, reterr);
        if (scratch >= 0)
                (void) umount2("/..", MNT_DETACH); /* the scratch directory: what is on top of / */
        return r;
}

static int overlay_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                         bool path_names, int *ret_fd, int *ret_usr_fd, Failure *reterr) {
        _cleanup_(upper_done) Upper u = UPPER_NONE;
        _cleanup_(layers_done) Layers l = {};
        int r;

        r = upper_open(source, root_uid, root_gid, &u, reterr);
        if (r < 0)
                return r;
        r = layers_open(source, userns_fd, root_uid, &l, reterr);
        if (r < 0)
                return r;
        if (!path_names) {
                r = overlay_by_fd(&l, &u, ret_fd);
                if (r >= 0)
                        return r;
                log_debug_errno(r, "cannot make the overlay from file descriptors, going by names: %m");
        }
        return overlay_by_name(&l, &u, ret_fd, ret_usr_fd, reterr);
}

/* The merged tree, and its usr where that could be had on the way. */
static int merged_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                        bool path_names, int *ret_fd, int *ret_usr_fd, Failure *reterr) {
        if (source->directory_fd < 0 || source->overlay || source->volatile_mode == VOLATILE_OVERLAY)
                return overlay_mount(source, userns_fd, root_uid, root_gid, path_names, ret_fd, ret_usr_fd,
                                     reterr);
        if (source->volatile_mode == VOLATILE_YES)
                return tree_open(source, "usr", userns_fd, root_uid, ret_usr_fd, reterr);
        return tree_open(source, "", userns_fd, root_uid, ret_fd, reterr);
}

static const struct {
        const char *name;
        mode_t mode;
} skeleton[] = {
        { "dev", 0755 }, { "etc", 0755 },  { "proc", 0555 }, { "root", 0700 }, { "run", 0755 },
        { "sys", 0555 }, { "tmp", 01777 }, { "usr", 0755 },  { "var", 0755 },
};

/* A root of which only usr comes from the tree; its programs are where they have to be without it, too. */
static int skeleton_mount(int usr_fd, uint32_t root_uid, uint32_t root_gid, int *ret_fd, Failure *reterr) {
        static const char *const links[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };
        char mode[] = "mode=755", *data[] = { mode, NULL }, target[16];
        MountOptions options = { .data = data };
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = mount_new("tmpfs", "tmpfs", &options, &fd, reterr);
        if (r < 0)
                return r;
        r = fchownat(fd, "", root_uid, root_gid, AT_EMPTY_PATH) < 0 ? negative_errno() : 0;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(skeleton); i++)
                if (mkdirat(fd, skeleton[i].name, skeleton[i].mode) < 0 ||
                    fchmodat(fd, skeleton[i].name, skeleton[i].mode, 0) < 0 ||
                    fchownat(fd, skeleton[i].name, root_uid, root_gid, AT_SYMLINK_NOFOLLOW) < 0)
                        r = negative_errno();
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(links); i++) {
                (void) snprintf(target, sizeof(target), "usr/%s", links[i]);
                if (faccessat(usr_fd, links[i], F_OK, AT_SYMLINK_NOFOLLOW) >= 0 &&
                    (symlinkat(target, fd, links[i]) < 0 ||
                     fchownat(fd, links[i], root_uid, root_gid, AT_SYMLINK_NOFOLLOW) < 0))
                        r = negative_errno();
        }
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, r, "cannot make the empty root in memory");
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int check_usr(int usr_fd, Failure *reterr) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
        struct stat st;

        if (fstat(usr_fd, &st) < 0)
                return negative_errno();
        if (!S_ISDIR(st.st_mode))
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "--volatile=yes needs a root with a directory /usr; use "
                                   "--volatile=overlay");
        return mount_setattr(usr_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0
                               ? negative_errno()
                               : 0;
}

int rootfs_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                 bool path_names, int *ret_fd, int *ret_usr_fd, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF, usr = -EBADF;
        int r;

        r = merged_mount(source, userns_fd, root_uid, root_gid, path_names, &fd, &usr, reterr);
        if (r < 0)
                return r;
        if (source->volatile_mode == VOLATILE_YES) {
                if (usr < 0)
                        usr = open_tree(fd, "usr",
                                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
                if (usr < 0)
                        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                                 "--volatile=yes needs a root with a directory /usr; use "
                                                 "--volatile=overlay");
                r = check_usr(usr, reterr);
                fd = fd_close(fd);
                if (r >= 0)
                        r = skeleton_mount(usr, root_uid, root_gid, &fd, reterr);
                if (r < 0)
                        return r;
                *ret_usr_fd = TAKE_FD(usr);
        } else
                *ret_usr_fd = -EBADF;
        *ret_fd = TAKE_FD(fd);
        return 0;
}
