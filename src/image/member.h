/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "basic/failure.h"

/* Names of tar members: what they may look like, and what those with ".wh." mean. OCI image-spec 1.1,
 * layer.md, "Whiteouts".
 *
 *     member = "/"* component ("/"+ component)* "/"*
 *
 * Components "." vanish, ".." are refused. */

#define MEMBER_PATH_MAX 4095
#define MEMBER_DEPTH_MAX 1024

typedef enum MemberKind {
        MEMBER_PLAIN,
        MEMBER_WHITEOUT, /* .wh.NAME: NAME of the layers below is gone */
        MEMBER_OPAQUE,   /* .wh..wh..opq: everything of the layers below in this directory is gone */
        MEMBER_IGNORED,  /* other .wh..wh. names, aufs's own records */
} MemberKind;

/* Brings @path into its normal form: components with one slash between them; "" is the root.
 * FAILURE_SECURITY: "..", or ".wh." where it has no meaning. FAILURE_LIMITS_EXCEEDED: longer or deeper than
 * the limits above. */
int member_normalize(const char *path, char **ret, Failure *reterr);

/* What a name in normal form asks for. A whiteout's name is cut in place to what it hides. FAILURE_SECURITY:
 * the whiteout hides no proper name. */
int member_classify(char *path, MemberKind *ret, Failure *reterr);

/* For messages: control characters and bytes that are not ASCII as \xNN, and "..." in place of the rest
 * where it does not fit. Returns @buf. */
const char *member_escape(const char *path, char *buf, size_t size);
