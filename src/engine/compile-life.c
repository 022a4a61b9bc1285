/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A container's life leaves nothing in the document; what cannot go together is refused here with the rest.
 */

#include <sys/stat.h>
#include <unistd.h>

#include "basic/str.h"
#include "engine/compile-part.h"
#include "spec/health.h"
#include "spec/restart-policy.h"

static int check_log_destination(const char *where, Failure *f) {
        struct stat st;

        if (!where || *where != '/')
                return 0;
        if (stat(where, &st) >= 0 && !S_ISDIR(st.st_mode))
                errno = ENOTDIR;
        else if (access(where, F_OK) >= 0)
                return 0;
        return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno,
                                 "option '--health-log-destination' has '%s'", where);
}

int compile_life_check(const ContainerSpec *spec, const ImageConfig *config, Failure *f) {
        _cleanup_(health_config_done) HealthConfig health = {};
        RestartPolicy policy;
        int r;

        r = restart_policy_parse(spec->restart_policy, &policy);
        if (r < 0)
                return r;
        if (policy.mode != RESTART_NO && (spec->remove || spec->remove_image))
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "options --%s and --restart exclude each other: what is removed cannot be "
                                "started again; give one",
                                spec->remove ? "rm" : "rmi");
        r = check_log_destination(spec->health_log_destination, f);
        if (r >= 0)
                r = health_config_get(spec, config, &health, f);
        if (r >= 0 && streq_ptr(spec->sdnotify, "healthy") && !health.probe.argv)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option --sdnotify healthy needs a health check, and there is none; add "
                                   "--health-cmd");
        return r;
}

int compile_life(const CompileInput *in, Failure *f) {
        return compile_life_check(in->record->spec, in->config, f);
}
