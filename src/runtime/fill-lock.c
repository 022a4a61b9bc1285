/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/fill-lock.h"
#include "runtime/fill.h"

static void let_go(FillLock *l) {
        while (l->n > 0)
                (void) fd_close(l->fds[--l->n]);
}

void fill_lock_release(FillLock *l) {
        let_go(l);
        l->fds = mfree(l->fds);
}

/* 1: *@ret_fd is locked, and the volume empty. 0: nothing is to be filled, or the file system has no locks.
 * -EAGAIN: another has it; *@ret_fd is there to wait with. */
static int try_one(const char *source, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF, parent = -EBADF;
        int r = 1;

        fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
        parent = fd < 0 ? -EBADF : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
                return 0; /* whoever mounts it says why */
        if (flock(parent, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK)
                        return 0;
                r = -EAGAIN;
        } else if (fill_is_empty(fd) <= 0)
                return 0;
        *ret_fd = TAKE_FD(parent);
        return r;
}

/* -EAGAIN: nothing is locked, and *@ret_fd is what another has. */
static int try_all(const RuntimeSpec *spec, FillLock *l, int *ret_fd) {
        for (size_t i = 0; i < spec->n_mounts; i++) {
                const RuntimeMount *m = spec->mounts + i;
                int fd, r;

                if (!m->fill || !m->options.bind)
                        continue;
                r = try_one(m->source, &fd);
                if (r < 0) {
                        let_go(l);
                        *ret_fd = fd;
                        return r;
                }
                if (r > 0)
                        l->fds[l->n++] = fd;
        }
        return 0;
}

int fill_lock_take(const RuntimeSpec *spec, FillLock *ret) {
        FillLock l = { .fds = new (int, spec->n_mounts + 1) };
        int fd;

        if (!l.fds)
                return -ENOMEM;
        while (try_all(spec, &l, &fd) < 0) {
                int r = flock(fd, LOCK_EX) < 0 && errno != EINTR ? negative_errno() : 0;

                (void) fd_close(fd);
                if (r < 0) {
                        fill_lock_release(&l);
                        return r;
                }
        }
        *ret = l;
        return 0;
}
