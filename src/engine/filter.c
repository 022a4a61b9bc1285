/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "engine/compile.h"
#include "engine/filter.h"
#include "security/seccomp-filter.h"
#include "spec/security-option.h"

static int filter_get(const Engine *e, const char *profile, uint64_t capabilities, int *ret_fd, Failure *f) {
        SeccompSource source = {
                .json = profile, .n_bytes = strlen(profile), .capabilities = capabilities
        };

        return seccomp_filter_get(e->seccomp_cache_fd, &source, ret_fd, f);
}

static int own_filter(const Engine *e, const char *profile, const char *name, uint64_t capabilities,
                      int *ret_fd, Failure *f) {
        _cleanup_failure_ Failure why = {};
        int r;

        r = filter_get(e, profile, capabilities, ret_fd, &why);
        return r < 0 && why.text
                               ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                             "option '--security-opt' has 'seccomp=%s': %s", name, why.text)
                               : r;
}

int container_filter(const Engine *e, const ContainerSpec *spec, bool system, uint64_t more, int *ret_fd,
                     Failure *f) {
        _cleanup_security_options_ SecurityOptions o = {};
        const char *hint, *profile = e->seccomp_profile;
        uint64_t capabilities;
        bool builtin;
        int r;

        r = security_options_parse(spec->security_opt, &o, &hint);
        if (r >= 0)
                r = container_capabilities(spec, system, &capabilities, f);
        if (r < 0)
                return r;
        *ret_fd = -EBADF;
        builtin = o.seccomp && streq(o.seccomp, "builtin");
        if (o.seccomp && streq(o.seccomp, "unconfined"))
                return 0;
        if (o.seccomp && !builtin && !spec->seccomp_profile)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option security-opt has 'seccomp=%s': creeld reads no file for its "
                                   "callers; "
                                   "hand its text over as option seccomp-profile",
                                   o.seccomp);
        if (spec->seccomp_profile && !builtin)
                return own_filter(e, spec->seccomp_profile, strempty(o.seccomp), capabilities | more, ret_fd,
                                  f);
        if (spec->privileged && !builtin)
                return 0;
        return filter_get(e, profile, capabilities | more, ret_fd, f);
}
