/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "basic/failure.h"

/* The part of Go's templates that scripts around docker and podman use, over JSON:
 *
 *     template = *( text | "{{" action "}}" )       text: \n, \t, \\ are read as in C
 *     action   = path | "json" path | "index" path 1*( string | number )
 *     path     = "." [ name *( "." name ) ]
 *
 * A template without "{{" that starts with "." is one path. */

/* The text that @template makes of @value, without a final newline. FAILURE_INVALID_ARGUMENT names the part
 * that is wrong, or the member that does not exist. */
int template_render(const char *template, json_object *value, char **ret, Failure *f);
