/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/mount.h"
#include "spec/mount-request.h"

#define EXPLANATION_MAX 200
#define LINKS_MAX 40 /* as the kernel */

/* What the kernel said about the last refusal: lines "e text" that wait in the context. */
static void read_explanation(int context_fd, char ret[static EXPLANATION_MAX]) {
        char line[EXPLANATION_MAX];
        ssize_t n;

        *ret = 0;
        while ((n = read(context_fd, line, sizeof(line) - 1)) > 0) {
                line[n] = 0;
                line[strcspn(line, "\n")] = 0;
                if (startswith(line, "e "))
                        (void) snprintf(ret, EXPLANATION_MAX, " (%.*s)", EXPLANATION_MAX - 4, line + 2);
        }
}

static int fail_with_explanation(int context_fd, int error, const char *type, const char *what,
                                 Failure *reterr) {
        char explanation[EXPLANATION_MAX];

        read_explanation(context_fd, explanation);
        return failure_set_errno(reterr, FAILURE_CONFIGURATION, error, "cannot mount %s%s%s%s", type,
                                 *what ? ", option " : "", what, explanation);
}

int mount_set_option(int context_fd, const char *type, const char *option, Failure *reterr) {
        _cleanup_free_ char *key = NULL;
        const char *value;
        int r;

        key = strdup(option);
        if (!key)
                return -ENOMEM;
        value = strchr(option, '=');
        if (value) {
                key[value - option] = 0;
                r = fsconfig(context_fd, FSCONFIG_SET_STRING, key, value + 1, 0);
        } else
                r = fsconfig(context_fd, FSCONFIG_SET_FLAG, key, NULL, 0);
        return r < 0 ? fail_with_explanation(context_fd, errno, type, option, reterr) : 0;
}

