/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <stdlib.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/container-spec.h"
#include "spec/json.h"

ContainerSpec *container_spec_free(ContainerSpec *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                void *value = (char *) s + container_spec_fields[i].offset;

                switch (container_spec_fields[i].kind) {
                case SPEC_STRING:
                        free(*(char **) value);
                        break;
                case SPEC_STRV:
                case SPEC_ARGV:
                case SPEC_MAP:
                        (void) strv_free(*(char ***) value);
                        break;
                default:
                        break;
                }
        }
        return mfree(s);
}

const SpecField *container_spec_find(const char *key) {
        for (size_t i = 0; i < container_spec_n_fields; i++)
                if (streq(container_spec_fields[i].key, key))
                        return container_spec_fields + i;
        return NULL;
}

const SpecField *container_spec_find_short(char c) {
        for (size_t i = 0; c && i < container_spec_n_fields; i++)
                if (container_spec_fields[i].short_option == c)
                        return container_spec_fields + i;
        return NULL;
}

bool container_spec_is_set(const ContainerSpec *s, const SpecField *field) {
        size_t i = (size_t) (field - container_spec_fields);

        return s->set[i / 64] & (UINT64_C(1) << i % 64);
}

bool container_spec_has(const ContainerSpec *s, const char *key) {
        const SpecField *field = container_spec_find(key);

        assert(field);
        return container_spec_is_set(s, field);
}

void container_spec_mark(ContainerSpec *s, const SpecField *field) {
        size_t i = (size_t) (field - container_spec_fields);

        s->set[i / 64] |= UINT64_C(1) << i % 64;
}

void container_spec_unset(ContainerSpec *s, const char *key) {
        const SpecField *field = container_spec_find(key);
        size_t i = (size_t) (field - container_spec_fields);
        void *value;

        assert(field);
        value = (char *) s + field->offset;
        switch (field->kind) {
        case SPEC_STRING:
                *(char **) value = mfree(*(char **) value);
                break;
        case SPEC_BOOLEAN:
                *(bool *) value = false;
                break;
        case SPEC_FRACTION:
                *(double *) value = 0;
                break;
        case SPEC_STRV:
        case SPEC_ARGV:
        case SPEC_MAP:
                *(char ***) value = strv_free(*(char ***) value);
                break;
        default:
                *(uint64_t *) value = 0;
                break;
        }
        s->set[i / 64] &= ~(UINT64_C(1) << i % 64);
}

void container_spec_unmark(ContainerSpec *s, const SpecField *field) {
        size_t i = (size_t) (field - container_spec_fields);

        s->set[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static int set_argv(char ***value, const char *text) {
        _cleanup_json_ json_object *holder = NULL;
        json_object *array = NULL;
        char **l = NULL;
        int r;

        if (*text == '[' && json_parse(text, strlen(text), 1024 * 1024, &array) >= 0) {
                holder = json_object_new_object();
                r = holder ? json_add(holder, "argv", array) : -ENOMEM;
                if (r >= 0)
                        r = json_get_strv(holder, "argv", &l);
                if (r < 0)
                        return r == -ENOMEM ? r : -EINVAL;
        } else if (*text) {
                r = strv_extend(&l, text);
                if (r < 0)
                        return r;
        }
        (void) strv_free(*value);
        *value = l;
        return 0;
}

/* A bare key means an empty value, as in docker. */
static int set_pair(char ***value, const char *text) {
        _cleanup_free_ char *pair = NULL;
        int r;

        if (strchr(text, '='))
                return strv_env_set(value, text);
        r = string_format(&pair, "%s=", text);
        return r < 0 ? r : strv_env_set(value, pair);
}

static int set_fraction(double *value, const char *text) {
        char *end;
        double v;

        /* strtod(3) knows more forms: hexadecimal, exponents, "nan". */
        if (!string_in_charset(text, DIGITS "."))
                return -EINVAL;
        errno = 0;
        v = strtod(text, &end);
        if (errno != 0 || end == text || *end || !isfinite(v))
                return -EINVAL;
        *value = v;
        return 0;
}

int container_spec_set_text(ContainerSpec *s, const SpecField *field, const char *text,
                            const char **reterr_hint) {
        void *value = (char *) s + field->offset;
        uint64_t n;
        int r;

        *reterr_hint = NULL;
        switch (field->kind) {
        case SPEC_STRING:
                r = string_set(value, text);
                break;
        case SPEC_STRV:
                r = strv_extend(value, text);
                break;
        case SPEC_ARGV:
                r = set_argv(value, text);
                *reterr_hint = "must be a word or a JSON array of strings";
                break;
        case SPEC_MAP:
                *reterr_hint = "must be KEY=VALUE";
                r = set_pair(value, text);
                break;
        case SPEC_BOOLEAN:
                *reterr_hint = "must be true or false";
                if (text)
                        r = parse_boolean(text, value);
                else {
                        *(bool *) value = true;
                        r = 0;
                }
                break;
        case SPEC_BYTES:
                *reterr_hint = "must be a number of bytes, with a suffix b, k, m or g if you like";
                r = parse_bytes(text, value);
                break;
        case SPEC_SECONDS:
                *reterr_hint = "must be a number of seconds";
                r = parse_u64(text, &n);
                if (r >= 0)
                        r = n > UINT64_MAX / USEC_PER_SEC ? -EINVAL : 0;
                if (r >= 0)
                        *(uint64_t *) value = n * USEC_PER_SEC;
                break;
        case SPEC_DURATION:
                *reterr_hint = "must be a time such as 30s, 1m30s or 500ms";
                if (streq(text, "disable")) {
                        *(uint64_t *) value = 0;
                        r = 0;
                } else
                        r = clock_parse_duration(text, value);
                break;
        case SPEC_COUNT:
                *reterr_hint = "must be a number";
                r = parse_i64(text, value);
                break;
        case SPEC_LIMIT:
                *reterr_hint = "must be a number of bytes, with a suffix b, k, m or g if you like, or -1 "
                               "for "
                               "no limit";
                r = streq(text, "-1") ? (*(int64_t *) value = -1, 0) : parse_bytes(text, &n);
                if (r >= 0 && !streq(text, "-1"))
                        r = n > INT64_MAX ? -EINVAL : (*(int64_t *) value = (int64_t) n, 0);
                break;
        case SPEC_FRACTION:
                *reterr_hint = "must be a number";
                r = set_fraction(value, text);
                break;
        case _SPEC_KIND_MAX:
        default:
                assert(false);
                return -EINVAL;
        }
        if (r < 0)
                return r == -ENOMEM ? r : -EINVAL;
        container_spec_mark(s, field);
        if (field->check) {
                *reterr_hint = field->check(value);
                if (*reterr_hint)
                        return -EINVAL;
        }
        return 0;
}

int container_spec_check(const ContainerSpec *s, const SpecField **reterr_field, const char **reterr_hint) {
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;
                const char *hint;

                if (!field->check || !container_spec_is_set(s, field))
                        continue;
                hint = field->check((const char *) s + field->offset);
                if (hint) {
                        *reterr_field = field;
                        *reterr_hint = hint;
                        return -EINVAL;
                }
        }
        return 0;
}

static int field_to_json(json_object *o, const SpecField *field, const void *value) {
        switch (field->kind) {
        case SPEC_STRING:
                return json_add_string(o, field->key, *(char *const *) value);
        case SPEC_STRV:
        case SPEC_ARGV:
        case SPEC_MAP: /* as "key=value" strings: the order stays */
                if (!*(char **const *) value || !**(char **const *) value)
                        return json_add(o, field->key, json_object_new_array());
                return json_add_strv(o, field->key, *(char **const *) value);
        case SPEC_BOOLEAN:
                return json_add_boolean(o, field->key, *(const bool *) value);
        case SPEC_BYTES:
        case SPEC_SECONDS:
        case SPEC_DURATION:
                return json_add_u64(o, field->key, *(const uint64_t *) value);
        case SPEC_COUNT:
        case SPEC_LIMIT:
                return json_add_i64(o, field->key, *(const int64_t *) value);
        case SPEC_FRACTION:
                return json_add(o, field->key, json_object_new_double(*(const double *) value));
        case _SPEC_KIND_MAX:
        default:
                return -EINVAL;
        }
}

int container_spec_to_json(const ContainerSpec *s, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o)
                return -ENOMEM;
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;
                int r;

                if (!container_spec_is_set(s, field))
                        continue;
                r = field_to_json(o, field, (const char *) s + field->offset);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(o);
        return 0;
}

