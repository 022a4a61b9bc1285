/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "ctl/object.h"

/* The --filter KEY=VALUE of ps: id (a beginning), name (a part), status, exited (an exit status), label (KEY
 * or KEY=VALUE), label! (the opposite), ancestor (an image), restart-policy, health, before and since
 * (another container's creation), until (a time of creation). Values of one key are alternatives; labels and
 * times all have to match, and so do different keys. */

/* -EINVAL with a failure: an unknown key or status. */
int filter_check(char *const *filters, Failure *f);
/* Looks up the containers that before= and since= name; to be called once, before filter_match(). */
int filter_resolve(char **filters, const ObjectList *l, Failure *f);
bool filter_match(char *const *filters, const ContainerInfo *info);

/* True when @name means @reference: equal, without its registry, "library/", tag, or all of these. */
bool filter_names_image(const char *name, const char *reference);
