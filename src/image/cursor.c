/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "image/cursor.h"
#include "image/member.h"

#define OPAQUE_XATTR "trusted.overlay.opaque"

typedef struct Level {
        int fd;
        size_t end; /* of this directory's name in Cursor.path */
        struct timespec mtime;
        bool inherits;
} Level;

struct Cursor {
        int rootfd;
        char path[MEMBER_PATH_MAX + 1];
        Level *levels; /* [0] is the root */
        size_t n_levels, n_allocated;
        bool expect_acl;
};

bool whiteout_is(mode_t mode, dev_t rdev) {
        return S_ISCHR(mode) && rdev == makedev(0, 0);
}

int whiteout_make(int dirfd, const char *name) {
        return mknodat(dirfd, name, S_IFCHR, makedev(0, 0)) < 0 ? negative_errno() : 0;
}

int opaque_mark(int fd) {
        return fsetxattr(fd, OPAQUE_XATTR, "y", 1, 0) < 0 ? negative_errno() : 0;
}

static int level_open_fd(int fd, bool expect_acl, Level *ret) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return negative_errno();
        *ret = (Level){
                .fd = fd,
                .mtime = st.st_mtim,
                .inherits = (st.st_mode & S_ISGID) ||
                            (expect_acl && fgetxattr(fd, "system.posix_acl_default", NULL, 0) > 0),
        };
        return 0;
}

static int level_leave(Level *l) {
        const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, l->mtime };
        int r = futimens(l->fd, times) < 0 ? negative_errno() : 0;

        l->fd = fd_close(l->fd);
        return r;
}

static int cursor_push(Cursor *c, int fd, size_t end) {
        _cleanup_close_ int owned = fd;
        int r;

        if (!GREEDY_REALLOC(c->levels, c->n_allocated, c->n_levels + 1))
                return -ENOMEM;
        r = level_open_fd(fd, c->expect_acl, c->levels + c->n_levels);
        if (r < 0)
                return r;
        c->levels[c->n_levels++].end = end;
        (void) TAKE_FD(owned);
        return 0;
}

int cursor_new(int rootfd, Cursor **ret) {
        _cleanup_(cursor_freep) Cursor *c = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        c = new0(Cursor, 1);
        if (!c)
                return -ENOMEM;
        c->rootfd = rootfd;
        fd = openat(rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = cursor_push(c, TAKE_FD(fd), 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

Cursor *cursor_free(Cursor *c) {
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->n_levels; i++)
                (void) fd_close(c->levels[i].fd);
        free(c->levels);
        return mfree(c);
}

static int cursor_pop(Cursor *c) {
        return level_leave(c->levels + --c->n_levels);
}

int cursor_finish(Cursor *c) {
        int r = 0;

        while (c->n_levels > 0) {
                int k = cursor_pop(c);

                r = r < 0 ? r : k;
        }
        return r;
}

bool cursor_inherits(const Cursor *c) {
        return c->levels[c->n_levels - 1].inherits;
}

void cursor_expect_acl(Cursor *c) {
        c->expect_acl = true;
        /* Directories above the present one may have got theirs already. */
        for (size_t i = 0; i < c->n_levels; i++)
                c->levels[i].inherits = true;
}

void cursor_set_root_time(Cursor *c, const struct timespec *mtime) {
        c->levels[0].mtime = *mtime;
}

static int open_directory(int dirfd, const char *name, int *ret_fd) {
        int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

static int make_directory(int dirfd, const char *name, mode_t mode, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (mkdirat(dirfd, name, mode) < 0)
                return negative_errno();
        r = open_directory(dirfd, name, &fd);
        if (r < 0)
                return r;
        /* Whatever the parent hands down. */
        if (fchown(fd, 0, 0) < 0 || fchmod(fd, mode) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int opaque_replace(int dirfd, const char *name, mode_t mode) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (unlinkat(dirfd, name, 0) < 0)
                return negative_errno();
        r = make_directory(dirfd, name, mode, &fd);
        return r < 0 ? r : opaque_mark(fd);
}

/* @name is there and is not a directory. @prefix: the path up to and with it. */
static int enter_other(Cursor *c, int dirfd, const char *prefix, const char *name, int *ret_fd) {
        struct stat st;
        int r;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        if (S_ISLNK(st.st_mode))
                return path_openat2(c->rootfd, prefix, O_RDONLY | O_DIRECTORY, 0,
                                    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, ret_fd);
        if (!whiteout_is(st.st_mode, st.st_rdev))
                return -ENOTDIR;
        r = opaque_replace(dirfd, name, 0755);
        return r < 0 ? r : open_directory(dirfd, name, ret_fd);
}

/* Enters the component of @c->path that ends at @end, where the string ends for now. */
static int cursor_enter(Cursor *c, const char *name, size_t end, Failure *reterr) {
        int dirfd = c->levels[c->n_levels - 1].fd, fd = -EBADF, r;
        char escaped[128];

        r = open_directory(dirfd, name, &fd);
        if (r == -ENOENT)
                r = make_directory(dirfd, name, 0755, &fd);
        else if (r == -ENOTDIR || r == -ELOOP)
                r = enter_other(c, dirfd, c->path, name, &fd);

        if (r == -ENOTDIR || r == -ENOENT || r == -ELOOP)
                return failure_set(
                                reterr, FAILURE_REGISTRY,
                                "its parent \"%s\" is not a directory of this layer; build the image again",
                                member_escape(c->path, escaped, sizeof(escaped)));
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, r, "cannot make or open its parent \"%s\"",
                                         member_escape(c->path, escaped, sizeof(escaped)));
        return cursor_push(c, fd, end);
}

int cursor_move(Cursor *c, const char *path, size_t n, int *ret_fd, Failure *reterr) {
        size_t keep = 1, position;
        int r;

        /* How many levels the two paths share. */
        while (keep < c->n_levels) {
                size_t end = c->levels[keep].end;

                if (end > n || (end < n && path[end] != '/') || memcmp(path, c->path, end) != 0)
                        break;
                keep++;
        }
        while (c->n_levels > keep) {
                r = cursor_pop(c);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_STORAGE, r,
                                                 "cannot set the time of a directory");
        }

        memcpy(c->path, path, n);
        c->path[n] = 0;
        position = c->levels[c->n_levels - 1].end;
        while (position < n) {
                const char *name = c->path + position + (c->path[position] == '/');
                size_t end = (size_t) (strchrnul(name, '/') - c->path);

                c->path[end] = 0;
                r = cursor_enter(c, name, end, reterr);
                if (end < n)
                        c->path[end] = '/';
                if (r < 0)
                        return r;
                position = end;
        }
        *ret_fd = c->levels[c->n_levels - 1].fd;
        return 0;
}
