/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "oci/bundle.h"

void bundle_done(Bundle *b) {
        b->path = mfree(b->path);
        b->text = mfree(b->text);
        b->spec = runtime_spec_free(b->spec);
}

static int read_config(int fd, const char *name, Bundle *b, Failure *f) {
        int r = fd < 0 ? fd : fd_read_file(fd, RUNTIME_SPEC_BYTES_MAX, &b->text, &b->n_bytes);

        if (r == -EFBIG)
                return failure_set(f, FAILURE_CONFIGURATION, "%s is larger than %d bytes", name,
                                   RUNTIME_SPEC_BYTES_MAX);
        return r < 0 ? failure_set_errno(f, FAILURE_CONFIGURATION, r, "cannot read %s", name) : 0;
}

static int find_root(RuntimeSpec *spec, const char *bundle, Failure *f) {
        _cleanup_free_ char *joined = NULL;
        struct stat st;
        char *real;
        int r;

        r = *spec->root_path == '/' ? string_set(&joined, spec->root_path)
                                    : path_join(bundle, spec->root_path, &joined);
        if (r < 0)
                return r;
        real = realpath(joined, NULL);
        if (!real)
                return failure_set_errno(f, FAILURE_CONFIGURATION, errno,
                                         "cannot find the root %s of the container", joined);
        free(spec->root_path);
        spec->root_path = real;
        if (stat(real, &st) < 0 || !S_ISDIR(st.st_mode))
                return failure_set(f, FAILURE_CONFIGURATION, "the root %s of the container is no directory",
                                   real);
        return 0;
}

int bundle_open(const char *path, const char *config, Bundle *ret, Failure *f) {
        _cleanup_(bundle_done) Bundle b = {};
        _cleanup_close_ int fd = config ? open(config, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -EBADF;
        int r = config && fd < 0 ? negative_errno() : 0;

        if (r < 0)
                return failure_set_errno(f, FAILURE_CONFIGURATION, r, "cannot read %s", config);
        b.path = realpath(path, NULL);
        if (!b.path || chdir(b.path) < 0)
                return failure_set_errno(f, FAILURE_CONFIGURATION, errno, "cannot enter the bundle %s",
                                         path);
        if (!config) {
                fd = open("config.json", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
                if (fd < 0)
                        fd = negative_errno();
        }
        r = read_config(fd, config ?: "config.json", &b, f);
        if (r >= 0)
                r = runtime_spec_parse(b.text, b.n_bytes, &b.spec, f);
        if (r >= 0)
                r = runtime_spec_check_container(b.spec, f);
        if (r >= 0)
                r = find_root(b.spec, b.path, f);
        if (r < 0)
                return r;
        *ret = b;
        b = (Bundle){};
        return 0;
}
