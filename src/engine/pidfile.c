/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "engine/pidfile.h"

/* Opens the directory of the absolute @path; its last component is at *@ret_name. */
static int open_parent(const char *path, const char **ret_name) {
        _cleanup_free_ char *directory = strdup(path);
        const char *slash = strrchr(path, '/');
        int fd;

        if (!directory)
                return -ENOMEM;
        directory[slash > path ? slash - path : 1] = 0;
        if (!path_component_is_valid(slash + 1))
                return -EINVAL;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        *ret_name = slash + 1;
        return fd;
}

static int check_one(const char *option, const char *path, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        const char *name;
        struct stat st;
        int r;

        if (!path)
                return 0;
        r = fd = open_parent(path, &name);
        if (r >= 0 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode))
                r = -EISDIR;
        return r < 0 ? failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r,
                                         "option '--%s' has '%s', which cannot be written", option, path)
                     : 0;
}

int pidfile_check(const ContainerSpec *spec, Failure *f) {
        int r;

        r = check_one("pidfile", spec->pidfile, f);
        return r < 0 ? r : check_one("conmon-pidfile", spec->supervisor_pidfile, f);
}

static void write_one(const ContainerRecord *record, const char *path, pid_t pid) {
        _cleanup_close_ int fd = -EBADF;
        const char *name;
        char text[16];
        int r;

        if (!path || pid <= 0)
                return;
        (void) snprintf(text, sizeof(text), "%d\n", pid);
        fd = open_parent(path, &name);
        r = fd < 0 ? fd : file_write_atomic(fd, name, text, strlen(text), 0644, 0);
        if (r < 0)
                log_warning_errno(r, "Container %s: cannot write %s, ignoring: %m", record->name, path);
}

void pidfile_write(const ContainerRecord *record, pid_t leader, pid_t supervisor) {
        write_one(record, record->spec->pidfile, leader);
        write_one(record, record->spec->supervisor_pidfile, supervisor);
}
