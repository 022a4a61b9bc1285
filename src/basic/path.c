/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"

#define OPEN_RETRIES_MAX 32
#define TREE_DEPTH_MAX 1024

int path_openat2(int dirfd, const char *path, uint64_t flags, mode_t mode, uint64_t resolve, int *ret_fd) {
        struct open_how how = {
                .flags = flags | O_CLOEXEC,
                .mode = mode,
                .resolve = resolve,
        };

        for (int i = 0;; i++) {
                long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

                if (fd >= 0) {
                        *ret_fd = (int) fd;
                        return 0;
                }
                if ((errno != EAGAIN && errno != EINTR) || i >= OPEN_RETRIES_MAX)
                        return negative_errno();
        }
}

int path_open_in_root(int rootfd, const char *path, int flags, int *ret_fd) {
        return path_openat2(rootfd, path, (uint64_t) flags | O_NONBLOCK * !(flags & O_PATH), 0,
                            RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, ret_fd);
}

int path_read_in_root(int rootfd, const char *path, size_t max_bytes, char **ret) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = path_open_in_root(rootfd, path, O_RDONLY | O_NOCTTY, &fd);
        if (r < 0)
                return r;
        r = fd_read_file(fd, max_bytes, ret, NULL);
        return r == -EBADF ? -EBADMSG : r;
}

/* Opens the directory @name beneath @dirfd, following links inside @rootfd; makes it when it is missing. */
static int open_or_make(int rootfd, int dirfd, const char *prefix, const char *name, mode_t mode, uid_t uid,
                        gid_t gid, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = path_open_in_root(rootfd, prefix, O_PATH | O_DIRECTORY, &fd);
        if (r == -ENOENT) {
                if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
                        return negative_errno();
                /* The new entry must be a directory right here: somebody may have put a link in its place.
                 */
                r = path_openat2(dirfd, name, O_RDONLY | O_DIRECTORY, 0,
                                 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, &fd);
                if (r < 0)
                        return r;
                if (uid != (uid_t) -1 && fchown(fd, uid, gid) < 0)
                        return negative_errno();
                if (fchmod(fd, mode) < 0)
                        return negative_errno();
        } else if (r < 0)
                return r;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

int path_mkdir_in_root(int rootfd, const char *path, mode_t mode, uid_t uid, gid_t gid, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *copy = NULL;
        char *p;
        int r;

        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        r = path_open_in_root(rootfd, "/", O_PATH | O_DIRECTORY, &fd);
        if (r < 0)
                return r;

        for (p = copy; *p;) {
                _cleanup_close_ int next = -EBADF;
                char *name, saved;

                p += strspn(p, "/");
                if (!*p)
                        break;
                name = p;
                p += strcspn(p, "/");
                saved = *p;
                *p = 0;
                if (streq(name, "..") || streq(name, "."))
                        return -EINVAL;
                r = open_or_make(rootfd, fd, copy, name, mode, uid, gid, &next);
                *p = saved;
                if (r < 0)
                        return r;
                (void) fd_close(fd);
                fd = TAKE_FD(next);
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int path_mkdir_parents(int dirfd, const char *path, mode_t mode) {
        _cleanup_free_ char *copy = strdup(path);

        if (!copy)
                return -ENOMEM;
        if (!*copy)
                return -ENOENT;
        for (char *p = copy + 1; *p; p++)
                if (*p == '/') {
                        *p = 0;
                        if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
                                return negative_errno();
                        *p = '/';
                }
        if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
                return negative_errno();
        return 0;
}

bool path_component_is_valid(const char *s) {
        size_t n = s ? strlen(s) : 0;

        return n > 0 && n <= 255 && !strchr(s, '/') && !streq(s, ".") && !streq(s, "..");
}

int path_join(const char *a, const char *b, char **ret) {
        size_t n = strlen(a);

        while (n > 0 && a[n - 1] == '/')
                n--;
        return string_format(ret, "%.*s/%s", (int) n, a, b + strspn(b, "/"));
}

typedef struct Removal {
        uint64_t left;
        dev_t device;
        unsigned depth;
} Removal;

static int remove_entry(Removal *removal, int dirfd, const char *name);

static int remove_children(Removal *removal, int fd) {
        _cleanup_close_ int copy = -EBADF;
        struct dirent *de;
        DIR *dir;
        int r = 0;

        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return negative_errno();
        dir = fdopendir(copy);
        if (!dir)
                return negative_errno();
        (void) TAKE_FD(copy);
        while (r >= 0 && (errno = 0, de = readdir(dir)))
                if (!streq(de->d_name, ".") && !streq(de->d_name, ".."))
                        r = remove_entry(removal, fd, de->d_name);
        if (r >= 0 && errno != 0)
                r = negative_errno();
        (void) closedir(dir);
        return r == -ENOENT ? 0 : r;
}

static int remove_entry(Removal *removal, int dirfd, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        if (removal->left == 0)
                return -E2BIG;
        removal->left--;

        if (unlinkat(dirfd, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return negative_errno();
        if (removal->depth >= TREE_DEPTH_MAX)
                return -ELOOP;

        /* An empty directory goes at once; only a full one is opened. */
        if (unlinkat(dirfd, name, AT_REMOVEDIR) >= 0 || errno == ENOENT)
                return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
                return negative_errno();

        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (st.st_dev != removal->device)
                return -EXDEV;

        removal->depth++;
        r = remove_children(removal, fd);
        removal->depth--;
        if (r < 0)
                return r;
        if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                return negative_errno();
        return 0;
}

int path_remove_tree(int dirfd, const char *name, uint64_t max_entries) {
        Removal removal = { .left = max_entries };
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        removal.device = st.st_dev;
        return remove_entry(&removal, dirfd, name);
}
