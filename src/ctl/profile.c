/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/profile.h"
#include "spec/security-option.h"

#define PROFILE_BYTES_MAX (512 * 1024)

int profile_read(ContainerSpec *spec, Failure *f) {
        _cleanup_security_options_ SecurityOptions o = {};
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        const char *hint;
        int r;

        r = security_options_parse(spec->security_opt, &o, &hint);
        if (r < 0 || !o.seccomp || streq(o.seccomp, "unconfined") || streq(o.seccomp, "builtin"))
                return r == -ENOMEM ? r : 0;
        fd = open(o.seccomp, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? negative_errno() : fd_read_file(fd, PROFILE_BYTES_MAX, &text, NULL);
        if (r == -EFBIG)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--security-opt' has 'seccomp=%s': more than 512 KiB", o.seccomp);
        if (r < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r,
                                         "option '--security-opt' has 'seccomp=%s'", o.seccomp);
        container_spec_mark(spec, container_spec_find("seccomp-profile"));
        free(spec->seccomp_profile);
        spec->seccomp_profile = TAKE_PTR(text);
        return 0;
}
