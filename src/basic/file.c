/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"

static int file_fill(int dirfd, const char *name, const void *data, size_t n_bytes, mode_t mode,
                     FileFlags flags) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
                return negative_errno();
        r = fd_write_all(fd, data, n_bytes);
        if (r < 0)
                return r;
        if (fchmod(fd, mode) < 0)
                return negative_errno();
        if ((flags & FILE_SYNC) && fsync(fd) < 0)
                return negative_errno();
        return 0;
}

int file_write_atomic(int dirfd, const char *name, const void *data, size_t n_bytes, mode_t mode,
                      FileFlags flags) {
        _cleanup_free_ char *temporary = NULL;
        uint64_t nonce;
        int r;

        if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
                return negative_errno();
        r = string_format(&temporary, ".#%s.%016" PRIx64, name, nonce);
        if (r < 0)
                return r;

        r = file_fill(dirfd, temporary, data, n_bytes, mode, flags);
        if (r >= 0 &&
            renameat2(dirfd, temporary, dirfd, name, flags & FILE_EXCLUSIVE ? RENAME_NOREPLACE : 0) < 0)
                r = negative_errno();
        if (r < 0) {
                (void) unlinkat(dirfd, temporary, 0);
                return r;
        }

        if (flags & FILE_SYNC) {
                _cleanup_close_ int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (fd < 0 || fsync(fd) < 0)
                        return negative_errno();
        }
        return 0;
}

int file_read(int dirfd, const char *name, size_t max_bytes, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = -EBADF;

        fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return negative_errno();
        return fd_read_file(fd, max_bytes, ret, ret_size);
}

int file_read_virtual(int dirfd, const char *path, char **ret) {
        _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        ssize_t n;

        if (fd < 0)
                return negative_errno();
        text = malloc(FILE_VIRTUAL_BYTES_MAX);
        if (!text)
                return -ENOMEM;
        n = fd_read_full(fd, text, FILE_VIRTUAL_BYTES_MAX - 1);
        if (n < 0)
                return (int) n;
        text[n] = 0;
        *ret = TAKE_PTR(text);
        return 0;
}

int file_read_cgroup(int dirfd, const char *path, char **ret) {
        _cleanup_free_ char *text = NULL;
        const char *line;
        int r;

        r = file_read_virtual(dirfd, path, &text);
        if (r < 0)
                return r;
        line = startswith(text, "0::") ? text : strstr(text, "\n0::");
        line = line ? strchr(line, '/') : NULL;
        if (!line)
                return -ENXIO;
        *ret = strndup(line, strcspn(line, "\n"));
        return *ret ? 0 : -ENOMEM;
}
