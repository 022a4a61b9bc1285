/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/container-options.h"

static const char *const kind_types[] = {
        [SPEC_STRING] = "s",  [SPEC_STRV] = "as",    [SPEC_ARGV] = "as",   [SPEC_MAP] = "a{ss}",
        [SPEC_BOOLEAN] = "b", [SPEC_BYTES] = "t",    [SPEC_SECONDS] = "t", [SPEC_DURATION] = "t",
        [SPEC_COUNT] = "x",   [SPEC_FRACTION] = "d", [SPEC_LIMIT] = "x",
};
static_assert(ELEMENTSOF(kind_types) == _SPEC_KIND_MAX, "kind_types is not full");

const char *container_options_type(SpecKind kind) {
        return kind_types[kind];
}

static int append_map(sd_bus_message *m, char *const *pairs) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        STRV_FOREACH (i, pairs) {
                const char *equals = strchr(*i, '=');
                _cleanup_free_ char *key = NULL;

                if (!equals)
                        return -EINVAL;
                key = strndup(*i, (size_t) (equals - *i));
                if (!key)
                        return -ENOMEM;
                r = sd_bus_message_append(m, "{ss}", key, equals + 1);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, SpecKind kind, const void *value) {
        int truth;

        switch (kind) {
        case SPEC_STRV:
        case SPEC_ARGV:
                return sd_bus_message_append_strv(m, *(char **const *) value);
        case SPEC_MAP:
                return append_map(m, *(char **const *) value);
        case SPEC_STRING:
                return sd_bus_message_append_basic(m, 's', *(char *const *) value);
        case SPEC_BOOLEAN:
                truth = *(const bool *) value;
                return sd_bus_message_append_basic(m, 'b', &truth);
        case SPEC_BYTES:
        case SPEC_SECONDS:
        case SPEC_DURATION:
        case SPEC_COUNT:
        case SPEC_LIMIT:
        case SPEC_FRACTION:
                return sd_bus_message_append_basic(m, *kind_types[kind], value);
        case _SPEC_KIND_MAX:
        default:
                assert(false);
                return -EINVAL;
        }
}

int container_options_append(sd_bus_message *m, const ContainerSpec *spec) {
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;
                int r;

                if (!container_spec_is_set(spec, field))
                        continue;
                r = sd_bus_message_open_container(m, 'e', "sv");
                if (r >= 0)
                        r = sd_bus_message_append_basic(m, 's', field->key);
                if (r >= 0)
                        r = sd_bus_message_open_container(m, 'v', kind_types[field->kind]);
                if (r >= 0)
                        r = append_value(m, field->kind, (const char *) spec + field->offset);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* -EINVAL: an empty key, or one with "=", which would come back as another one. */
static int read_map(sd_bus_message *m, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        const char *key, *value;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0) {
                _cleanup_free_ char *pair = NULL;

                if (!*key || strchr(key, '='))
                        return -EINVAL;
                r = string_format(&pair, "%s=%s", key, value);
                if (r >= 0)
                        r = strv_env_set(&l, pair);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

static int read_value(sd_bus_message *m, SpecKind kind, void *value) {
        const char *s;
        int truth, r;

        switch (kind) {
        case SPEC_STRV:
        case SPEC_ARGV:
                return sd_bus_message_read_strv(m, value);
        case SPEC_MAP:
                return read_map(m, value);
        case SPEC_STRING:
                r = sd_bus_message_read_basic(m, 's', &s);
                return r < 0 ? r : string_set(value, s);
        case SPEC_BOOLEAN:
                r = sd_bus_message_read_basic(m, 'b', &truth);
                if (r >= 0)
                        *(bool *) value = truth;
                return r;
        case SPEC_BYTES:
        case SPEC_SECONDS:
        case SPEC_DURATION:
        case SPEC_COUNT:
        case SPEC_LIMIT:
        case SPEC_FRACTION:
                return sd_bus_message_read_basic(m, *kind_types[kind], value);
        case _SPEC_KIND_MAX:
        default:
                assert(false);
                return -EINVAL;
        }
}

/* Enters the variant where it holds the type of @field. */
static int enter_variant(sd_bus_message *m, const SpecField *field, Failure *f) {
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0 || type != 'v')
                return -EBADMSG;
        if (!streq(contents, kind_types[field->kind]))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '%s' has type '%s', but must have type '%s'", field->key,
                                   contents, kind_types[field->kind]);
        return sd_bus_message_enter_container(m, 'v', contents);
}

int container_options_read_entry(sd_bus_message *m, const char *key, ContainerSpec *spec, Failure *f) {
        const SpecField *field = container_spec_find(key);
        const char *hint;
        void *value;
        int r;

        if (!field)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "unknown option '%s'; creel-container-options(7) lists those that exist",
                                   key);
        if (container_spec_is_set(spec, field))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '%s' is given twice; give it once",
                                   key);

        value = (char *) spec + field->offset;
        r = enter_variant(m, field, f);
        if (r < 0)
                return r;
        r = read_value(m, field->kind, value);
        if (r == -EINVAL && field->kind == SPEC_MAP)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '%s' has an entry whose key is empty or holds '='", key);
        if (r < 0)
                return r;
        container_spec_mark(spec, field);
        hint = field->check ? field->check(value) : NULL;
        if (hint)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '%s' %s", key, hint);
        return sd_bus_message_exit_container(m);
}
