/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/failure.h"

/* The environment of a container as -e and --env-file give it.
 *
 *     file = *( line LF )
 *     line = "" | "#" comment | NAME "=" value | NAME
 *
 * Blanks before a line are skipped, the value is taken as it stands (no quotes, no expansion), and a NAME
 * alone takes the caller's value, or is left out where the caller has none: as docker and podman read them.
 */

#define ENVIRONMENT_FILE_BYTES_MAX (1024 * 1024)

/* Adds or replaces one NAME=VALUE, or NAME from the caller's environment @caller, or all of those whose
 * names begin with what stands in front of a "*", in @env. -EINVAL: no name. Labels are written alike: for
 * them
 * @caller is NULL, and a NAME alone has an empty value. */
int environment_add(char ***env, const char *word, char *const *caller);

/* What a container gets of the caller's environment unless the image says otherwise: @all of it, but for
 * what speaks of the caller's own process; or the variables of the @proxies. */
int environment_add_defaults(char ***env, bool all, bool proxies, char *const *caller);

/* Adds everything that the text of a file has; @origin is for messages. */
int environment_parse(const char *text, const char *origin, char *const *caller, char ***env, Failure *f);

/* Reads the file at @path ("-": standard input). */
int environment_read_file(const char *option, const char *path, char *const *caller, char ***env,
                          Failure *f);
