/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/fill.h"

#define DEPTH_MAX 512
#define XATTR_NAMES_MAX (16 * 1024)
#define XATTR_VALUE_MAX (64 * 1024)
#define CHUNK_BYTES (1024 * 1024)

static inline void close_directory(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

static int open_directory(int fd, DIR **ret) {
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        DIR *d;

        if (copy < 0)
                return negative_errno();
        d = fdopendir(copy);
        if (!d) {
                (void) fd_close(copy);
                return negative_errno();
        }
        *ret = d;
        return 0;
}

/* The next entry but "." and ".."; NULL at the end or with errno set. */
static struct dirent *next_entry(DIR *d) {
        struct dirent *de;

        do {
                errno = 0;
                de = readdir(d);
        } while (de && (streq(de->d_name, ".") || streq(de->d_name, "..")));
        return de;
}

int fill_is_empty(int directory_fd) {
        _cleanup_(close_directory) DIR *d = NULL;
        int r;

        r = open_directory(directory_fd, &d);
        if (r < 0)
                return r;
        if (next_entry(d))
                return 0;
        return errno ? negative_errno() : 1;
}

/* What makes a file more than its bytes. Attributes of security modules are the place's, not the file's. */
static void copy_attributes(int from, int to) {
        _cleanup_free_ char *names = malloc(XATTR_NAMES_MAX), *value = malloc(XATTR_VALUE_MAX);
        ssize_t n = names && value ? flistxattr(from, names, XATTR_NAMES_MAX) : -1;

        for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
                ssize_t size;

                if (!startswith(name, "user.") && !streq(name, "security.capability"))
                        continue;
                size = fgetxattr(from, name, value, XATTR_VALUE_MAX);
                if (size < 0 || fsetxattr(to, name, value, (size_t) size, 0) < 0)
                        log_debug("cannot copy the attribute %s, ignoring", name);
        }
}

/* The owner first: a change of it takes set-user-ID bits and capabilities away. */
static int copy_metadata(int from, int to, const struct stat *st) {
        const struct timespec times[] = { st->st_atim, st->st_mtim };

        mode_t mode = st->st_mode & 07777;

        if (fchown(to, st->st_uid, st->st_gid) < 0) {
                log_debug("cannot give a copied file to its owner, ignoring");
                mode &= ~(mode_t) (S_ISUID | S_ISGID);
        }
        if (fchmod(to, mode) < 0)
                return negative_errno();
        copy_attributes(from, to);
        return futimens(to, times) < 0 ? negative_errno() : 0;
}

static int copy_bytes(int from, int to) {
        for (;;) {
                ssize_t n = copy_file_range(from, NULL, to, NULL, CHUNK_BYTES, 0);

                if (n == 0)
                        return 0;
                if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
                        break;
                if (n < 0)
                        return negative_errno();
        }
        for (;;) {
                char buf[16 * 1024];
                ssize_t n = read(from, buf, sizeof(buf));
                int r;

                if (n <= 0)
                        return n < 0 ? negative_errno() : 0;
                r = fd_write_all(to, buf, (size_t) n);
                if (r < 0)
                        return r;
        }
}

static int copy_file(int from_fd, int to_fd, const char *name) {
        _cleanup_close_ int from = -EBADF, to = -EBADF;
        struct stat st;
        int r;

        from = openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (from < 0 || fstat(from, &st) < 0)
                return negative_errno();
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        to = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0)
                return negative_errno();
        r = copy_bytes(from, to);
        return r < 0 ? r : copy_metadata(from, to, &st);
}

static int copy_link(int from_fd, int to_fd, const char *name, const struct stat *st) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(from_fd, name, target, sizeof(target) - 1);

        if (n < 0)
                return negative_errno();
        target[n] = 0;
        if (symlinkat(target, to_fd, name) < 0)
                return negative_errno();
        if (fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                log_debug("cannot give a copied link to its owner, ignoring");
        return 0;
}

static int copy_node(int to_fd, const char *name, const struct stat *st) {
        if (mknodat(to_fd, name, st->st_mode, st->st_rdev) < 0) {
                if (errno != EPERM)
                        return negative_errno();
                log_debug("cannot make the node %s, ignoring", name);
                return 0;
        }
        if (fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                log_debug("cannot give a copied node to its owner, ignoring");
        return 0;
}

static int copy_directory(int from_fd, int to_fd, unsigned depth);

static int copy_subdirectory(int from_fd, int to_fd, const char *name, unsigned depth) {
        _cleanup_close_ int from = -EBADF, to = -EBADF;
        struct stat st;
        int r;

        from = openat(from_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (from < 0 || fstat(from, &st) < 0 || mkdirat(to_fd, name, 0700) < 0)
                return negative_errno();
        to = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (to < 0)
                return negative_errno();
        r = copy_directory(from, to, depth + 1);
        return r < 0 ? r : copy_metadata(from, to, &st);
}

static int copy_entry(int from_fd, int to_fd, const char *name, unsigned depth) {
        struct stat st;

        if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        if (S_ISDIR(st.st_mode))
                return copy_subdirectory(from_fd, to_fd, name, depth);
        if (S_ISREG(st.st_mode))
                return copy_file(from_fd, to_fd, name);
        return S_ISLNK(st.st_mode) ? copy_link(from_fd, to_fd, name, &st) : copy_node(to_fd, name, &st);
}

static int copy_directory(int from_fd, int to_fd, unsigned depth) {
        _cleanup_(close_directory) DIR *d = NULL;
        struct dirent *de;
        int r;

        if (depth > DEPTH_MAX)
                return -ELOOP;
        r = open_directory(from_fd, &d);
        if (r < 0)
                return r;
        while ((de = next_entry(d))) {
                r = copy_entry(from_fd, to_fd, de->d_name, depth);
                if (r < 0)
                        return r;
        }
        return errno ? negative_errno() : 0;
}

int fill_copy(int from_fd, int to_fd, bool with_root) {
        _cleanup_close_ int from = -EBADF, to = -EBADF;
        struct stat st;
        int r;

        r = copy_directory(from_fd, to_fd, 0);
        if (r < 0 || !with_root)
                return r;
        from = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        to = openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (from < 0 || to < 0 || fstat(from, &st) < 0)
                return negative_errno();
        return copy_metadata(from, to, &st);
}

static int chown_entries(int fd, uid_t uid, gid_t gid, dev_t device, unsigned depth) {
        _cleanup_(close_directory) DIR *d = NULL;
        struct dirent *de;
        int r;

        if (depth > DEPTH_MAX)
                return -ELOOP;
        r = open_directory(fd, &d);
        if (r < 0)
                return r;
        while ((de = next_entry(d))) {
                _cleanup_close_ int child = openat(fd, de->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
                struct stat st;

                if (child < 0 && errno == ENOENT)
                        continue;
                if (child < 0 || fstat(child, &st) < 0)
                        return negative_errno();
                if (st.st_dev != device)
                        continue;
                if ((st.st_uid != uid || st.st_gid != gid) &&
                    fchownat(child, "", uid, gid, AT_EMPTY_PATH) < 0)
                        return negative_errno();
                r = S_ISDIR(st.st_mode) ? chown_entries(child, uid, gid, device, depth + 1) : 0;
                if (r < 0)
                        return r;
        }
        return errno ? negative_errno() : 0;
}

int fill_chown(int fd, uid_t uid, gid_t gid) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return negative_errno();
        if ((st.st_uid != uid || st.st_gid != gid) && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                return negative_errno();
        return S_ISDIR(st.st_mode) ? chown_entries(fd, uid, gid, st.st_dev, 0) : 0;
}
