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

static int layers_open(const RootfsSource *source, int userns_fd, Layers *ret, Failure *reterr) {
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
                r = empty_layer(l.fds, reterr);
                if (r < 0)
                        return r;
                l.n = 1;
        }
        *ret = l;
        l = (Layers) {};
        return 0;
}

/* The upper directory becomes the container's /, so it must belong to the container's root. */
static int upper_open(const RootfsSource *source, uint32_t root_uid, uint32_t root_gid, int *ret_upper,
                      int *ret_work, Failure *reterr) {
        _cleanup_close_ int upper = -EBADF, work = -EBADF;
        struct stat st;

        upper = openat(source->upper_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        work = openat(source->upper_fd, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (upper < 0 || work < 0 || fstat(upper, &st) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot open the container's own directory");
        if ((st.st_uid != root_uid || st.st_gid != root_gid) && fchown(upper, root_uid, root_gid) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot give the container's own directory to user %" PRIu32,
                                         root_uid);
        *ret_upper = TAKE_FD(upper);
        *ret_work = TAKE_FD(work);
        return 0;
}

/* Linux 6.15 and later: everything by fd, nothing mounted anywhere. Any refusal makes the caller try the
 * other way. */
static int overlay_by_fd(const Layers *l, int upper_fd, int work_fd, int *ret_fd) {
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
        if (fsconfig(context, FSCONFIG_SET_FD, "upperdir", NULL, upper_fd) < 0 ||
            fsconfig(context, FSCONFIG_SET_FD, "workdir", NULL, work_fd) < 0 ||
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

static int overlay_in_scratch(const Layers *l, int scratch_fd, int *ret_fd, Failure *reterr) {
        static const char tail[] = ",upperdir=r/upper,workdir=r/work,index=off,metacopy=off";
        size_t size = l->n * NAME_BYTES + sizeof("lowerdir=") + sizeof(tail), n;
        _cleanup_free_ char *options = malloc(size);
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
        if (fd < 0 || chdir("/") < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno, "cannot open the merged layers");
        *ret_fd = fd;
        return 0;
}

/* Older kernels: layers and upper directory are mounted under short names, so that a long list fits into
 * mount(2)'s page. */
static int overlay_by_name(const Layers *l, int upper_parent_fd, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int parent = -EBADF, scratch = -EBADF;
        char name[NAME_BYTES];
        int r;

        parent = open_tree(upper_parent_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
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
                r = overlay_in_scratch(l, scratch, ret_fd, reterr);
        if (scratch >= 0)
                (void) umount2("/..", MNT_DETACH); /* the scratch directory: what is on top of / */
        return r;
}

static int overlay_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                         bool path_names, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int upper = -EBADF, work = -EBADF;
        _cleanup_(layers_done) Layers l = {};
        int r;

        r = upper_open(source, root_uid, root_gid, &upper, &work, reterr);
        if (r < 0)
                return r;
        r = layers_open(source, userns_fd, &l, reterr);
        if (r < 0)
                return r;
        if (!path_names) {
                r = overlay_by_fd(&l, upper, work, ret_fd);
                if (r >= 0)
                        return r;
                log_debug_errno(r, "cannot make the overlay from file descriptors, going by names: %m");
        }
        return overlay_by_name(&l, source->upper_fd, ret_fd, reterr);
}

int rootfs_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                 bool path_names, int *ret_fd, Failure *reterr) {
        int fd;

        if (source->directory_fd < 0)
                return overlay_mount(source, userns_fd, root_uid, root_gid, path_names, ret_fd, reterr);
        fd = open_tree(source->directory_fd, "",
                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot open the container's root directory");
        *ret_fd = fd;
        return 0;
}
