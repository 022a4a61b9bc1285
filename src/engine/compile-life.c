/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A container's life leaves nothing in the document; what cannot go together is refused here with the rest.
 */

#include "basic/str.h"
#include "engine/compile-part.h"
#include "spec/health.h"
#include "spec/restart-policy.h"

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
