/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"
#include "spec/restart-policy.h"

static const char *const restart_mode_table[] = {
        [RESTART_NO] = "no",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ALWAYS] = "always",
        [RESTART_UNLESS_STOPPED] = "unless-stopped",
};
DEFINE_STRING_TABLE(restart_mode, RestartMode, _RESTART_MODE_MAX)

int restart_policy_parse(const char *s, RestartPolicy *ret) {
        const char *rest = s ? startswith(s, "on-failure:") : NULL;
        RestartPolicy policy = {};
        int r;

        if (rest) {
                policy.mode = RESTART_ON_FAILURE;
                if (parse_u32(rest, &policy.n_max) < 0)
                        return -EINVAL;
        } else if (s && !streq(s, "never")) {
                r = restart_mode_from_string(s);
                if (r < 0)
                        return -EINVAL;
                policy.mode = (RestartMode) r;
        }
        *ret = policy;
        return 0;
}

bool restart_policy_applies(const RestartPolicy *policy, int status, uint64_t n_restarts) {
        switch (policy->mode) {
        case RESTART_ON_FAILURE:
                return status != 0 && (policy->n_max == 0 || n_restarts < policy->n_max);
        case RESTART_ALWAYS:
        case RESTART_UNLESS_STOPPED:
                return true;
        case RESTART_NO:
        case _RESTART_MODE_MAX:
        default:
                return false;
        }
}
