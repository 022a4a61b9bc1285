/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/macro.h"
#include "runtime/filter.h"
#include "security/seccomp-filter.h"

int filter_read(int fd, struct sock_fprog *ret) {
        char *data;
        size_t size;
        int r;

        r = fd_read_file(fd, SECCOMP_FILTER_BYTES_MAX, &data, &size);
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
        struct sock_fprog program = *filter;
        unsigned flags = 0;
        int r;

        if (program.len > 0 && program.filter[0].code == SECCOMP_FLAGS_CODE) {
                flags = program.filter[0].k;
                program.filter++;
                program.len--;
        }
        r = (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
        return r < 0 ? negative_errno() : r;
}
