/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile.h"
#include "spec/json.h"

/* A container's record and an image's configuration, compiled without an engine. */
typedef struct Case {
        ContainerRecord *record;
        ImageConfig *config;
} Case;

static inline Case case_new(const char *image_config) {
        _cleanup_free_ char *text = NULL;
        Case c = { .record = new0(ContainerRecord, 1) };

        assert_int_equal(string_format(&text,
                                       "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{%s},"
                                       "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
                                       image_config),
                         0);
        assert_int_equal(image_config_parse(text, strlen(text), &c.config), 0);
        memset(c.record->id, 'a', DIGEST_HEX_LENGTH);
        c.record->spec = new0(ContainerSpec, 1);
        c.record->image = strdup("localhost/x:1");
        c.record->uid_base = 0x100000;
        c.record->uid_count = 65536;
        assert_int_equal(id_map_fill(&c.record->uid_map, 0x100000, 65536), 0);
        assert_int_equal(id_map_fill(&c.record->gid_map, 0x100000, 65536), 0);
        return c;
}

static inline void case_done(Case *c) {
        (void) container_record_free(c->record);
        (void) image_config_free(c->config);
}

static inline void set(Case *c, const char *key, const char *text) {
        const char *hint;

        assert_int_equal(container_spec_set_text(c->record->spec, container_spec_find(key), text, &hint), 0);
}

static inline json_object *compile(Case *c) {
        JobParameters start = JOB_PARAMETERS_DEFAULT;
        _cleanup_free_ char *text = NULL;
        json_object *o = NULL;

        start.console_rows = 33;
        start.console_columns = 111;
        assert_int_equal(container_compile(&(const CompileInput){ .record = c->record,
                                                                  .config = c->config,
                                                                  .runtime_path = "/run/creel",
                                                                  .start = &start },
                                           &text, NULL),
                         0);
        assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o), 0);
        return o;
}

static inline json_object *at(json_object *o, const char *key, json_type type) {
        json_object *v = NULL;

        assert_int_equal(json_get(o, key, type, &v), 0);
        return v;
}

static inline bool has_namespace(json_object *o, const char *type) {
        json_object *l = at(at(o, "linux", json_type_object), "namespaces", json_type_array);

        for (size_t i = 0; i < json_object_array_length(l); i++) {
                const char *s = NULL;

                assert_int_equal(json_get_string(json_object_array_get_idx(l, i), "type", &s), 0);
                if (streq(s, type))
                        return true;
        }
        return false;
}

static inline const char *mount_type(json_object *o, const char *destination) {
        json_object *l = at(o, "mounts", json_type_array);
        const char *s = NULL, *type = NULL;

        for (size_t i = 0; i < json_object_array_length(l); i++) {
                json_object *m = json_object_array_get_idx(l, i);

                assert_int_equal(json_get_string(m, "destination", &s), 0);
                if (streq(s, destination))
                        assert_int_equal(json_get_string(m, "type", &type), 0);
        }
        return type;
}
