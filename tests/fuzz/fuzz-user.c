/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int root_fd = -EBADF;

static void make_root(void) {
        char path[] = "/tmp/fuzz-user-XXXXXX";

        if (!mkdtemp(path))
                abort();
        root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0 || mkdirat(root_fd, "etc", 0755) < 0)
                abort();
}

static void put(const char *name, const void *data, size_t n) {
        _cleanup_close_ int fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0 || fd_write_all(fd, data, n) < 0)
                abort();
}

/* The input: what the user asked for, a zero byte, /etc/passwd, a zero byte, /etc/group. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const uint8_t *passwd = memchr(data, 0, size), *group;
        _cleanup_failure_ Failure failure = {};
        _cleanup_(user_done) User user = {};
        const uint8_t *end = data + size;
        _cleanup_free_ char *name = NULL;

        if (!passwd)
                return 0;
        passwd++;
        group = passwd < end ? memchr(passwd, 0, (size_t) (end - passwd)) : NULL;
        group = group ? group + 1 : end;
        if (root_fd < 0)
                make_root();
        put("etc/passwd", passwd, (size_t) (group - passwd));
        put("etc/group", group, (size_t) (end - group));
        (void) user_resolve(root_fd, (const char *) data, &user, &failure);
        (void) user_find_group_name(root_fd, user.gid, &name);
        return 0;
}
