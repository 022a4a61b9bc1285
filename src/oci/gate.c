/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "oci/gate.h"

#define RESULT_BYTES_MAX 4096

void gate_done(Gate *g) {
        g->start_fd = fd_close(g->start_fd);
        g->result_fd = fd_close(g->result_fd);
}

int gate_make(int dir_fd, Gate *ret, Failure *f) {
        _cleanup_(gate_done) Gate g = GATE_NONE;
        _cleanup_close_ int both = -EBADF;

        if (mkfifoat(dir_fd, "start", 0600) < 0 || mkfifoat(dir_fd, "result", 0600) < 0)
                return failure_set_errno(f, FAILURE_STORAGE, errno, "cannot make the container's FIFOs");
        /* Open for both ends nothing waits for the other side, which may come and go. */
        g.start_fd = openat(dir_fd, "start", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        both = openat(dir_fd, "result", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        g.result_fd = openat(dir_fd, "result", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (g.start_fd < 0 || both < 0 || g.result_fd < 0)
                return failure_set_errno(f, FAILURE_STORAGE, errno, "cannot open the container's FIFOs");
        *ret = g;
        g = GATE_NONE;
        return 0;
}

int gate_open(int dir_fd, const char *id, Gate *ret, Failure *f) {
        _cleanup_(gate_done) Gate g = GATE_NONE;

        g.result_fd = openat(dir_fd, "result", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
        if (g.result_fd >= 0)
                g.start_fd = openat(dir_fd, "start", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
        if (g.start_fd < 0)
                return failure_set(f, FAILURE_INVALID_STATE, "container %s does not wait to be started", id);
        *ret = g;
        g = GATE_NONE;
        return 0;
}

/* "KIND text", as runtime/payload.c writes it. */
static int rebuild(char *text, Failure *f) {
        char *blank = strchr(text, ' ');
        int kind;

        if (blank)
                *blank = 0;
        kind = failure_kind_from_string(text);
        return failure_set(f, kind < 0 ? FAILURE_SYSTEM : (FailureKind) kind, "%s",
                           blank ? blank + 1 : "the container has failed to start");
}

int gate_start(const Gate *g, Failure *f) {
        char text[RESULT_BYTES_MAX];
        ssize_t n;

        if (write(g->start_fd, "", 1) != 1)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot tell the container to start");
        if (fd_set_nonblock(g->result_fd, false) < 0)
                return negative_errno();
        n = fd_read_full(g->result_fd, text, sizeof(text) - 1);
        if (n < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, (int) n, "cannot hear of the container's start");
        text[n] = 0;
        return n == 0 ? 0 : rebuild(text, f);
}

void gate_remove(int dir_fd) {
        (void) unlinkat(dir_fd, "start", 0);
        (void) unlinkat(dir_fd, "result", 0);
}
