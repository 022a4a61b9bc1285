/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"
#include "spec/runtime-reader.h"

int reader_complain(RuntimeReader *d, const char *key, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        return failure_set(d->failure, FAILURE_CONFIGURATION, "runtime specification, %s%s%s: %s", d->where,
                           *d->where && *key ? "." : "", key, strempty(text));
}

int reader_checked(RuntimeReader *d, const char *key, int r) {
        if (r == -ENODATA)
                return 0;
        if (r == -EBADMSG)
                return reader_complain(d, key, "has the wrong type");
        return r;
}

int reader_u32(RuntimeReader *d, json_object *o, const char *key, uint32_t *ret) {
        uint64_t v;
        int r;

        r = json_get_u64(o, key, &v);
        if (r < 0)
                return reader_checked(d, key, r);
        if (v > UINT32_MAX)
                return reader_complain(d, key, "%" PRIu64 " is more than 32 bits hold", v);
        *ret = (uint32_t) v;
        return 0;
}

int reader_boolean(RuntimeReader *d, json_object *o, const char *key, bool *ret) {
        return reader_checked(d, key, json_get_boolean(o, key, ret));
}

int reader_strv(RuntimeReader *d, json_object *o, const char *key, char ***ret) {
        return reader_checked(d, key, json_get_strv(o, key, ret));
}

int reader_string(RuntimeReader *d, json_object *o, const char *key, char **ret) {
        const char *s;
        int r;

        r = json_get_string(o, key, &s);
        if (r < 0)
                return reader_checked(d, key, r);
        return *s ? string_set(ret, s) : 0;
}

int reader_path(RuntimeReader *d, json_object *o, const char *key, char **ret) {
        int r;

        r = reader_string(d, o, key, ret);
        if (r >= 0 && *ret && **ret != '/')
                return reader_complain(d, key, "%s is not an absolute path", *ret);
        return r;
}

int reader_map(RuntimeReader *d, json_object *o, const char *key, char ***ret) {
        return reader_checked(d, key, json_get_string_map(o, key, ret));
}

int reader_ranged(RuntimeReader *d, json_object *o, const char *key, int64_t min, int64_t max,
                  int64_t *ret) {
        int64_t v;
        int r;

        r = json_get_i64(o, key, &v);
        if (r < 0)
                return reader_checked(d, key, r);
        if (v < min || v > max)
                return reader_complain(d, key, "must be between %" PRIi64 " and %" PRIi64, min, max);
        *ret = v;
        return 0;
}

int reader_object(RuntimeReader *d, json_object *o, const char *key, RuntimeReadFunc read) {
        char saved[RUNTIME_READER_WHERE_BYTES];
        json_object *v;
        int r;

        r = json_get(o, key, json_type_object, &v);
        if (r < 0)
                return reader_checked(d, key, r);
        memcpy(saved, d->where, sizeof(saved));
        (void) snprintf(d->where, sizeof(d->where), "%.80s%s%.40s", saved, *saved ? "." : "", key);
        r = read(d, v);
        memcpy(d->where, saved, sizeof(saved));
        return r;
}

int reader_array(RuntimeReader *d, json_object *o, const char *key, size_t max, RuntimeReadFunc read) {
        char saved[RUNTIME_READER_WHERE_BYTES];
        json_object *v;
        int r;

        r = json_get(o, key, json_type_array, &v);
        if (r < 0)
                return reader_checked(d, key, r);
        if (json_object_array_length(v) > max)
                return reader_complain(d, key, "more than %zu entries", max);
        memcpy(saved, d->where, sizeof(saved));
        for (size_t i = 0; r >= 0 && i < json_object_array_length(v); i++) {
                json_object *e = json_object_array_get_idx(v, i);

                (void) snprintf(d->where, sizeof(d->where), "%.80s%s%.40s[%zu]", saved, *saved ? "." : "",
                                key, i);
                r = json_object_is_type(e, json_type_object) ? read(d, e)
                                                             : reader_complain(d, "", "must be an object");
        }
        memcpy(d->where, saved, sizeof(saved));
        return r;
}

int reader_append(void *array, size_t *n, size_t size) {
        char **a = array, *p = reallocarray(*a, *n + 1, size);

        if (!p)
                return -ENOMEM;
        memset(p + *n * size, 0, size);
        *a = p;
        (*n)++;
        return 0;
}
