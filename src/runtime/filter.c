/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/macro.h"
#include "runtime/filter.h"

int filter_read(int fd, struct sock_fprog *ret) {
        char *data;
        size_t size;
        int r;

        r = fd_read_file(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &data, &size);
        if (r < 0)
                return r == -EFBIG || r == -EBADF ? -EBADMSG : r;
        if (size == 0 || size % sizeof(struct sock_filter) != 0) {
                free(data);
                return -EBADMSG;
        }
        *ret = (struct sock_fprog){.len = (unsigned short) (size / sizeof(struct sock_filter)),
                                   .filter = (void *) data};
        return 0;
}

int filter_install(const struct sock_fprog *filter) {
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) < 0 ? negative_errno() : 0;
}
