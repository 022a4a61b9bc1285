/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"

/* An integer that json-c would clamp. Fractions and exponents do not become integers. */
static bool number_fits(const char *s, size_t n) {
        char digits[32];
        uint64_t v = 0;
        bool negative = *s == '-';

        for (size_t i = 0; i < n; i++)
                if (strchr(".eE", s[i]))
                        return true;
        if (n >= sizeof(digits))
                return false;
        memcpy(digits, s, n);
        digits[n] = 0;
        return parse_u64(digits + negative, &v) != -ERANGE && (!negative || v <= (uint64_t) INT64_MAX + 1);
}

/* Finds what json-c lets through even when strict: names in single quotes, NaN, Infinity, control characters
 * in strings, and integers that do not fit, which it clamps. */
static bool text_is_strict(const char *data, size_t n_bytes) {
        bool inside = false;

        for (size_t i = 0; i < n_bytes; i++) {
                size_t n = 0;

                if (data[i] == '"')
                        inside = !inside;
                else if (inside && (unsigned char) data[i] < ' ')
                        return false;
                else if (inside)
                        i += data[i] == '\\';
                else if (data[i] == '\'' || data[i] == 'N' || data[i] == 'I')
                        return false;
                else {
                        while (i + n < n_bytes && data[i + n] && strchr(DIGITS "+-.eE", data[i + n]))
                                n++;
                        if (n > 0 && strchr(DIGITS "-", data[i]) && !number_fits(data + i, n))
                                return false;
                        i += n > 0 ? n - 1 : 0;
                }
        }
        return true;
}

int json_parse(const char *data, size_t n_bytes, size_t max_bytes, json_object **ret) {
        struct json_tokener *tokener;
        _cleanup_json_ json_object *o = NULL;
        size_t end;

        if (n_bytes > max_bytes || n_bytes > INT32_MAX)
                return -EFBIG;
        if (!text_is_strict(data, n_bytes))
                return -EBADMSG;

        tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        if (!tokener)
                return -ENOMEM;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
                                                        JSON_TOKENER_ALLOW_TRAILING_CHARS);
        o = json_tokener_parse_ex(tokener, data, (int) n_bytes);
        end = json_tokener_get_parse_end(tokener);
        if (!o && json_tokener_get_error(tokener) == json_tokener_continue) {
                /* A number at the very end is complete only once something follows it. */
                o = json_tokener_parse_ex(tokener, "", 1);
                end = n_bytes;
        }
        json_tokener_free(tokener);
        if (!o)
                return -EBADMSG;

        while (end < n_bytes && strchr(" \t\r\n", data[end]) && data[end])
                end++;
        if (end < n_bytes)
                return -EBADMSG;
        *ret = TAKE_PTR(o);
        return 0;
}

