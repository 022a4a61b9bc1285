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
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/mount.h"
#include "runtime/overlay.h"

#define NAME_BYTES 24 /* a number and a separator */

void overlay_stack_done(OverlayStack *s) {
        for (size_t i = 0; i < s->n; i++)
                (void) fd_close(s->fds[i]);
        s->fds = mfree(s->fds);
        s->n = 0;
}

int overlay_stack_push(OverlayStack *s, int fd) {
        int *l = reallocarray(s->fds, s->n + 1, sizeof(int));

        if (!l) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        s->fds = l;
        s->fds[s->n++] = fd;
        return 0;
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
                r = mount_idmap(fd, userns_fd, false);
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

int overlay_stack_push_empty(OverlayStack *s, Failure *reterr) {
        char mode[] = "mode=755", *data[] = { mode, NULL };
        MountOptions options = { .data = data };
        int fd = -EBADF, r;

        r = mount_new("tmpfs", NULL, &options, &fd, reterr);
        return r < 0 ? r : overlay_stack_push(s, fd);
}

int overlay_stack_push_layers(OverlayStack *s, int layers_fd, char *const *layers, int userns_fd,
                              Failure *reterr) {
        size_t n = strv_length(layers);
        int fd = -EBADF, r;

        if (n > OVERLAY_LAYERS_MAX)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED,
                                   "the image has %zu layers; the kernel stacks at most %d", n,
                                   OVERLAY_LAYERS_MAX);
        STRV_FOREACH(i, layers) {
                r = layer_open(layers_fd, *i, userns_fd, &fd, reterr);
                if (r >= 0)
                        r = overlay_stack_push(s, fd);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What lies at @subpath of the merge, without leaving it. */
static int narrow(int fd, const char *subpath, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int place = -EBADF;
        int copy, r;

        r = path_open_in_root(fd, subpath, O_PATH, &place);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r, "cannot mount the subpath %s",
                                         subpath);
        copy = open_tree(place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (copy < 0)
                return negative_errno();
        *ret_fd = copy;
        return 0;
}

/* Linux 6.15 and later: everything by fd, nothing mounted anywhere. Any refusal makes the caller try the
 * other way. */
static int overlay_by_fd(const OverlayStack *s, const OverlayUpper *upper, const char *subpath, int *ret_fd,
                         Failure *reterr) {
        _cleanup_close_ int context = fsopen("overlay", FSOPEN_CLOEXEC), fd = -EBADF;

        if (context < 0)
                return negative_errno();
        for (size_t i = s->n; i > 0; i--) {
                /* 6.13 and 6.14 do not take what O_PATH opened. */
                _cleanup_close_ int tree = openat(s->fds[i - 1], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (tree < 0 || fsconfig(context, FSCONFIG_SET_FD, "lowerdir+", NULL, tree) < 0)
                        return negative_errno();
        }
        if (upper && (fsconfig(context, FSCONFIG_SET_FD, "upperdir", NULL, upper->upper_fd) < 0 ||
                      fsconfig(context, FSCONFIG_SET_FD, "workdir", NULL, upper->work_fd) < 0))
                return negative_errno();
        if (fsconfig(context, FSCONFIG_SET_STRING, "index", "off", 0) < 0 ||
            fsconfig(context, FSCONFIG_SET_STRING, "metacopy", "off", 0) < 0 ||
            fsconfig(context, FSCONFIG_SET_STRING, "source", "creel", 0) < 0 ||
            fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return negative_errno();
        fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
        if (fd < 0)
                return negative_errno();
        if (subpath)
                return narrow(fd, subpath, ret_fd, reterr);
        *ret_fd = TAKE_FD(fd);
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

/* A path as overlayfs reads it in its options. */
static int escape(const char *path, char **ret) {
        char *escaped = malloc(2 * strlen(path) + 1);
        size_t n = 0;

        if (!escaped)
                return -ENOMEM;
        for (; *path; path++) {
                if (strchr(",:\\", *path))
                        escaped[n++] = '\\';
                escaped[n++] = *path;
        }
        escaped[n] = 0;
        *ret = escaped;
        return 0;
}

static int format_upper(const OverlayUpper *upper, char **ret) {
        _cleanup_free_ char *upper_path = NULL, *work_path = NULL;
        int r;

        if (!upper)
                return string_format(ret, "%s", "");
        if (upper->parent_fd >= 0)
                return string_format(ret, ",upperdir=r/upper,workdir=r/work");
        r = escape(upper->upper, &upper_path);
        if (r >= 0)
                r = escape(upper->work, &work_path);
        return r < 0 ? r : string_format(ret, ",upperdir=%s,workdir=%s", upper_path, work_path);
}

static int format_options(const OverlayStack *s, const OverlayUpper *upper, char **ret) {
        _cleanup_free_ char *lower = malloc(s->n * NAME_BYTES + 1), *tail = NULL;
        size_t n = 0;
        int r;

        if (!lower)
                return -ENOMEM;
        for (size_t i = s->n; i > 0; i--)
                n += (size_t) snprintf(lower + n, NAME_BYTES, "%zu%s", i - 1, i > 1 ? ":" : "");
        r = format_upper(upper, &tail);
        return r < 0 ? r : string_format(ret, "lowerdir=%s%s,index=off,metacopy=off", lower, tail);
}

static int overlay_in_scratch(const OverlayStack *s, const OverlayUpper *upper, const char *subpath,
                              int scratch_fd, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *options = NULL;
        int r;

        r = format_options(s, upper, &options);
        if (r < 0)
                return r;
        if (mkdirat(scratch_fd, "m", 0700) < 0 || fchdir(scratch_fd) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot use the scratch directory");
        if (mount("creel", "m", "overlay", MS_NODEV, options) < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno, "cannot merge %zu layers", s->n);
        if (subpath) {
                fd = open("m", O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (fd < 0 || chdir("/") < 0)
                        return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                                 "cannot open the merged layers");
                r = narrow(fd, subpath, ret_fd, reterr);
                return r < 0 && !reterr->text ? failure_set_errno(reterr, FAILURE_STORAGE, r,
                                                                  "cannot mount the subpath %s", subpath)
                                              : r;
        }
        fd = open_tree(AT_FDCWD, "m", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0 || chdir("/") < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, errno, "cannot open the merged layers");
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* What was opened before can only be mounted where it was opened. */
static int go_back(int namespace_fd, int root_fd, Failure *reterr) {
        if (setns(namespace_fd, CLONE_NEWNS) < 0 || fchdir(root_fd) < 0 || chroot(".") < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                         "cannot go back to the host's mount namespace");
        return 0;
}

/* Older kernels: layers and upper directory are mounted under short names, so that a long list fits into
 * mount(2)'s page. */
static int overlay_by_name(const OverlayStack *s, const OverlayUpper *upper, const char *subpath,
                           int *ret_fd, Failure *reterr) {
        _cleanup_close_ int parent = -EBADF, scratch = -EBADF, root = -EBADF, namespace = -EBADF;
        char name[NAME_BYTES];
        int r;

        if (upper && upper->parent_fd >= 0) {
                parent = upper->parent_is_mount
                                         ? fcntl(upper->parent_fd, F_DUPFD_CLOEXEC, 3)
                                         : open_tree(upper->parent_fd, "",
                                                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
                if (parent < 0)
                        return failure_set_errno(reterr, FAILURE_STORAGE, errno,
                                                 "cannot open the container's own directory");
        }
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        r = scratch_mount(&scratch, reterr);
        if (r >= 0 && parent >= 0)
                r = scratch_place(scratch, "r", parent, reterr);
        for (size_t i = 0; r >= 0 && i < s->n; i++) {
                (void) snprintf(name, sizeof(name), "%zu", i);
                r = scratch_place(scratch, name, s->fds[i], reterr);
        }
        if (r >= 0)
                r = overlay_in_scratch(s, upper, subpath, scratch, ret_fd, reterr);
        if (scratch >= 0)
                (void) umount2("/..", MNT_DETACH); /* the scratch directory: what is on top of / */
        if (r >= 0 && scratch >= 0)
                r = go_back(namespace, root, reterr);
        return r;
}

int overlay_mount(const OverlayStack *s, const OverlayUpper *upper, const char *subpath, bool path_names,
                  int *ret_fd, Failure *reterr) {
        int r;

        if (!path_names) {
                r = overlay_by_fd(s, upper, subpath, ret_fd, reterr);
                if (r >= 0 || reterr->text)
                        return r;
                log_debug_errno(r, "cannot make the overlay from file descriptors, going by names: %m");
        }
        return overlay_by_name(s, upper, subpath, ret_fd, reterr);
}
