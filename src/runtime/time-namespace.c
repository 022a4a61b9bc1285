/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "runtime/namespace.h"
#include "runtime/time-namespace.h"

static int write_offset(int fd, const char *clock, const RuntimeTimeOffset *o) {
        char text[96];
        int n;

        if (!o->set)
                return 0;
        n = snprintf(text, sizeof(text), "%s %" PRIi64 " %" PRIu32 "\n", clock, o->seconds, o->nanoseconds);
        return fd_write_all(fd, text, (size_t) n);
}

static int write_offsets(const RuntimeSpec *spec) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!spec->monotonic.set && !spec->boottime.set)
                return 0;
        fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = write_offset(fd, "monotonic", &spec->monotonic);
        return r < 0 ? r : write_offset(fd, "boottime", &spec->boottime);
}

int time_namespace_make(const RuntimeSpec *spec, int *ret_own_fd, Failure *reterr) {
        _cleanup_close_ int own = -EBADF;
        int r;

        if (!namespace_is_new(spec, RUNTIME_NAMESPACE_TIME))
                return 0;
        own = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
        if (own < 0 || unshare(CLONE_NEWTIME) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot make a time namespace");
        r = write_offsets(spec);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot set the clocks of linux.timeOffsets");
        *ret_own_fd = TAKE_FD(own);
        return 1;
}
