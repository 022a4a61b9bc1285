/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ctl/object.h"

/* How objects look in lists. */

#define SHORT_ID_LENGTH 12

/* The 12 digits that people use, without "sha256:"; @full gives all of them. @buf has at least 80 bytes. */
char *describe_id(char *buf, size_t size, const char *id, bool full);

/* "Up 5 minutes", "Exited (0) 2 minutes ago", "Created", ... */
char *describe_status(char *buf, size_t size, const ContainerInfo *info, uint64_t now_usec);

/* The command in one line, words with blanks quoted; cut to @max columns with "..." where @max is not 0. */
int describe_command(char *const *command, size_t max, char **ret);

/* Splits "registry/name:tag" at the tag. *@ret_tag points into @reference, or is NULL where there is none (a
 * digest). */
int describe_split_tag(const char *reference, char **ret_repository, const char **ret_tag);
