/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "runtime/cover.h"
#include "runtime/mount.h"

#define NAME "file"

static int write_file(int directory_fd, const char *content) {
        _cleanup_close_ int fd = openat(directory_fd, NAME,
                                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        int r;

        if (fd < 0)
                return negative_errno();
        r = fd_write_all(fd, content, strlen(content));
        if (r < 0)
                return r;
        return fchmod(fd, 0644) < 0 ? negative_errno() : 0;
}

/* A file of a file system that is not attached cannot be had as a mount of its own (before Linux 6.15), so
 * it is attached in the meantime. */
static int clone_file(int fs_fd, int scratch_fd, int *ret_fd) {
        int fd, error;

        if (move_mount(fs_fd, "", scratch_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return negative_errno();
        fd = open_tree(fs_fd, NAME, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
        error = fd < 0 ? negative_errno() : 0;
        if (fchdir(fs_fd) < 0 || umount2(".", MNT_DETACH) < 0) {
                error = negative_errno();
                (void) fd_close(fd);
        }
        if (error < 0)
                return error;
        *ret_fd = fd;
        return 0;
}

int cover_file(int root_fd, int scratch_fd, const char *path, const char *content, Failure *reterr) {
        static char mode[] = "mode=755", *data[] = { mode, NULL };
        MountOptions options = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                                 .data = data };
        _cleanup_close_ int fs_fd = -EBADF, fd = -EBADF, target = -EBADF;
        int r;

        r = mount_new("tmpfs", "tmpfs", &options, &fs_fd, reterr);
        if (r < 0)
                return r;
        r = write_file(fs_fd, content);
        if (r >= 0)
                r = clone_file(fs_fd, scratch_fd, &fd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot make a copy of %s", path);
        r = mount_open_target(root_fd, path, MOUNT_TARGET_INSIDE, false, &target, reterr);
        return r < 0 ? r : mount_attach(fd, target, root_fd, path, MOUNT_TARGET_INSIDE, reterr);
}
