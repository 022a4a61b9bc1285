/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-split.h"

int mount_split_paths(const char *text, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;

        for (bool more = true; more;) {
                char *piece = malloc(strlen(text) + 1);
                size_t n = 0;
                int r;

                if (!piece)
                        return -ENOMEM;
                for (; *text && *text != ':'; text++) {
                        if (*text == '\\' && (text[1] == ':' || text[1] == '\\'))
                                text++;
                        piece[n++] = *text;
                }
                piece[n] = 0;
                r = strv_consume(&l, piece);
                if (r < 0)
                        return r;
                more = *text == ':';
                text += more;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

/* Appends @n bytes of @addition to *@text. */
static int append(char **text, const char *addition, size_t n) {
        char *joined;
        int r;

        r = string_format(&joined, "%s%.*s", strempty(*text), (int) n, addition);
        if (r < 0)
                return r;
        free(*text);
        *text = joined;
        return 0;
}

int mount_join_path(char **text, const char *path, bool more) {
        _cleanup_free_ char *escaped = malloc(2 * strlen(path) + 2);
        size_t n = 0;

        if (!escaped)
                return -ENOMEM;
        if (more)
                escaped[n++] = ':';
        for (; *path; path++) {
                if (*path == ':' || *path == '\\')
                        escaped[n++] = '\\';
                escaped[n++] = *path;
        }
        return append(text, escaped, n);
}

/* Reads one field into @piece; returns what is behind it, or NULL for quotes that do not match. */
static const char *read_field(const char *text, char *piece) {
        bool quoted = *text == '"';

        for (text += quoted; *text && (quoted || *text != ','); text++) {
                if (quoted && *text == '"' && *++text != '"') {
                        *piece = 0;
                        return *text && *text != ',' ? NULL : text;
                }
                *piece++ = *text;
        }
        *piece = 0;
        return quoted ? NULL : text;
}

int mount_split_fields(const char *text, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;

        for (bool more = true; more;) {
                char *piece = malloc(strlen(text) + 1);
                int r;

                if (!piece)
                        return -ENOMEM;
                text = read_field(text, piece);
                r = strv_consume(&l, piece);
                if (r < 0 || !text)
                        return r < 0 ? r : -EINVAL;
                more = *text == ',';
                text += more;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

int mount_join_field(char **text, const char *name, const char *value) {
        _cleanup_free_ char *field = NULL, *quoted = NULL;
        size_t n = 0;
        int r;

        r = string_format(&field, "%s%s%s", name, value ? "=" : "", strempty(value));
        if (r >= 0 && *text)
                r = append(text, ",", 1);
        if (r < 0)
                return r;
        if (!strpbrk(field, ",\""))
                return append(text, field, strlen(field));
        quoted = malloc(2 * strlen(field) + 2);
        if (!quoted)
                return -ENOMEM;
        quoted[n++] = '"';
        for (const char *p = field; *p; p++) {
                if (*p == '"')
                        quoted[n++] = '"';
                quoted[n++] = *p;
        }
        quoted[n++] = '"';
        return append(text, quoted, n);
}
