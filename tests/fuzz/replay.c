/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a fuzz target over every file of a directory once. */

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "basic/fd.h"
#include "basic/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char *argv[]) {
        struct dirent *de;
        unsigned n = 0;
        DIR *dir;

        if (argc != 2 || !(dir = opendir(argv[1]))) {
                (void) fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
                return EXIT_FAILURE;
        }
        while ((de = readdir(dir))) {
                _cleanup_close_ int fd = -EBADF;
                _cleanup_free_ char *data = NULL;
                _cleanup_free_ uint8_t *exact = NULL;
                size_t size;

                if (de->d_type != DT_REG)
                        continue;
                fd = openat(dirfd(dir), de->d_name, O_RDONLY | O_CLOEXEC);
                if (fd < 0 || fd_read_file(fd, 16 * 1024 * 1024, &data, &size) < 0) {
                        (void) fprintf(stderr, "%s: cannot read\n", de->d_name);
                        return EXIT_FAILURE;
                }
                /* An exact copy, so that the sanitizer sees the first byte read beyond it. */
                exact = malloc(size ?: 1);
                if (!exact)
                        return EXIT_FAILURE;
                memcpy(exact, data, size);
                (void) LLVMFuzzerTestOneInput(exact, size);
                n++;
        }
        (void) closedir(dir);
        if (n == 0) {
                (void) fprintf(stderr, "%s: the corpus is empty\n", argv[1]);
                return EXIT_FAILURE;
        }
        (void) printf("%u inputs replayed\n", n);
        return EXIT_SUCCESS;
}
