/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "spec/image-config.h"
#include "spec/json.h"

#define CREATED_END_USEC (UINT64_C(253402300800) * USEC_PER_SEC) /* the year 10000 */

ImageConfig *image_config_free(ImageConfig *c) {
        if (!c)
                return NULL;
        free(c->os);
        free(c->architecture);
        free(c->variant);
        free(c->author);
        free(c->user);
        free(c->working_dir);
        free(c->stop_signal);
        (void) strv_free(c->entrypoint);
        (void) strv_free(c->cmd);
        (void) strv_free(c->env);
        (void) strv_free(c->exposed_ports);
        (void) strv_free(c->volumes);
        (void) strv_free(c->labels);
        (void) strv_free(c->health_test);
        free(c->diff_ids);
        return mfree(c);
}

/* Absent and null are the same as empty, everywhere but where the specification says "required". */
static int absent_is_fine(int r) {
        return r == -ENODATA ? 0 : r;
}

/* The keys of an object that serves as a set, whatever the values are. */
static int read_set(json_object *o, const char *key, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        json_object *set;
        int r;

        r = json_get(o, key, json_type_object, &set);
        if (r < 0)
                return absent_is_fine(r);
        json_object_object_foreach(set, name, value) {
                (void) value;
                r = strv_extend(&l, name);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

static int add_set(json_object *o, const char *key, char *const *l) {
        _cleanup_json_ json_object *set = NULL;
        int r;

        if (!l || !*l)
                return 0;
        set = json_object_new_object();
        if (!set)
                return -ENOMEM;
        STRV_FOREACH(i, l) {
                r = json_add(set, *i, json_object_new_object());
                if (r < 0)
                        return r;
        }
        return json_add(o, key, TAKE_PTR(set));
}

static const struct {
        const char *key;
        size_t offset;
        int (*read)(json_object *o, const char *key, char **ret);
} config_strings[] = {
        { "User", offsetof(ImageConfig, user), json_dup_string },
        { "WorkingDir", offsetof(ImageConfig, working_dir), json_dup_string },
        { "StopSignal", offsetof(ImageConfig, stop_signal), json_dup_string },
};

static const struct {
        const char *key;
        size_t offset;
        int (*read)(json_object *o, const char *key, char ***ret);
        int (*add)(json_object *o, const char *key, char *const *l);
} config_vectors[] = {
        { "Entrypoint", offsetof(ImageConfig, entrypoint), json_get_strv, json_add_strv },
        { "Cmd", offsetof(ImageConfig, cmd), json_get_strv, json_add_strv },
        { "Env", offsetof(ImageConfig, env), json_get_strv, json_add_strv },
        { "ExposedPorts", offsetof(ImageConfig, exposed_ports), read_set, add_set },
        { "Volumes", offsetof(ImageConfig, volumes), read_set, add_set },
        { "Labels", offsetof(ImageConfig, labels), json_get_string_map, json_add_string_map },
};

static const struct {
        const char *key;
        size_t offset;
} document_strings[] = {
        { "os", offsetof(ImageConfig, os) },
        { "architecture", offsetof(ImageConfig, architecture) },
        { "variant", offsetof(ImageConfig, variant) },
        { "author", offsetof(ImageConfig, author) },
};

static void *member(const ImageConfig *c, size_t offset) {
        return (char *) c + offset;
}

/* docker's "Healthcheck", which OCI documents carry as well. */
static const struct {
        const char *key;
        size_t offset;
} health_times[] = {
        { "Interval", offsetof(ImageConfig, health_interval_usec) },
        { "Timeout", offsetof(ImageConfig, health_timeout_usec) },
        { "StartPeriod", offsetof(ImageConfig, health_start_period_usec) },
        { "StartInterval", offsetof(ImageConfig, health_start_interval_usec) },
};

static int read_health(json_object *config, ImageConfig *c) {
        json_object *o;
        int r;

        r = json_get(config, "Healthcheck", json_type_object, &o);
        if (r < 0)
                return absent_is_fine(r);
        r = absent_is_fine(json_get_strv(o, "Test", &c->health_test));
        for (size_t i = 0; i < ELEMENTSOF(health_times) && r >= 0; i++) {
                uint64_t nsec = 0;

                r = absent_is_fine(json_get_u64(o, health_times[i].key, &nsec));
                *(uint64_t *) member(c, health_times[i].offset) = nsec / 1000;
        }
        return r < 0 ? r : absent_is_fine(json_get_u64(o, "Retries", &c->health_retries));
}

static int add_health(json_object *config, const ImageConfig *c) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (!c->health_test)
                return 0;
        o = json_object_new_object();
        if (!o)
                return -ENOMEM;
        r = json_add_strv(o, "Test", c->health_test);
        for (size_t i = 0; i < ELEMENTSOF(health_times) && r >= 0; i++) {
                uint64_t usec = *(uint64_t *) member(c, health_times[i].offset);

                if (usec > 0)
                        r = json_add_u64(o, health_times[i].key, usec * 1000);
        }
        if (r >= 0 && c->health_retries > 0)
                r = json_add_u64(o, "Retries", c->health_retries);
        return r < 0 ? r : json_add(config, "Healthcheck", TAKE_PTR(o));
}

static int read_config(json_object *document, ImageConfig *c) {
        json_object *o;
        int r;

        r = json_get(document, "config", json_type_object, &o);
        if (r < 0)
                return absent_is_fine(r);
        for (size_t i = 0; i < ELEMENTSOF(config_strings); i++) {
                r = config_strings[i].read(o, config_strings[i].key, member(c, config_strings[i].offset));
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < ELEMENTSOF(config_vectors); i++) {
                r = absent_is_fine(config_vectors[i].read(o, config_vectors[i].key,
                                                          member(c, config_vectors[i].offset)));
                if (r < 0)
                        return r;
        }
        r = read_health(o, c);
        if (r < 0)
                return r;
        STRV_FOREACH(e, c->env)
                if (**e == '=' || !strchr(*e, '='))
                        return -EBADMSG;
        return 0;
}

static int read_rootfs(json_object *document, ImageConfig *c) {
        json_object *rootfs, *ids;
        const char *type = "layers";
        size_t n;
        int r;

        r = json_get(document, "rootfs", json_type_object, &rootfs);
        if (r >= 0)
                r = absent_is_fine(json_get_string(rootfs, "type", &type));
        if (r >= 0)
                r = json_get(rootfs, "diff_ids", json_type_array, &ids);
        if (r < 0)
                return r == -ENODATA ? -EBADMSG : r;
        n = json_object_array_length(ids);
        if (!streq(type, "layers") || n > IMAGE_LAYERS_MAX)
                return -EBADMSG;
        c->diff_ids = new0(Digest, n);
        if (!c->diff_ids)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                json_object *id = json_object_array_get_idx(ids, i);

                if (!json_object_is_type(id, json_type_string) ||
                    digest_parse(json_object_get_string(id), c->diff_ids + i) < 0)
                        return -EBADMSG;
        }
        c->n_diff_ids = n;
        return 0;
}

