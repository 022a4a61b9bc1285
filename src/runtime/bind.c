/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "runtime/bind.h"
#include "runtime/fill.h"
#include "runtime/mount.h"

int bind_open(const RuntimeMount *m, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = open(m->source, O_PATH | O_CLOEXEC | (m->copy_link || m->source_no_follow ? O_NOFOLLOW : 0));
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno, "cannot bind %s to %s",
                                         m->source, m->destination);
        if (m->subpath) {
                r = path_open_in_root(fd, m->subpath, O_PATH, ret_fd);
                return r < 0 ? failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                                 "cannot bind %s of %s to %s", m->subpath, m->source,
                                                 m->destination)
                             : 0;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* What a user namespace inherited stays as it is: there, taking a restriction away is not allowed. */
static int set_attributes(int fd, uint64_t set, uint64_t clear, unsigned recursive) {
        struct mount_attr attr = { .attr_set = set, .attr_clr = clear };

        if (!set && !clear)
                return 0;
        if (mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attr, sizeof(attr)) >= 0)
                return 0;
        if (errno != EPERM || !clear)
                return negative_errno();
        attr = (struct mount_attr){ .attr_set = set & ~(uint64_t) MOUNT_ATTR__ATIME };
        return mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attr, sizeof(attr)) < 0 ? negative_errno()
                                                                                         : 0;
}

/* An empty volume is made read-only when the payload has filled it. Any other is at once: what we set, the
 * container's root cannot take back. */
int bind_set_attributes(const RuntimeMount *m, int fd) {
        const MountOptions *o = &m->options;
        uint64_t later = m->fill && fill_is_empty(fd) > 0 ? MOUNT_ATTR_RDONLY : 0;
        struct mount_attr propagation = { .propagation = o->propagation ?: MS_PRIVATE };
        struct mount_attr apart = { .propagation = MS_SLAVE };
        unsigned recurse = o->propagation && !o->propagation_recursive ? 0 : AT_RECURSIVE;
        int r;

        /* What is said of the mount alone is not said of those beneath, which tell the host nothing. */
        if (!recurse && o->recursive_bind && o->propagation != MS_SHARED &&
            mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &apart, sizeof(apart)) < 0)
                return negative_errno();
        if (mount_setattr(fd, "", AT_EMPTY_PATH | recurse, &propagation, sizeof(propagation)) < 0)
                return negative_errno();
        r = set_attributes(fd, o->attr_set & ~later, o->attr_clear, 0);
        return r < 0 ? r : set_attributes(fd, o->recursive_set & ~later, o->recursive_clear, AT_RECURSIVE);
}

static bool is_link(int fd) {
        struct stat st;

        return fstat(fd, &st) >= 0 && S_ISLNK(st.st_mode);
}

/* "/proc/PID/root/PATH" is a path in the mount namespace of a process. */
static const char *foreign_path(const char *source) {
        const char *number = startswith(source, "/proc/"), *rest;

        if (!number || !strspn(number, DIGITS))
                return NULL;
        rest = startswith(number + strspn(number, DIGITS), "/root/");
        return rest ? rest - 1 : NULL;
}

/* Mounts can only be copied from in there. No link is followed: whoever owns that root may have made it. */
static int clone_foreign(const char *source, const char *path, unsigned flags) {
        _cleanup_close_ int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), other = -EBADF,
                            target = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r, fd = -EBADF;

        r = string_format(&name, "%.*sns/mnt", (int) (path - source - (ssize_t) strlen("root")), source);
        if (r < 0)
                return r;
        other = open(name, O_RDONLY | O_CLOEXEC);
        if (own < 0 || other < 0 || setns(other, CLONE_NEWNS) < 0)
                return negative_errno();
        r = path_openat2(AT_FDCWD, path, O_PATH, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, &target);
        if (r >= 0) {
                fd = open_tree(target, "", flags);
                r = fd < 0 ? negative_errno() : 0;
        }
        if (setns(own, CLONE_NEWNS) < 0)
                r = negative_errno();
        if (r < 0) {
                (void) fd_close(fd);
                return r;
        }
        return fd;
}

static int clone_source(const RuntimeMount *m, int source_fd) {
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                         (m->options.recursive_bind ? AT_RECURSIVE : 0);
        const char *path = foreign_path(m->source);
        int fd;

        if (path && !m->subpath)
                return clone_foreign(m->source, path, flags);
        fd = open_tree(source_fd, "", flags);
        return fd < 0 ? negative_errno() : fd;
}

int bind_mount(const RuntimeMount *m, int source_fd, int userns_fd, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (m->copy_link && is_link(source_fd)) {
                *ret_fd = fcntl(source_fd, F_DUPFD_CLOEXEC, 3);
                return *ret_fd < 0 ? negative_errno() : 0;
        }
        fd = clone_source(m, source_fd);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, fd, "cannot bind %s to %s",
                                         m->source, m->destination);
        if (userns_fd >= 0) {
                r = mount_idmap(fd, userns_fd, m->options.recursive_idmap);
                if (r < 0)
                        return failure_set_errno(
                                        reterr, FAILURE_STORAGE, r,
                                        "the file system of %s cannot map ids; leave out the option idmap",
                                        m->source);
        }
        r = bind_set_attributes(m, fd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, r,
                                         "cannot set the mount options of %s", m->destination);
        *ret_fd = TAKE_FD(fd);
        return 0;
}
