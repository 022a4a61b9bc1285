/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "ctl/object.h"

/* The --filter KEY=VALUE of ps: id (a beginning), name (a part), status, label (KEY or KEY=VALUE), ancestor
 * (an image). Values of one key are alternatives, labels all have to match, and so do different keys. */

/* -EINVAL with a failure: an unknown key or status. */
int filter_check(char *const *filters, Failure *f);
bool filter_match(char *const *filters, const ContainerInfo *info);

/* True when @name means @reference: equal, without its registry, "library/", tag, or all of these. */
bool filter_names_image(const char *name, const char *reference);
