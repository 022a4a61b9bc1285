/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/authfile.h"

int authfile_seal(const char *path, const char *what, int *ret_fd, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0) {
                r = negative_errno();
                (void) failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r, "cannot open the %s '%s'", what,
                                         path);
                return r;
        }
        r = fd_read_file(fd, AUTHFILE_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = fd_new_sealed(what, text, size, ret_fd);
        if (text)
                explicit_bzero(text, size);
        return r < 0 ? failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r, "cannot read the %s '%s'", what,
                                         path)
                     : 0;
}

static const struct {
        const char *variable, *behind_variable; /* tried where the variable is set */
        const char *behind_home;                /* tried where it is not; NULL: nothing */
} places[] = {
        { "XDG_RUNTIME_DIR", "containers/auth.json", NULL },
        { "XDG_CONFIG_HOME", "containers/auth.json", ".config/containers/auth.json" },
        { "DOCKER_CONFIG", "config.json", ".docker/config.json" },
};

int authfile_open(const char *given, int *ret_fd, Failure *f) {
        if (!given)
                given = getenv("REGISTRY_AUTH_FILE");
        if (!isempty(given))
                return authfile_seal(given, "credentials file", ret_fd, f);

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                const char *base = getenv(places[i].variable), *rest = places[i].behind_variable;
                _cleanup_free_ char *path = NULL;
                int r;

                if (isempty(base)) {
                        base = getenv("HOME");
                        rest = places[i].behind_home;
                }
                if (isempty(base) || !rest)
                        continue;
                r = string_format(&path, "%s/%s", base, rest);
                if (r < 0)
                        return r;
                r = authfile_seal(path, "credentials file", ret_fd, f);
                if (r != -ENOENT && r != -ENOTDIR)
                        return r;
                failure_done(f);
        }
        *ret_fd = -EBADF;
        return 0;
}
