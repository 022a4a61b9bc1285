/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/utsname.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "security/seccomp-cache.h"
#include "security/seccomp-compile.h"
#include "security/seccomp-filter.h"
#include "security/seccomp-profile.h"

int seccomp_filter_get(int cache_dirfd, const SeccompSource *source, int *ret_bpf_fd, Failure *f) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *profile = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct utsname system;
        SeccompTarget target;
        int r;

        if (cache_dirfd >= 0) {
                r = seccomp_cache_lookup(cache_dirfd, source, ret_bpf_fd);
                if (r >= 0)
                        return r;
                if (r != -ENOENT)
                        log_debug_errno(r, "seccomp: cannot use the cached filter, making it again: %m");
        }

        if (uname(&system) < 0)
                return negative_errno();
        target = (SeccompTarget){
                .capabilities = source->capabilities,
                .architecture = seccomp_architecture_native(),
                .kernel_release = system.release,
                .document = source->document,
        };
        r = seccomp_profile_parse(source->json, source->n_bytes, &target, &profile, f);
        if (r < 0)
                return r;
        r = seccomp_compile(profile, &fd, f);
        if (r < 0)
                return r;
        if (cache_dirfd >= 0) {
                r = seccomp_cache_store(cache_dirfd, source, fd);
                if (r < 0)
                        log_debug_errno(r, "seccomp: cannot store the filter, ignoring: %m");
        }
        *ret_bpf_fd = TAKE_FD(fd);
        return 0;
}