int mount_finish(int context_fd, const char *type, uint64_t attributes, int *ret_fd, Failure *reterr) {
        int fd;

        if (fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return fail_with_explanation(context_fd, errno, type, "", reterr);
        fd = fsmount(context_fd, FSMOUNT_CLOEXEC, (unsigned) attributes);
        if (fd < 0)
                return fail_with_explanation(context_fd, errno, type, "", reterr);
        *ret_fd = fd;
        return 0;
}

static int set_propagation(const MountOptions *options, int fd) {
        struct mount_attr attr = { .propagation = options->propagation };

        return attr.propagation && mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0
                               ? negative_errno()
                               : 0;
}

int mount_new(const char *type, const char *source, const MountOptions *options, int *ret_fd,
              Failure *reterr) {
        _cleanup_close_ int context = -EBADF, fd = -EBADF;
        int r;

        if (streq(type, "cgroup"))
                type = "cgroup2";
        context = fsopen(type, FSOPEN_CLOEXEC);
        if (context < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, errno, "cannot mount %s", type);
        if (!isempty(source) && fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
                return fail_with_explanation(context, errno, type, "source", reterr);
        STRV_FOREACH(i, options->data) {
                r = mount_set_option(context, type, *i, reterr);
                if (r < 0)
                        return r;
        }
        r = mount_finish(context, type, options->attr_set | options->recursive_set, &fd, reterr);
        if (r >= 0)
                r = set_propagation(options, fd);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Options of every file system, which are no part of the text. */
static unsigned long take_flag(const char *option) {
        static const struct {
                const char *option;
                unsigned long flag;
        } flags[] = {
                { "sync", MS_SYNCHRONOUS },
                { "dirsync", MS_DIRSYNC },
                { "mand", MS_MANDLOCK },
                { "lazytime", MS_LAZYTIME },
        };

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (streq(option, flags[i].option))
                        return flags[i].flag;
        return 0;
}

static int join_options(const MountOptions *options, unsigned long *ret_flags, char **ret) {
        _cleanup_free_ char *text = strdup("");

        *ret_flags = 0;
        STRV_FOREACH(i, options->data) {
                unsigned long flag = take_flag(*i);
                char *longer;
                int r;

                *ret_flags |= flag;
                if (flag)
                        continue;
                r = string_format(&longer, "%s%s%s", strempty(text), isempty(text) ? "" : ",", *i);
                if (r < 0)
                        return r;
                free(text);
                text = longer;
        }
        if (!text)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

/* On a directory of a tmpfs that lies on top of / for the time being. */
static int mount_in_scratch(int scratch_fd, const char *type, const char *source, unsigned long flags,
                            const char *text, int *ret_fd) {
        int fd, r;

        if (move_mount(scratch_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(scratch_fd) < 0)
                return negative_errno();
        r = mkdir("m", 0700) < 0 || mount(source ?: type, "m", type, flags, text) < 0 ? negative_errno() : 0;
        fd = r < 0 ? -EBADF : open_tree(AT_FDCWD, "m", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (r >= 0 && fd < 0)
                r = negative_errno();
        if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                r = negative_errno();
        *ret_fd = fd;
        return r;
}

int mount_new_by_text(const char *type, const char *source, const MountOptions *options, int *ret_fd,
                      Failure *reterr) {
        struct mount_attr attr = { .attr_set = options->attr_set | options->recursive_set };
        _cleanup_close_ int scratch = -EBADF, fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        unsigned long flags;
        int r;

        r = join_options(options, &flags, &text);
        if (r >= 0)
                r = mount_new("tmpfs", NULL, &(MountOptions){}, &scratch, reterr);
        if (r < 0)
                return r;
        r = mount_in_scratch(scratch, type, source, flags, text, &fd);
        if (r >= 0 && attr.attr_set && mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
                r = negative_errno();
        if (r >= 0)
                r = set_propagation(options, fd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, r, "cannot mount %s with %.200s",
                                         type, text);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int mount_idmap(int mount_fd, int userns_fd, bool recursive) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) userns_fd };

        return mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
                             sizeof(attr)) < 0
                               ? negative_errno()
                               : 0;
}

/* Opens the directory that @path is to lie in, making what is missing; *@ret_name is owned. */
static int open_parent(int root_fd, const char *path, int *ret_fd, char **ret_name) {
        _cleanup_free_ char *parent = strdup(path), *name = NULL;
        char *slash;
        int r;

        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        if (!slash || !path_component_is_valid(slash + 1))
                return -EINVAL;
        name = strdup(slash + 1);
        if (!name)
                return -ENOMEM;
        *slash = 0;
        r = path_mkdir_in_root(root_fd, parent, 0755, (uid_t) -1, (gid_t) -1, ret_fd);
        if (r >= 0)
                *ret_name = TAKE_PTR(name);
        return r;
}

static int make_file(int root_fd, const char *path, int *ret_fd) {
        _cleanup_close_ int dir = -EBADF, fd = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r;

        r = open_parent(root_fd, path, &dir, &name);
        if (r < 0)
                return r;
        /* O_EXCL: what is there is openable already. */
        r = path_openat2(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, &fd);
        if (r < 0)
                return r;
        return path_openat2(dir, name, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
                            ret_fd);
}

int mount_copy_link(int link_fd, int root_fd, const char *path, Failure *reterr) {
        _cleanup_close_ int dir = -EBADF;
        _cleanup_free_ char *name = NULL;
        char target[PATH_MAX], old[PATH_MAX];
        ssize_t n;
        int r;

        n = readlinkat(link_fd, "", target, sizeof(target) - 1);
        if (n < 0)
                return negative_errno();
        target[n] = 0;
        r = open_parent(root_fd, path, &dir, &name);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, r, "cannot make the link %s", path);
        if (symlinkat(target, dir, name) >= 0)
                return 0;
        r = negative_errno();
        if (readlinkat(dir, name, old, sizeof(old)) == n && memcmp(old, target, (size_t) n) == 0)
                return 0;
        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r, "cannot make the link %s", path);
}

static int open_existing(int root_fd, const char *path, MountTarget how, bool directory, int *ret_fd) {
        uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
                           (how == MOUNT_TARGET_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0);

        return path_openat2(root_fd, path,
                            O_PATH | (directory ? O_DIRECTORY : 0) |
                                            (how == MOUNT_TARGET_ITSELF ? O_NOFOLLOW : 0),
                            0, resolve, ret_fd);
}

/* 1: some part of @path is a link that leads nowhere; *@ret is the path with that replaced. 0: none is. */
static int find_dangling(int root_fd, const char *path, char **ret) {
        _cleanup_free_ char *copy = strdup(path);
        char target[PATH_MAX];

        if (!copy)
                return -ENOMEM;
        for (char *p = copy; p && *p; p = strchr(p + 1, '/')) {
                _cleanup_close_ int parent = -EBADF, there = -EBADF;
                char *end = strchr(p + 1, '/'), saved = end ? *end : 0;
                ssize_t n = -1;
                int r;

                *p = 0;
                r = path_open_in_root(root_fd, *copy ? copy : "/", O_PATH | O_DIRECTORY, &parent);
                *p = '/';
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                if (end)
                        *end = 0;
                r = path_open_in_root(root_fd, copy, O_PATH, &there);
                if (r == -ENOENT)
                        n = readlinkat(parent, p + 1, target, sizeof(target) - 1);
                if (end)
                        *end = saved;
                if (r >= 0)
                        continue;
                if (n < 0)
                        return r == -ENOENT ? 0 : r;
                target[n] = 0;
                *p = 0;
                r = string_format(ret, "%s/%s%s", *target == '/' ? "" : copy, target, end ?: "");
                return r < 0 ? r : 1;
        }
        return 0;
}

/* The first part of @path that is a link leading nowhere becomes what the link says, and so on, so that the
 * place can be made where the image means it to be. What comes out is resolved inside the root again, so it
 * leads nowhere else. */
static int follow_dangling(int root_fd, const char *path, char **ret) {
        _cleanup_free_ char *whole = strdup(path);

        if (!whole)
                return -ENOMEM;
        for (unsigned depth = 0; depth < LINKS_MAX; depth++) {
                _cleanup_free_ char *link = NULL, *clean = NULL;
                int r;

                r = find_dangling(root_fd, whole, &link);
                if (r < 0)
                        return r;
                if (r == 0) {
                        *ret = TAKE_PTR(whole);
                        return 0;
                }
                r = mount_path_clean(link, &clean);
                if (r < 0)
                        return r;
                free(whole);
                whole = TAKE_PTR(clean);
        }
        return -ELOOP;
}

/* A link led into a file system of the kernel. Where none is on the way, whoever asked for the place has
 * mounted one above it. */
static bool is_led_astray(int root_fd, const char *path, int fd) {
        _cleanup_close_ int plain = -EBADF;
        struct stat a, b;
        struct statfs sfs;

        if (fstatfs(fd, &sfs) >= 0 && sfs.f_type != PROC_SUPER_MAGIC && sfs.f_type != SYSFS_MAGIC)
                return false;
        return open_existing(root_fd, path, MOUNT_TARGET_NO_LINKS, false, &plain) < 0 ||
               fstat(plain, &a) < 0 || fstat(fd, &b) < 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino;
}

int mount_open_target(int root_fd, const char *path, MountTarget how, bool directory, int *ret_fd,
                      Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *real = NULL;
        struct stat st;
        int r;

        r = open_existing(root_fd, path, how, directory, &fd);
        if (r == -ENOENT && how == MOUNT_TARGET_INSIDE) {
                r = follow_dangling(root_fd, path, &real);
                if (r >= 0) {
                        path = real;
                        r = -ENOENT;
                }
        }
        if (r == -ENOENT) {
                r = directory ? path_mkdir_in_root(root_fd, path, 0755, (uid_t) -1, (gid_t) -1, &fd)
                              : make_file(root_fd, path, &fd);
                if (r >= 0 && how == MOUNT_TARGET_NO_LINKS) {
                        /* The directories above may have been links. */
                        (void) fd_close(TAKE_FD(fd));
                        r = open_existing(root_fd, path, how, directory, &fd);
                }
        }
        if (r == -ELOOP && how == MOUNT_TARGET_NO_LINKS)
                return failure_set(reterr, FAILURE_SECURITY,
                                   "the image has a symbolic link on the way to %s, which must be mounted "
                                   "on ordinary directories",
                                   path);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, r,
                                         "cannot make %s in the container for a mount", path);
        if (how != MOUNT_TARGET_NO_LINKS && is_led_astray(root_fd, path, fd))
                return failure_set(
                                reterr, FAILURE_SECURITY,
                                "%s is a link of the image into /proc or /sys, where nothing can be mounted",
                                path);
        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (!directory && S_ISDIR(st.st_mode))
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "cannot mount a file onto %s, which is a directory in the image", path);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int mount_id(int fd, uint64_t *ret) {
        struct statx stx;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
                return negative_errno();
        *ret = stx.stx_mnt_id;
        return 0;
}

int mount_attach(int mount_fd, int target_fd, int root_fd, const char *path, MountTarget how,
                 Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        uint64_t wanted, found;
        int r;

        if (move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot mount on %s", path);
        r = open_existing(root_fd, path, how, false, &fd);
        if (r >= 0)
                r = mount_id(fd, &found);
        if (r >= 0)
                r = mount_id(mount_fd, &wanted);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot verify the mount on %s", path);
        if (wanted != found)
                return failure_set(reterr, FAILURE_SECURITY, "%s was exchanged while it was mounted on",
                                   path);
        return 0;
}
