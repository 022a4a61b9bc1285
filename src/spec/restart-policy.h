/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a container that ended is started again:
 *
 *     no | never | on-failure [ ":" MAXIMUM ] | always | unless-stopped
 *
 * MAXIMUM counts the attempts in a row; without one, or with 0, there is no end. */

typedef enum RestartMode {
        RESTART_NO,
        RESTART_ON_FAILURE,
        RESTART_ALWAYS,
        RESTART_UNLESS_STOPPED,
        _RESTART_MODE_MAX,
} RestartMode;

typedef struct RestartPolicy {
        RestartMode mode;
        uint32_t n_max; /* 0: no limit */
} RestartPolicy;

const char *restart_mode_to_string(RestartMode mode);
int restart_mode_from_string(const char *s);

/* NULL is "no". -EINVAL: none of the above. */
int restart_policy_parse(const char *s, RestartPolicy *ret);

/* What goes on after an exit with @status, @n_restarts attempts later. */
bool restart_policy_applies(const RestartPolicy *policy, int status, uint64_t n_restarts);
