/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/macro.h"

/* A strv is a NULL-terminated vector of owned strings; NULL is the empty one. */

char **strv_free(char **l);
size_t strv_length(char *const *l);
int strv_copy(char *const *l, char ***ret);

/* Appends a copy of @s. */
int strv_extend(char ***l, const char *s);
/* Appends @s itself, which is freed on failure. */
int strv_consume(char ***l, char *s);
int strv_extend_strv(char ***l, char *const *other);

bool strv_contains(char *const *l, const char *s);
bool strv_equal(char *const *a, char *const *b);

/* Splits at any byte of @separators; empty pieces are left out. */
int strv_split(const char *s, const char *separators, char ***ret);
int strv_join(char *const *l, const char *separator, char **ret);

/* Environment vectors ("NAME=value"): sets or replaces by name; the value of @name, or NULL. */
int strv_env_set(char ***env, const char *assignment);
const char *strv_env_get(char *const *env, const char *name);

/* Takes out the variable @name. */
void strv_env_unset(char **env, const char *name);

#define STRV_FOREACH(i, l) for (char *const *i = (char *const *) (l); i && *i; i++)

DEFINE_CLEANUP(char *, strv_free)
#define _cleanup_strv_free_ _cleanup_(strv_freep)
