/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The two ways in which the parts of a mount's string are put together. */

/* At each ":"; "\:" and "\\" are taken literally. Empty parts are kept. -ENOMEM. */
int mount_split_paths(const char *text, char ***ret);
/* Appends @path to *@text, escaped for mount_split_paths(); with @more behind a ":". */
int mount_join_path(char **text, const char *path, bool more);

/* At each "," of one line of CSV (RFC 4180): a field may stand in quotes, "" is a quote inside of them.
 * -EINVAL: quotes that do not match. */
int mount_split_fields(const char *text, char ***ret);
/* Appends the field @name=@value to *@text, in quotes where it needs them. @value may be NULL. */
int mount_join_field(char **text, const char *name, const char *value);
