/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

/* The config.json that `spec` writes to begin with: what `runc spec` writes, of which scripts know what to
 * change.
 * @rootless: for a user without privileges, whose user namespace has that user alone. */
int example_new(bool rootless, json_object **ret);
