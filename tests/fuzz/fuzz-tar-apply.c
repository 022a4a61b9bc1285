/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "image/apply.h"
#include "image/tar-header.h"
#include "image/tree.h"

#define CHUNK_BYTES 700 /* not a multiple of a block: headers come in two pieces, too */
#define ENTRIES_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Input {
        const uint8_t *data;
        size_t left;
} Input;

static int read_input(void *userdata, const void **ret, size_t *ret_size) {
        Input *in = userdata;
        size_t n = MIN(in->left, (size_t) CHUNK_BYTES);

        if (n == 0)
                return 0;
        *ret = in->data;
        *ret_size = n;
        in->data += n;
        in->left -= n;
        return 1;
}

/* Mutations nearly always break checksums, behind which nothing would be tried: gives blocks that look like
 * headers right ones. */
static void repair_checksums(uint8_t *data, size_t size) {
        for (size_t at = 0; at + sizeof(TarHeader) <= size; at += sizeof(TarHeader)) {
                TarHeader *h = (TarHeader *) (data + at);
                unsigned sum = 0;

                if (memcmp(h->magic, "ustar", 5) != 0)
                        continue;
                memset(h->checksum, ' ', sizeof(h->checksum));
                for (size_t i = 0; i < sizeof(*h); i++)
                        sum += data[at + i];
                (void) snprintf(h->checksum, sizeof(h->checksum), "%06o", sum);
        }
}

/* Whatever a layer says, everything happens beneath the directory: a file beside it must stay what it was,
 * and nothing may appear there. */
static void apply_guarded(const uint8_t *data, size_t size) {
        char path[] = "/tmp/creel-fuzz-XXXXXX";
        _cleanup_close_ int outer = -EBADF, root = -EBADF;
        _cleanup_failure_ Failure failure = {};
        Input in = { data, size };
        ApplyResult result;
        struct stat st;
        off_t before;

        (void) umask(0);
        if (!mkdtemp(path))
                abort();
        outer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (outer < 0 || mkdirat(outer, "root", 0755) < 0 || mkdirat(outer, "guard", 0755) < 0)
                abort();
        root = openat(outer, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root < 0 || fstatat(outer, "guard", &st, 0) < 0)
                abort();
        before = (off_t) st.st_mtim.tv_nsec;

        (void) apply_tar(root, read_input, &in, &(const ApplyLimits) { .entries_max = ENTRIES_MAX }, &result,
                         &failure);

        if (fstatat(outer, "guard", &st, 0) < 0 || (off_t) st.st_mtim.tv_nsec != before || st.st_nlink != 2)
                abort();
        if (chdir("/") < 0 || tree_clear(root) < 0 || unlinkat(outer, "root", AT_REMOVEDIR) < 0 ||
            unlinkat(outer, "guard", AT_REMOVEDIR) < 0 || rmdir(path) < 0)
                abort(); /* also when something else appeared beside them */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ uint8_t *copy = malloc(size ?: 1);

        if (!copy)
                abort();
        memcpy(copy, data, size);
        repair_checksums(copy, size);
        apply_guarded(data, size);
        if (memcmp(copy, data, size) != 0)
                apply_guarded(copy, size);
        return 0;
}
