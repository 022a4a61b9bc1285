/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/lock-file.h"

/* An exclusive holder unlinks what we have just opened: rarely, and then once. */
#define TAKE_ATTEMPTS 16

static int set_lock(int fd, short type) {
        struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

        if (fcntl(fd, F_OFD_SETLK, &lock) >= 0)
                return 0;
        return errno == EAGAIN || errno == EACCES ? -EBUSY : negative_errno();
}

int lock_file_take(int dirfd, const char *name, bool exclusive, int *ret_fd) {
        for (int i = 0; i < TAKE_ATTEMPTS; i++) {
                _cleanup_close_ int fd = openat(dirfd, name,
                                                O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
                struct stat st;
                int r;

                if (fd < 0)
                        return negative_errno();
                r = set_lock(fd, exclusive ? F_WRLCK : F_RDLCK);
                if (r < 0)
                        return r;
                if (fstat(fd, &st) < 0)
                        return negative_errno();
                if (st.st_nlink > 0) {
                        *ret_fd = TAKE_FD(fd);
                        return 0;
                }
        }
        return -EBUSY;
}

void lock_file_release(int *fd) {
        char link[64], path[PATH_MAX];
        ssize_t n;

        if (*fd < 0)
                return;
        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", *fd);
        /* Whoever shares the lock, or takes it between these calls, checks that the file is still there. */
        if (set_lock(*fd, F_WRLCK) >= 0 && (n = readlink(link, path, sizeof(path) - 1)) > 0) {
                path[n] = 0;
                (void) unlink(path);
        }
        *fd = fd_close(*fd);
}
