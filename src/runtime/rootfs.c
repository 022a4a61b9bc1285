/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "runtime/mount.h"
#include "runtime/overlay.h"
#include "runtime/rootfs.h"

/* The tree as a mount of its own, with what is mounted beneath it unless it becomes a layer. */
static int tree_open(const RootfsSource *source, const char *path, int userns_fd, uint32_t root_uid,
                     int *ret_fd, Failure *reterr) {
        struct mount_attr alone = { .propagation = source->follow ? MS_SLAVE : MS_PRIVATE };
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
        if (userns_fd >= 0 && !source->as_is && st.st_uid != root_uid) {
                r = mount_idmap(fd, userns_fd, false);
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

/* An overlay needs a lower directory; an image without layers gets an empty one. */
static int layers_open(const RootfsSource *source, int userns_fd, uint32_t root_uid, OverlayStack *s,
                       Failure *reterr) {
        int fd, r;

        r = overlay_stack_push_layers(s, source->layers_fd, source->layers, userns_fd, reterr);
        if (r < 0 || s->n > 0)
                return r;
        if (source->directory_fd < 0)
                return overlay_stack_push_empty(s, reterr);
        r = tree_open(source, "", userns_fd, root_uid, &fd, reterr);
        return r < 0 ? r : overlay_stack_push(s, fd);
}

static void upper_done(OverlayUpper *u) {
        if (u->parent_is_mount)
                u->parent_fd = fd_close(u->parent_fd);
        u->upper_fd = fd_close(u->upper_fd);
        u->work_fd = fd_close(u->work_fd);
}

/* For --volatile=overlay. */
static int upper_in_memory(OverlayUpper *u, Failure *reterr) {
        char mode[] = "mode=755", *data[] = { mode, NULL };
        MountOptions options = { .data = data };
        int r;

        r = mount_new("tmpfs", "tmpfs", &options, &u->parent_fd, reterr);
        if (r < 0)
                return r;
        u->parent_is_mount = true;
        if (mkdirat(u->parent_fd, "upper", 0755) < 0 || mkdirat(u->parent_fd, "work", 0700) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                         "cannot make the container's directory in memory");
        return 0;
}

/* The upper directory becomes the container's /, so it must belong to the container's root. */
static int upper_open(const RootfsSource *source, uint32_t root_uid, uint32_t root_gid, OverlayUpper *u,
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

/* The merge, or with @subpath only what lies there. */
static int overlay_tree(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                        const char *subpath, bool path_names, int *ret_fd, Failure *reterr) {
        _cleanup_(upper_done)
                        OverlayUpper u = { .parent_fd = -EBADF, .upper_fd = -EBADF, .work_fd = -EBADF };
        _cleanup_(overlay_stack_done) OverlayStack s = {};
        int r;

        r = upper_open(source, root_uid, root_gid, &u, reterr);
        if (r >= 0)
                r = layers_open(source, userns_fd, root_uid, &s, reterr);
        return r < 0 ? r : overlay_mount(&s, &u, subpath, path_names, ret_fd, reterr);
}

/* The tree that the root is made of, or with @subpath that part of it. */
static int source_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                        const char *subpath, bool path_names, int *ret_fd, Failure *reterr) {
        if (source->directory_fd < 0 || source->overlay || source->volatile_mode == VOLATILE_OVERLAY)
                return overlay_tree(source, userns_fd, root_uid, root_gid, subpath, path_names, ret_fd,
                                    reterr);
        return tree_open(source, strempty(subpath), userns_fd, root_uid, ret_fd, reterr);
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

static int refuse_without_usr(Failure *reterr) {
        failure_done(reterr);
        return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                           "--volatile=yes needs a root with a directory /usr; use --volatile=overlay");
}

static int usr_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                     bool path_names, int *ret_fd, Failure *reterr) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        if (source->directory_fd >= 0 &&
            faccessat(source->directory_fd, "usr", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return refuse_without_usr(reterr);
        r = source_mount(source, userns_fd, root_uid, root_gid, "usr", path_names, &fd, reterr);
        if (r < 0)
                return reterr->kind == FAILURE_INVALID_ARGUMENT ? refuse_without_usr(reterr) : r;
        if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
                return refuse_without_usr(reterr);
        if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int rootfs_mount(const RootfsSource *source, int userns_fd, uint32_t root_uid, uint32_t root_gid,
                 bool path_names, int *ret_fd, int *ret_usr_fd, Failure *reterr) {
        _cleanup_close_ int usr = -EBADF;
        int r;

        *ret_usr_fd = -EBADF;
        if (source->volatile_mode != VOLATILE_YES)
                return source_mount(source, userns_fd, root_uid, root_gid, NULL, path_names, ret_fd, reterr);
        r = usr_mount(source, userns_fd, root_uid, root_gid, path_names, &usr, reterr);
        if (r >= 0)
                r = skeleton_mount(usr, root_uid, root_gid, ret_fd, reterr);
        if (r >= 0)
                *ret_usr_fd = TAKE_FD(usr);
        return r;
}