int image_config_from_json(json_object *o, ImageConfig **ret) {
        _cleanup_(image_config_freep) ImageConfig *c = new0(ImageConfig, 1);
        const char *created;
        int r;

        if (!c)
                return -ENOMEM;
        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        for (size_t i = 0; i < ELEMENTSOF(document_strings); i++) {
                r = json_dup_string(o, document_strings[i].key, member(c, document_strings[i].offset));
                if (r < 0)
                        return r;
        }
        if (isempty(c->os) || isempty(c->architecture))
                return -EBADMSG;
        r = json_get_string(o, "created", &created);
        if (r < 0 && r != -ENODATA)
                return r;
        /* A date that cannot be read, or not be written again, is no reason to refuse an image. */
        if (r >= 0 &&
            (clock_parse_rfc3339(created, &c->created_usec) < 0 || c->created_usec >= CREATED_END_USEC))
                c->created_usec = 0;
        r = read_config(o, c);
        if (r < 0)
                return r;
        r = read_rootfs(o, c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

int image_config_parse(const char *data, size_t n_bytes, ImageConfig **ret) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = json_parse(data, n_bytes, IMAGE_CONFIG_BYTES_MAX, &o);
        return r < 0 ? r : image_config_from_json(o, ret);
}

static int add_config(json_object *document, const ImageConfig *c) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(config_strings); i++) {
                r = json_add_string(o, config_strings[i].key,
                                    *(char **) member(c, config_strings[i].offset));
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < ELEMENTSOF(config_vectors); i++) {
                r = config_vectors[i].add(o, config_vectors[i].key,
                                          *(char ***) member(c, config_vectors[i].offset));
                if (r < 0)
                        return r;
        }
        r = add_health(o, c);
        return r < 0 ? r : json_add(document, "config", TAKE_PTR(o));
}

static int add_rootfs(json_object *document, const ImageConfig *c) {
        _cleanup_json_ json_object *o = json_object_new_object(), *ids = json_object_new_array();
        int r;

        if (!o || !ids)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_diff_ids; i++) {
                json_object *id = json_object_new_string(c->diff_ids[i].string);

                if (!id || json_object_array_add(ids, id) < 0) {
                        (void) json_object_put(id);
                        return -ENOMEM;
                }
        }
        r = json_add_string(o, "type", "layers");
        if (r >= 0)
                r = json_add(o, "diff_ids", TAKE_PTR(ids));
        return r < 0 ? r : json_add(document, "rootfs", TAKE_PTR(o));
}

int image_config_to_json(const ImageConfig *c, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        char created[32];
        int r;

        if (!o)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(document_strings); i++) {
                r = json_add_string(o, document_strings[i].key,
                                    *(char **) member(c, document_strings[i].offset));
                if (r < 0)
                        return r;
        }
        if (c->created_usec > 0) {
                r = json_add_string(o, "created",
                                    clock_format_rfc3339(created, sizeof(created), c->created_usec));
                if (r < 0)
                        return r;
        }
        r = add_config(o, c);
        if (r >= 0)
                r = add_rootfs(o, c);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}
