/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "basic/fd.h"
#include "basic/path.h"
#include "basic/str.h"
#include "runtime/mask.h"
#include "runtime/mount.h"

void mask_done(MaskContext *c) {
        c->empty_fd = fd_close(c->empty_fd);
}

/* Opens what @path means. 1: *@ret_fd is set. 0: there is no such thing. */
static int open_target(const MaskContext *c, const char *path, int *ret_fd) {
        const char *rest;
        int r;

        if ((rest = startswith(path, "/proc/")) && c->proc_fd >= 0)
                r = path_openat2(c->proc_fd, rest, O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, ret_fd);
        else if ((rest = startswith(path, "/sys/")) && c->sys_fd >= 0)
                r = path_openat2(c->sys_fd, rest, O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, ret_fd);
        else {
                r = path_open_in_root(c->root_fd, path, O_PATH, ret_fd);
                /* A link to itself: nobody gets anywhere by it. */
                if (r == -ELOOP)
                        return 0;
        }
        return r == -ENOENT || r == -ENOTDIR ? 0 : r < 0 ? r : 1;
}

/* The first one made serves all others: a mount can be had many times. */
static int open_empty(MaskContext *c, int *ret_fd, Failure *reterr) {
        static char mode[] = "mode=755", inodes[] = "nr_inodes=1", *data[] = { mode, inodes, NULL };
        MountOptions options = {
                .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                .data = data,
        };
        int fd;

        if (c->empty_fd < 0)
                return mount_new("tmpfs", "tmpfs", &options, ret_fd, reterr);
        fd = open_tree(c->empty_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

static int open_null(const MaskContext *c, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int copy, r;

        if (c->null_fd >= 0) {
                fd = fcntl(c->null_fd, F_DUPFD_CLOEXEC, 3);
                r = fd < 0 ? negative_errno() : 0;
        } else
                r = path_openat2(c->dev_fd, "null", O_PATH | O_NOFOLLOW, 0,
                                 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV, &fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
                return -EBADMSG;
        copy = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (copy < 0)
                return negative_errno();
        *ret_fd = copy;
        return 0;
}

int mask_path(MaskContext *c, const char *path, Failure *reterr) {
        _cleanup_close_ int target = -EBADF, cover = -EBADF;
        struct stat st;
        int r;

        r = open_target(c, path, &target);
        if (r == 0)
                return 0;
        if (r > 0 && fstat(target, &st) < 0)
                r = negative_errno();
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SECURITY, r, "cannot hide %s", path);

        if (S_ISDIR(st.st_mode))
                r = open_empty(c, &cover, reterr);
        else
                r = open_null(c, &cover);
        if (r >= 0 &&
            move_mount(cover, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                r = negative_errno();
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SECURITY, r, "cannot hide %s", path);
        if (S_ISDIR(st.st_mode) && c->empty_fd < 0)
                c->empty_fd = TAKE_FD(cover);
        return 0;
}

int mask_read_only(MaskContext *c, const char *path, Failure *reterr) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
        _cleanup_close_ int target = -EBADF, copy = -EBADF;
        int r;

        r = open_target(c, path, &target);
        if (r == 0)
                return 0;
        if (r > 0) {
                copy = open_tree(target, "",
                                 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
                if (copy < 0 ||
                    mount_setattr(copy, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0 ||
                    move_mount(copy, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                        r = negative_errno();
        }
        return r < 0 ? failure_set_errno(reterr, FAILURE_SECURITY, r, "cannot make %s read-only", path) : 0;
}
