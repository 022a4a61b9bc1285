/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"

/* The options that pull, run and create share: --platform, --tls-verify, --ca, --authfile. */
extern const Option pull_shared_options[];

/* Pulls @reference with the shared options and shows how it goes on standard error. @policy: "always" or
 * "missing". Returns 0 with the image's id; the exit status 128+signal when a signal made the caller cancel
 * it, which is reported then. */
int pull_image(Ctl *c, const char *reference, const char *policy, char **ret_id, Failure *f);
