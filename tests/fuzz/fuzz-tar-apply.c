/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/path.h"
#include "image/apply.h"
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

/* Whatever a layer says, everything happens beneath the directory: a file beside it must stay what it was,
 * and nothing may appear there. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
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

        (void) apply_tar(root, read_input, &in, &(const ApplyLimits){ .entries_max = ENTRIES_MAX }, &result,
                         &failure);

        if (fstatat(outer, "guard", &st, 0) < 0 || (off_t) st.st_mtim.tv_nsec != before || st.st_nlink != 2)
                abort();
        if (chdir("/") < 0 || tree_clear(root) < 0 || unlinkat(outer, "root", AT_REMOVEDIR) < 0 ||
            unlinkat(outer, "guard", AT_REMOVEDIR) < 0 || rmdir(path) < 0)
                abort(); /* also when something else appeared beside them */
        return 0;
}