int json_format(json_object *o, bool pretty, char **ret) {
        const char *s;
        char *copy;

        s = json_object_to_json_string_ext(
                        o, JSON_C_TO_STRING_NOSLASHESCAPE |
                                           (pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
                                                   : JSON_C_TO_STRING_PLAIN));
        copy = s ? strdup(s) : NULL;
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int json_get(json_object *o, const char *key, json_type type, json_object **ret) {
        json_object *v;

        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        if (!json_object_object_get_ex(o, key, &v) || !v)
                return -ENODATA;
        if (!json_object_is_type(v, type))
                return -EBADMSG;
        *ret = v;
        return 0;
}

static int string_value(json_object *v, const char **ret) {
        const char *s = json_object_get_string(v);

        if (!json_object_is_type(v, json_type_string) || strlen(s) != (size_t) json_object_get_string_len(v))
                return -EBADMSG;
        *ret = s;
        return 0;
}

int json_get_string(json_object *o, const char *key, const char **ret) {
        json_object *v;
        int r;

        r = json_get(o, key, json_type_string, &v);
        return r < 0 ? r : string_value(v, ret);
}

int json_dup_string(json_object *o, const char *key, char **ret) {
        const char *s;
        int r;

        r = json_get_string(o, key, &s);
        if (r == -ENODATA)
                return 0;
        return r < 0 ? r : string_set(ret, s);
}

int json_get_i64(json_object *o, const char *key, int64_t *ret) {
        json_object *v;
        int64_t n;
        int r;

        r = json_get(o, key, json_type_int, &v);
        if (r < 0)
                return r;
        /* json-c clamps what does not fit; the limits themselves are not plausible values here. */
        n = json_object_get_int64(v);
        if (n == INT64_MAX || n == INT64_MIN)
                return -EBADMSG;
        *ret = n;
        return 0;
}

int json_get_u64(json_object *o, const char *key, uint64_t *ret) {
        json_object *v;
        int r;

        r = json_get(o, key, json_type_int, &v);
        if (r < 0)
                return r;
        if (json_object_get_int64(v) < 0)
                return -EBADMSG;
        /* Clamped too, but here the limit is a plausible value: "unlimited". */
        *ret = json_object_get_uint64(v);
        return 0;
}

int json_get_boolean(json_object *o, const char *key, bool *ret) {
        json_object *v;
        int r;

        r = json_get(o, key, json_type_boolean, &v);
        if (r < 0)
                return r;
        *ret = json_object_get_boolean(v);
        return 0;
}

int json_get_strv(json_object *o, const char *key, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        json_object *v;
        int r;

        r = json_get(o, key, json_type_array, &v);
        if (r < 0)
                return r;
        for (size_t i = 0; i < json_object_array_length(v); i++) {
                const char *s;

                r = string_value(json_object_array_get_idx(v, i), &s);
                if (r < 0)
                        return r;
                r = strv_extend(&l, s);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

int json_get_string_map(json_object *o, const char *key, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        json_object *v;
        int r;

        r = json_get(o, key, json_type_object, &v);
        if (r < 0)
                return r;
        json_object_object_foreach(v, name, value) {
                const char *s;
                char *pair;

                r = string_value(value, &s);
                if (r < 0)
                        return r;
                r = string_format(&pair, "%s=%s", name, s);
                if (r < 0)
                        return r;
                r = strv_consume(&l, pair);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

int json_add(json_object *o, const char *key, json_object *value) {
        if (!value)
                return -ENOMEM;
        if (json_object_object_add(o, key, value) < 0) {
                (void) json_object_put(value);
                return -ENOMEM;
        }
        return 0;
}

int json_add_string(json_object *o, const char *key, const char *value) {
        return value ? json_add(o, key, json_object_new_string(value)) : 0;
}

int json_add_u64(json_object *o, const char *key, uint64_t value) {
        return json_add(o, key, json_object_new_uint64(value));
}

int json_add_i64(json_object *o, const char *key, int64_t value) {
        return json_add(o, key, json_object_new_int64(value));
}

int json_add_boolean(json_object *o, const char *key, bool value) {
        return json_add(o, key, json_object_new_boolean(value));
}

int json_add_strv(json_object *o, const char *key, char *const *value) {
        _cleanup_json_ json_object *a = NULL;

        if (!value || !*value)
                return 0;
        a = json_object_new_array();
        if (!a)
                return -ENOMEM;
        STRV_FOREACH(i, value) {
                json_object *s = json_object_new_string(*i);

                if (!s || json_object_array_add(a, s) < 0) {
                        (void) json_object_put(s);
                        return -ENOMEM;
                }
        }
        return json_add(o, key, TAKE_PTR(a));
}

int json_add_string_map(json_object *o, const char *key, char *const *pairs) {
        _cleanup_json_ json_object *map = NULL;
        int r;

        if (!pairs || !*pairs)
                return 0;
        map = json_object_new_object();
        if (!map)
                return -ENOMEM;
        STRV_FOREACH(i, pairs) {
                const char *equals = strchr(*i, '=');
                char *name;

                if (!equals)
                        return -EINVAL;
                name = strndup(*i, (size_t) (equals - *i));
                if (!name)
                        return -ENOMEM;
                r = json_add_string(map, name, equals + 1);
                free(name);
                if (r < 0)
                        return r;
        }
        return json_add(o, key, TAKE_PTR(map));
}
