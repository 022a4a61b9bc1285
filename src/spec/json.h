/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"
#include "basic/strv.h"

/* Strict reading of JSON on top of json-c: the whole of the input must be one value, nesting and size are
 * bounded, and wrong types are errors instead of conversions. Looser than RFC 8259 where json-c is: single
 * quotes, NaN and raw control characters in strings pass, and of equal keys the last one counts. */

#define JSON_DEPTH_MAX 32

static inline void json_putp(json_object **o) {
        if (*o)
                (void) json_object_put(*o);
        *o = NULL;
}

#define _cleanup_json_ _cleanup_(json_putp)

/* -EBADMSG: not one well-formed value in UTF-8, nested too deeply, or with an integer that fits neither
 * int64_t nor uint64_t. -EFBIG: more than @max_bytes. */
int json_parse(const char *data, size_t n_bytes, size_t max_bytes, json_object **ret);
int json_format(json_object *o, bool pretty, char **ret);

/* Members of the object @o. Absent or null: -ENODATA, outputs untouched. Wrong type: -EBADMSG. Objects are
 * borrowed. */
int json_get(json_object *o, const char *key, json_type type, json_object **ret);
int json_get_string(json_object *o, const char *key, const char **ret); /* -EBADMSG for a NUL inside too */
/* -EBADMSG: negative or not an integer. What does not fit comes out as UINT64_MAX. */
int json_get_u64(json_object *o, const char *key, uint64_t *ret);
/* -EBADMSG: not an integer, or beyond INT64_MIN+1 to INT64_MAX-1. */
int json_get_i64(json_object *o, const char *key, int64_t *ret);
int json_get_boolean(json_object *o, const char *key, bool *ret);
int json_get_strv(json_object *o, const char *key, char ***ret);
/* An object of strings as "key=value" entries, in order. */
int json_get_string_map(json_object *o, const char *key, char ***ret);
/* json_get_string() into an owned copy: 0 and untouched when absent. */
int json_dup_string(json_object *o, const char *key, char **ret);

/* Adding members; -ENOMEM. A NULL string, an empty vector and a NULL object add nothing. json_add() takes
 * over @value. */
int json_add(json_object *o, const char *key, json_object *value);
int json_add_string(json_object *o, const char *key, const char *value);
int json_add_u64(json_object *o, const char *key, uint64_t value);
int json_add_i64(json_object *o, const char *key, int64_t value);
int json_add_boolean(json_object *o, const char *key, bool value);
int json_add_strv(json_object *o, const char *key, char *const *value);
int json_add_string_map(json_object *o, const char *key, char *const *pairs);
