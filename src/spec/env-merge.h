/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An assignment that is made of other variables, as a line ENV of a Dockerfile:
 *
 *     NAME=text with $NAME, ${NAME}, ${NAME:-default}, ${NAME:+instead} and \$
 */

/* Expands @assignment by @env; what is not set is empty. -EINVAL: no NAME=, or braces that do not close. */
int env_merge(const char *assignment, char *const *env, char **ret);
