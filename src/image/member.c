/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "image/member.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

int member_normalize(const char *path, char **ret, Failure *reterr) {
        _cleanup_free_ char *out = NULL;
        size_t n = 0, depth = 0, length = strlen(path);

        if (length == 0)
                return failure_set(reterr, FAILURE_SECURITY,
                                   "the member has no name; build the image again");
        if (length > MEMBER_PATH_MAX)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED,
                                   "the name has %zu bytes, the limit is %d; build the image with shorter "
                                   "paths",
                                   length, MEMBER_PATH_MAX);
        out = malloc(length + 1);
        if (!out)
                return -ENOMEM;

        while (*(path += strspn(path, "/"))) {
                size_t k = strcspn(path, "/");

                if (k == 2 && memcmp(path, "..", 2) == 0)
                        return failure_set(reterr, FAILURE_SECURITY,
                                           "the name contains \"..\", which could lead out of the tree; do "
                                           "not use this image");
                if (k != 1 || *path != '.') {
                        if (n > 0)
                                out[n++] = '/';
                        memcpy(out + n, path, k);
                        n += k;
                        depth++;
                }
                path += k;
        }
        out[n] = 0;
        if (depth > MEMBER_DEPTH_MAX)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED,
                                   "the name is %zu directories deep, the limit is %d; build the image with "
                                   "shorter paths",
                                   depth, MEMBER_DEPTH_MAX);
        *ret = TAKE_PTR(out);
        return 0;
}

/* Whiteouts among the parents: aufs's directories are to be ignored with all they hold, others mean nothing.
 */
static int classify_parents(const char *path, const char *base, MemberKind *ret, Failure *reterr) {
        for (const char *p = path; p < base; p = strchr(p, '/') + 1) {
                if (startswith(p, WHITEOUT_META_PREFIX)) {
                        *ret = MEMBER_IGNORED;
                        return 1;
                }
                if (startswith(p, WHITEOUT_PREFIX))
                        return failure_set(reterr, FAILURE_SECURITY,
                                           "the name has a whiteout among its directories; do not use this "
                                           "image");
        }
        return 0;
}

int member_classify(char *path, MemberKind *ret, Failure *reterr) {
        char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
        const char *name;
        int r;

        r = classify_parents(path, base, ret, reterr);
        if (r != 0)
                return r < 0 ? r : 0;

        if (streq(base, WHITEOUT_OPAQUE))
                *ret = MEMBER_OPAQUE;
        else if (startswith(base, WHITEOUT_META_PREFIX))
                *ret = MEMBER_IGNORED;
        else if ((name = startswith(base, WHITEOUT_PREFIX))) {
                if (isempty(name) || streq(name, ".") || streq(name, "..") ||
                    startswith(name, WHITEOUT_PREFIX))
                        return failure_set(reterr, FAILURE_SECURITY,
                                           "the whiteout hides nothing that can be named; do not use this "
                                           "image");
                memmove(base, name, strlen(name) + 1);
                *ret = MEMBER_WHITEOUT;
        } else
                *ret = MEMBER_PLAIN;
        return 0;
}

const char *member_escape(const char *path, char *buf, size_t size) {
        static const char more[] = "...";
        size_t n = 0;

        for (const unsigned char *p = (const unsigned char *) path; *p; p++) {
                bool plain = *p >= ' ' && *p < 0x7f && *p != '\\';

                if (n + (plain ? 1 : 4) + sizeof(more) > size) {
                        memcpy(buf + n, more, sizeof(more));
                        return buf;
                }
                if (plain)
                        buf[n++] = (char) *p;
                else
                        n += (size_t) snprintf(buf + n, size - n, "\\x%02x", *p);
        }
        buf[n] = 0;
        return buf;
}
