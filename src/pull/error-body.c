/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "pull/error-body.h"
#include "spec/json.h"

/* The length of the well-formed UTF-8 sequence at @s that is no C1 control; 0: none. */
static size_t utf8_length(const char *s) {
        unsigned char c = (unsigned char) *s;
        size_t n = c < 0x80                ? 1
                   : c >= 0xc2 && c < 0xe0 ? 2
                   : c >= 0xe0 && c < 0xf0 ? 3
                   : c >= 0xf0 && c < 0xf5 ? 4
                                           : 0;

        for (size_t i = 1; i < n; i++)
                if (((unsigned char) s[i] & 0xc0) != 0x80)
                        return 0;
        return c == 0xc2 && (unsigned char) s[1] < 0xa0 ? 0 : n;
}

int error_text_clean(const char *s, char **ret) {
        char *clean, *p;

        clean = p = malloc(ERROR_BODY_TEXT_MAX + 1);
        if (!clean)
                return -ENOMEM;
        while (*s && p < clean + ERROR_BODY_TEXT_MAX) {
                size_t n = utf8_length(s);

                if (n > (size_t) (clean + ERROR_BODY_TEXT_MAX - p))
                        break;
                if (n == 0 || (unsigned char) *s < ' ' || *s == 0x7f) {
                        *p++ = n == 0 ? '?' : ' ';
                        s++;
                        continue;
                }
                p = mempcpy(p, s, n);
                s += n;
        }
        *p = 0;
        *ret = clean;
        return 0;
}

/* MANIFEST_UNKNOWN -> manifest unknown */
static void soften(char *code) {
        for (; *code; code++)
                *code = *code == '_' ? ' ' : (char) tolower((unsigned char) *code);
}

int error_body_describe(const char *data, size_t n_bytes, char **ret) {
        _cleanup_free_ char *code = NULL, *text = NULL, *joined = NULL;
        const char *raw_code = "", *raw_message = "";
        _cleanup_json_ json_object *o = NULL;
        json_object *errors, *first;
        int r;

        if (json_parse(data, n_bytes, ERROR_BODY_BYTES_MAX, &o) < 0 ||
            json_get(o, "errors", json_type_array, &errors) < 0)
                return -ENOENT;
        first = json_object_array_get_idx(errors, 0);
        (void) json_get_string(first, "code", &raw_code);
        (void) json_get_string(first, "message", &raw_message);
        r = error_text_clean(raw_code, &code);
        if (r >= 0)
                r = error_text_clean(raw_message, &text);
        if (r < 0)
                return r;
        soften(code);
        if (isempty(code) && isempty(text))
                return -ENOENT;
        /* "manifest unknown: manifest unknown" says it twice. */
        if (isempty(text) || strcasecmp(code, text) == 0) {
                *ret = TAKE_PTR(code);
                return 0;
        }
        r = string_format(&joined, "%s%s%s", code, isempty(code) ? "" : ": ", text);
        return r < 0 ? r : error_text_clean(joined, ret);
}
