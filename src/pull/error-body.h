/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* What a registry says in the body of an error (distribution-spec 1.1, "Error codes"):
 *
 *     { "errors": [ { "code": "MANIFEST_UNKNOWN", "message": "..." } ] }
 *
 * It is data of a stranger: the text is cut to ERROR_BODY_TEXT_MAX bytes and carries no control characters.
 */

#define ERROR_BODY_BYTES_MAX 16384
#define ERROR_BODY_TEXT_MAX 200

/* "manifest unknown: ..." into *@ret, or -ENOENT where the body is no such document. */
int error_body_describe(const char *data, size_t n_bytes, char **ret);

/* A copy of foreign text fit for one line of a message: control characters become blanks, UTF-8 stays whole,
 * length is bounded. */
int error_text_clean(const char *s, char **ret);
