/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/migration.h"
#include "basic/str.h"
#include "engine/engine.h"
#include "engine/migration.h"
#include "engine/reaper.h"

static int open_own_cgroup(void) {
        _cleanup_free_ char *cgroup = NULL, *path = NULL;
        int r;

        r = file_read_cgroup(AT_FDCWD, "/proc/self/cgroup", &cgroup);
        if (r >= 0)
                r = string_format(&path, "/sys/fs/cgroup%s/cgroup.procs", cgroup);
        if (r < 0)
                return r;
        r = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return r < 0 ? negative_errno() : r;
}

static void on_done(void *userdata) {
        Engine *e = userdata;

        e->migration_announced = false;
}

void migration_announce(Engine *e) {
        int pidfd, r;
        pid_t pid;

        if (e->migration_announced)
                return;
        if (e->own_cgroup_fd == -EBADF)
                e->own_cgroup_fd = open_own_cgroup();
        if (e->own_cgroup_fd < 0) /* a failure stays: it would not end differently the next time */
                return;
        r = migration_begin(e->own_cgroup_fd, &pid, &pidfd);
        if (r < 0) {
                log_debug_errno(r, "Cannot announce a migration, ignoring: %m");
                return;
        }
        e->migration_announced = true;
        reaper_add(e->event, pid, pidfd, on_done, e);
}
