/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"

int fd_close(int fd) {
        int saved = errno;

        if (fd >= 0)
                (void) close(fd);
        errno = saved;
        return -EBADF;
}

int fd_write_all(int fd, const void *data, size_t n_bytes) {
        const char *p = data;

        while (n_bytes > 0) {
                ssize_t n = write(fd, p, n_bytes);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                p += n;
                n_bytes -= (size_t) n;
        }
        return 0;
}

ssize_t fd_read_full(int fd, void *buf, size_t n_bytes) {
        size_t done = 0;

        while (done < n_bytes) {
                ssize_t n = read(fd, (char *) buf + done, n_bytes - done);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                if (n == 0)
                        break;
                done += (size_t) n;
        }
        return (ssize_t) done;
}

int fd_new_sealed(const char *name, const void *data, size_t n_bytes, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return negative_errno();

        r = fd_write_all(fd, data, n_bytes);
        if (r < 0)
                return r;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return negative_errno();
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return negative_errno();

        *ret_fd = TAKE_FD(fd);
        return 0;
}

int fd_read_file(int fd, size_t max_bytes, char **ret, size_t *ret_size) {
        _cleanup_free_ char *buf = NULL;
        struct stat st;
        size_t size, done = 0;

        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (!S_ISREG(st.st_mode))
                return -EBADF;
        if (st.st_size < 0 || (uint64_t) st.st_size > max_bytes)
                return -EFBIG;

        size = (size_t) st.st_size;
        buf = malloc(size + 1);
        if (!buf)
                return -ENOMEM;

        while (done < size) {
                ssize_t n = pread(fd, buf + done, size - done, (off_t) done);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                if (n == 0)
                        break;
                done += (size_t) n;
        }
        buf[done] = 0;

        if (ret_size)
                *ret_size = done;
        else if (memchr(buf, 0, done))
                return -EBADMSG;
        *ret = TAKE_PTR(buf);
        return 0;
}

int fd_move_above_stdio(int fd) {
        int copy;

        if (fd < 0 || fd > STDERR_FILENO)
                return fd;

        copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (copy < 0)
                return negative_errno();
        (void) close(fd);
        return copy;
}

static int fd_change_flag(int fd, int get, int set, int flag, bool on) {
        int flags, wanted;

        flags = fcntl(fd, get);
        if (flags < 0)
                return negative_errno();
        wanted = on ? flags | flag : flags & ~flag;
        if (wanted != flags && fcntl(fd, set, wanted) < 0)
                return negative_errno();
        return 0;
}

int fd_set_nonblock(int fd, bool nonblock) {
        return fd_change_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, nonblock);
}

int fd_set_cloexec(int fd, bool cloexec) {
        return fd_change_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, cloexec);
}
