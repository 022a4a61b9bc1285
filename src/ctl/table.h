/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "basic/macro.h"

/* Text in aligned columns. */
typedef struct Table Table;

/* @headers: NULL-terminated, borrowed. */
int table_new(const char *const *headers, Table **ret);
Table *table_free(Table *t);
DEFINE_CLEANUP(Table, table_free)

/* Adds one cell; rows fill up from the left. NULL and "" show as an empty cell. Control characters are shown
 * as "?", because names and commands come from outside. */
int table_add(Table *t, const char *cell);
int table_addf(Table *t, const char *format, ...) _printf_(2, 3);

int table_print(const Table *t, bool legend, FILE *out);

/* How many columns a terminal needs for @s, taking a code point as one. */
size_t table_text_width(const char *s);
