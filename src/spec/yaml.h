/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stddef.h>

/* The part of YAML 1.2 that programs write when they write descriptions: one document of mappings and
 * sequences in block style, plain and quoted scalars of one line, comments, and in flow style what is JSON,
 * or a sequence of plain scalars. Anchors, aliases, tags, block scalars, several documents and tabs before a
 * line's content are refused, as are equal keys. Scalars are null, true, false, whole numbers (octal ones
 * with a 0 in front, as YAML 1.1 has them), and strings. */

#define YAML_LINES_MAX 65536U
#define YAML_DEPTH_MAX 32U

/* -EBADMSG: not that, with the line's number (from 1) in *@reterr_line. */
int yaml_parse(const char *data, size_t n_bytes, json_object **ret, size_t *reterr_line);
