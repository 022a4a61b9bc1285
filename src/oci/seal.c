/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "oci/seal.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int make_memfd(int *ret_fd) {
        int fd = memfd_create(log_identifier(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

        /* Kernels before 6.3 do not know the last one, and need not be told. */
        if (fd < 0 && errno == EINVAL)
                fd = memfd_create(log_identifier(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

static int copy_program(int program_fd, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        off_t done = 0;
        int r;

        r = make_memfd(&fd);
        if (r < 0)
                return r;
        if (fstat(program_fd, &st) < 0)
                return negative_errno();
        while (done < st.st_size) {
                ssize_t n = sendfile(fd, program_fd, &done, (size_t) (st.st_size - done));

                if (n == 0)
                        return -EIO;
                if (n < 0 && errno != EINTR)
                        return negative_errno();
        }
        if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int seal_program(char **argv, Failure *f) {
        _cleanup_close_ int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), copy = -EBADF;
        int r;

        if (program < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno,
                                         "cannot open /proc/self/exe; is /proc mounted?");
        if (fcntl(program, F_GET_SEALS) == SEALS) {
                /* Executing a descriptor names the process after its number. */
                (void) prctl(PR_SET_NAME, log_identifier(), 0, 0, 0);
                (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
                return 0;
        }
        r = copy_program(program, &copy);
        if (r >= 0) {
                (void) fexecve(copy, argv, environ);
                r = negative_errno();
        }
        return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot run from a sealed copy of this program");
}
