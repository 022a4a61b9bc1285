/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/limit-mirror.h"
#include "basic/log.h"
#include "basic/str.h"

#define LIMIT_BYTES_MAX 4096
#define IO_UNLIMITED "rbps=max wbps=max riops=max wiops=max"

/* What a fresh cgroup has. */
static const struct {
        const char *name, *initial;
} limits[] = {
        { "cpu.max", "max 100000" },
        { "cpu.weight", "100" },
        { "cpuset.cpus", "" },
        { "cpuset.mems", "" },
        { "io.max", "" },
        { "io.weight", "default 100" },
        { "memory.high", "max" },
        { "memory.low", "0" },
        { "memory.max", "max" },
        { "memory.min", "0" },
        { "memory.swap.max", "max" },
        { "pids.max", "max" },
};

bool limit_mirror_has(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(limits); i++)
                if (streq(limits[i].name, name))
                        return true;
        return false;
}

static int read_limit(int dirfd, const char *name, char buf[static LIMIT_BYTES_MAX]) {
        _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        ssize_t n;

        *buf = 0;
        if (fd < 0)
                return negative_errno();
        n = fd_read_full(fd, buf, LIMIT_BYTES_MAX - 1);
        if (n < 0)
                return (int) n;
        while (n > 0 && buf[n - 1] == '\n')
                n--;
        buf[n] = 0;
        return 0;
}

static int write_limit(int dirfd, const char *name, const char *value) {
        _cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0)
                return negative_errno();
        /* "" is a value too, but a write of nothing is none */
        return fd_write_all(fd, *value ? value : "\n", *value ? strlen(value) : 1);
}

/* A line for each disk, to be written one by one. */
static int write_lines(int dirfd, const char *name, char *text) {
        int r = 0;

        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && r >= 0;
             line = strtok_r(NULL, "\n", &save))
                r = write_limit(dirfd, name, line);
        return r;
}

/* Disks that have a limit below and none above any more. */
static int lift_lines(int dirfd, const char *above, char *below) {
        int r = 0;

        for (char *save = NULL, *line = strtok_r(below, "\n", &save); line && r >= 0;
             line = strtok_r(NULL, "\n", &save)) {
                size_t n = strcspn(line, " ");
                const char *found;
                char text[128];

                line[n] = 0;
                for (found = above; found; found = strchr(found, '\n') ? strchr(found, '\n') + 1 : NULL)
                        if (strncmp(found, line, n) == 0 && found[n] == ' ')
                                break;
                if (found)
                        continue;
                (void) snprintf(text, sizeof(text), "%.32s " IO_UNLIMITED, line);
                r = write_limit(dirfd, "io.max", text);
        }
        return r;
}

static int copy_limit(int payload_fd, const char *name, char *value) {
        if (streq(name, "io.weight")) /* the lines behind the first are for single disks */
                value[strcspn(value, "\n")] = 0;
        return streq(name, "io.max") ? write_lines(payload_fd, name, value)
                                     : write_limit(payload_fd, name, value);
}

void limit_mirror_all(int scope_fd, int payload_fd) {
        char value[LIMIT_BYTES_MAX];

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                int r;

                if (read_limit(scope_fd, limits[i].name, value) < 0 || streq(value, limits[i].initial))
                        continue;
                r = copy_limit(payload_fd, limits[i].name, value);
                if (r < 0)
                        log_debug_errno(r, "cannot repeat %s for the container, ignoring: %m",
                                        limits[i].name);
        }
}

int limit_mirror(int scope_fd, int payload_fd, const char *name) {
        char value[LIMIT_BYTES_MAX], present[LIMIT_BYTES_MAX];
        int r;

        if (!limit_mirror_has(name))
                return -EINVAL;
        r = read_limit(scope_fd, name, value);
        if (r >= 0)
                r = read_limit(payload_fd, name, present);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (streq(value, present))
                return 0;
        if (streq(name, "io.max"))
                r = lift_lines(payload_fd, value, present);
        return r < 0 ? r : copy_limit(payload_fd, name, value);
}