static int field_from_json(json_object *o, const SpecField *field, void *value) {
        json_object *v;
        int r;

        switch (field->kind) {
        case SPEC_STRING:
                return json_dup_string(o, field->key, value);
        case SPEC_STRV:
        case SPEC_ARGV:
                return json_get_strv(o, field->key, value);
        case SPEC_MAP:
                r = json_get_strv(o, field->key, value);
                STRV_FOREACH(i, r < 0 ? NULL : *(char ***) value)
                        if (**i == '=' || !strchr(*i, '='))
                                return -EBADMSG;
                return r;
        case SPEC_BOOLEAN:
                return json_get_boolean(o, field->key, value);
        case SPEC_BYTES:
        case SPEC_SECONDS:
        case SPEC_DURATION:
                return json_get_u64(o, field->key, value);
        case SPEC_COUNT:
        case SPEC_LIMIT:
                return json_get_i64(o, field->key, value);
        case SPEC_FRACTION:
                if (!json_object_object_get_ex(o, field->key, &v) ||
                    (!json_object_is_type(v, json_type_double) && !json_object_is_type(v, json_type_int)))
                        return -EBADMSG;
                *(double *) value = json_object_get_double(v);
                return 0;
        case _SPEC_KIND_MAX:
        default:
                return -EBADMSG;
        }
}

int container_spec_from_json(json_object *o, ContainerSpec **ret) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
        const SpecField *bad;
        const char *hint;

        if (!s)
                return -ENOMEM;
        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        json_object_object_foreach(o, key, v) {
                const SpecField *field = container_spec_find(key);
                int r;

                if (!field || !v)
                        return -EBADMSG;
                r = field_from_json(o, field, (char *) s + field->offset);
                if (r < 0)
                        return r == -ENOMEM ? r : -EBADMSG;
                container_spec_mark(s, field);
        }
        if (container_spec_check(s, &bad, &hint) < 0)
                return -EBADMSG;
        *ret = TAKE_PTR(s);
        return 0;
}

int container_spec_merge(const ContainerSpec *base, const ContainerSpec *update, ContainerSpec **ret) {
        _cleanup_json_ json_object *merged = NULL, *over = NULL;
        int r;

        r = container_spec_to_json(base, &merged);
        if (r >= 0)
                r = container_spec_to_json(update, &over);
        if (r < 0)
                return r;
        json_object_object_foreach(over, key, v) {
                r = json_add(merged, key, json_object_get(v));
                if (r < 0)
                        return r;
        }
        return container_spec_from_json(merged, ret);
}
