/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "basic/failure.h"
#include "basic/option.h"

/* Points in time as --since and --until take them:
 *
 *     time     = [ "-" ] duration | [ "@" ] seconds [ "." fraction ] | RFC 3339 | date [ ( "T" | " " ) clock
 * ] | word duration = 1*( number unit )     before now; units d h m s ms, min, sec date     = YYYY-MM-DD in
 * local time, as is clock = HH:MM[:SS] word     = now | today | yesterday
 *
 * -EINVAL: none of these. */
int timespec_parse(const char *s, uint64_t now_usec, uint64_t *ret_usec);

/* The same as an option; @value is a uint64_t. */
int timespec_set(const Option *option, const char *text, Failure *f);
