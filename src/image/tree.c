/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "image/tree.h"

#define LEVELS_MAX 64 /* directories open at once */
#define RESCANS_MAX 16

typedef struct Level {
        DIR *dir;
        char name[NAME_MAX + 1];
        unsigned rescans;
} Level;

typedef struct Clearing {
        Level *levels; /* [0] is the top */
        size_t n_levels;
        uint64_t serial; /* of the last directory that was moved to the top */
        bool again;      /* ... which has to be read again */
} Clearing;

static int flags_clear(int fd) {
        int flags;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return negative_errno();
        if (!(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
                return -EPERM;
        flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? negative_errno() : 0;
}

/* Takes the flags off that forbid removing @name from @dirfd: its own, and the directory's. */
static int flags_clear_for(int dirfd, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r, k = -EPERM;

        r = flags_clear(dirfd);
        /* Other kinds of files cannot carry them, and opening a device has effects. */
        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
            (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
                fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
                if (fd >= 0)
                        k = flags_clear(fd);
        }
        return r >= 0 || k >= 0 ? 0 : -EPERM;
}

static int remove_plain(int dirfd, const char *name) {
        if (unlinkat(dirfd, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR)
                return negative_errno();
        if (unlinkat(dirfd, name, AT_REMOVEDIR) >= 0 || errno == ENOENT)
                return 0;
        return errno == EEXIST ? -ENOTEMPTY : negative_errno();
}

/* 0: gone. 1: a directory with something in it. */
static int remove_or_tell(int dirfd, const char *name) {
        int r = remove_plain(dirfd, name);

        if (r == -EPERM && flags_clear_for(dirfd, name) >= 0)
                r = remove_plain(dirfd, name);
        return r == -ENOTEMPTY ? 1 : r;
}

/* Opens the directory @name for reading, unless something is mounted there. */
static int directory_open(int dirfd, const char *name, DIR **ret) {
        _cleanup_close_ int fd = -EBADF;
        DIR *dir;
        int r;

        r = path_openat2(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV, &fd);
        if (r < 0)
                return r == -EXDEV ? -EBUSY : r;
        dir = fdopendir(fd);
        if (!dir)
                return negative_errno();
        (void) TAKE_FD(fd);
        *ret = dir;
        return 0;
}

static int clearing_push(Clearing *c, int dirfd, const char *name) {
        Level *l = c->levels + c->n_levels;
        int r;

        r = directory_open(dirfd, name, &l->dir);
        if (r < 0)
                return r;
        (void) snprintf(l->name, sizeof(l->name), "%s", name);
        l->rescans = 0;
        c->n_levels++;
        return 0;
}

/* Too deep: moves the directory to the top, where it is found when that is read again. */
static int clearing_lift(Clearing *c, int fd, const char *name) {
        char lifted[32];
        bool retried = false;

        for (;;) {
                (void) snprintf(lifted, sizeof(lifted), ".#removed-%016" PRIx64, ++c->serial);
                if (renameat2(fd, name, dirfd(c->levels[0].dir), lifted, RENAME_NOREPLACE) >= 0) {
                        c->again = true;
                        return 0;
                }
                if (errno == EPERM && !retried && flags_clear_for(fd, name) >= 0)
                        retried = true;
                else if (errno != EEXIST)
                        return negative_errno();
        }
}

/* Leaves the innermost directory, which has been read to its end, and removes it. 1: it has to be read
 * again, as there is something in it still. */
static int clearing_pop(Clearing *c) {
        Level *l = c->levels + c->n_levels - 1;
        int r;

        if (c->n_levels == 1)
                return 0;
        r = remove_or_tell(dirfd(l[-1].dir), l->name);
        if (r > 0) {
                if (l->rescans++ >= RESCANS_MAX)
                        return -ENOTEMPTY;
                rewinddir(l->dir);
                return 1;
        }
        (void) closedir(TAKE_PTR(l->dir));
        c->n_levels--;
        return r;
}

static int clearing_entry(Clearing *c, const char *name) {
        int fd = dirfd(c->levels[c->n_levels - 1].dir), r;

        r = remove_or_tell(fd, name);
        if (r <= 0)
                return r;
        return c->n_levels < LEVELS_MAX ? clearing_push(c, fd, name) : clearing_lift(c, fd, name);
}

/* One step: an entry of the innermost directory, or the way out of it. 1: go on. 0: all is done. */
static int clearing_step(Clearing *c) {
        struct dirent *de;
        int r;

        errno = 0;
        de = readdir(c->levels[c->n_levels - 1].dir);
        if (de) {
                r = streq(de->d_name, ".") || streq(de->d_name, "..") ? 0 : clearing_entry(c, de->d_name);
                return r < 0 ? r : 1;
        }
        if (errno != 0)
                return negative_errno();
        if (c->n_levels > 1) {
                r = clearing_pop(c);
                return r < 0 ? r : 1;
        }
        if (!c->again)
                return 0;
        c->again = false;
        rewinddir(c->levels[0].dir);
        return 1;
}

int tree_clear(int fd) {
        Clearing c = { .levels = new0(Level, LEVELS_MAX) };
        int r;

        if (!c.levels)
                return -ENOMEM;
        r = clearing_push(&c, fd, ".");
        if (r >= 0)
                do
                        r = clearing_step(&c);
                while (r > 0);

        while (c.n_levels > 0)
                (void) closedir(c.levels[--c.n_levels].dir);
        free(c.levels);
        return r;
}

int tree_remove(int dirfd, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = remove_or_tell(dirfd, name);
        if (r <= 0)
                return r;
        r = path_openat2(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV, &fd);
        if (r < 0)
                return r == -EXDEV ? -EBUSY : r;
        r = tree_clear(fd);
        if (r < 0)
                return r;
        r = remove_or_tell(dirfd, name);
        return r > 0 ? -ENOTEMPTY : r;
}
