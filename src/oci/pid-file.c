/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "oci/pid-file.h"

void pid_file_done(PidFile *p) {
        p->dir_fd = fd_close(p->dir_fd);
        p->name = mfree(p->name);
}

int pid_file_open(const char *path, PidFile *ret, Failure *f) {
        _cleanup_(pid_file_done) PidFile p = PID_FILE_NONE;
        _cleanup_free_ char *directory = NULL;
        const char *slash;
        int r;

        if (!path) {
                *ret = PID_FILE_NONE;
                return 0;
        }
        slash = strrchr(path, '/');
        r = string_format(&directory, "%.*s", slash ? (int) (slash - path) + 1 : 1, slash ? path : ".");
        if (r >= 0)
                r = string_set(&p.name, slash ? slash + 1 : path);
        if (r < 0)
                return r;
        if (!path_component_is_valid(p.name))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "--pid-file '%s' is no file's name", path);
        p.dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (p.dir_fd < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno, "cannot write the pid file %s",
                                         path);
        *ret = p;
        p = PID_FILE_NONE;
        return 0;
}

int pid_file_write(const PidFile *p, pid_t pid, Failure *f) {
        char text[16];
        int n, r;

        if (p->dir_fd < 0)
                return 0;
        n = snprintf(text, sizeof(text), "%d", pid);
        r = file_write_atomic(p->dir_fd, p->name, text, (size_t) n, 0644, 0);
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot write the pid file %s", p->name) : 0;
}
