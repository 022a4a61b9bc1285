/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "runtime/procfs.h"

int procfs_write(int proc_fd, const char *path, const char *value) {
        _cleanup_close_ int fd = -EBADF;
        struct statfs sfs;
        int r;

        r = path_openat2(proc_fd, path, O_WRONLY | O_NOCTTY, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS, &fd);
        if (r < 0)
                return r;
        if (fstatfs(fd, &sfs) < 0)
                return negative_errno();
        if (sfs.f_type != PROC_SUPER_MAGIC)
                return -EXDEV;
        return fd_write_all(fd, value, strlen(value));
}

int procfs_write_sysctl(int proc_fd, const char *key, const char *value) {
        _cleanup_free_ char *path = NULL;
        char separator = 0;
        int r;

        if (isempty(key) || strstr(key, "..") || strstr(key, "//") || *key == '/' || *key == '.')
                return -EINVAL;
        r = string_format(&path, "sys/%s", key);
        if (r < 0)
                return r;
        /* As sysctl(8): the first separator says which of the two it is; the other one is then part of a
         * name. */
        for (char *p = path + strlen("sys/"); *p; p++) {
                if (*p != '.' && *p != '/')
                        continue;
                if (!separator)
                        separator = *p;
                if (separator == '.')
                        *p = *p == '.' ? '/' : '.';
        }
        return procfs_write(proc_fd, path, value);
}
