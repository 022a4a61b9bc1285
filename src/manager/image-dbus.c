/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/error.h"
#include "manager/manager.h"

#define PREFIX BUS_PATH "/image"
#define INTERFACE BUS_INTERFACE("Image")

int image_dbus_path(const Image *i, char **ret) {
        int r = sd_bus_path_encode(PREFIX, image_hex(i), ret);

        return r < 0 ? r : 0;
}

static Image *image_at(Service *s, const char *path) {
        _cleanup_free_ char *hex = NULL;

        if (sd_bus_path_decode(path, PREFIX, &hex) <= 0)
                return NULL;
        return hashmap_get(s->engine->images, hex);
}

static int method_inspect(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *const details[] = { "verb", "inspect", NULL };
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *json = NULL;
        Service *s = userdata;
        Image *i;
        int r;

        r = polkit_check(s->polkit, call, "org.creel1.inspect", details, method_inspect, s, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        i = image_at(s, sd_bus_message_get_path(call));
        if (!i) {
                (void) failure_set(&f, FAILURE_NO_SUCH_IMAGE, "the image is gone");
                return bus_error_set_failure(error, &f);
        }
        r = inspect_image(i, &json);
        return r < 0 ? r : sd_bus_reply_method_return(call, "s", json);
}

static int append_layers(sd_bus_message *reply, const Image *i) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (size_t k = 0; k < i->record->n_layers && r >= 0; k++)
                r = sd_bus_message_append(reply, "s", i->record->layers[k].diff_id.string);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Image *i = image_at(userdata, path);

        if (!i)
                return -ENOENT;
        if (streq(property, "Id"))
                return sd_bus_message_append(reply, "s", i->record->config_digest.string);
        if (streq(property, "ManifestDigest"))
                return sd_bus_message_append(reply, "s", i->record->manifest_digest.string);
        if (streq(property, "Tags"))
                return sd_bus_message_append_strv(reply, i->tags);
        if (streq(property, "SizeBytes"))
                return sd_bus_message_append(reply, "t", i->size_bytes);
        if (streq(property, "CreatedUSec"))
                return sd_bus_message_append(reply, "t", i->record->config->created_usec);
        if (streq(property, "Architecture"))
                return sd_bus_message_append(reply, "s", i->record->config->architecture);
        if (streq(property, "OS"))
                return sd_bus_message_append(reply, "s", i->record->config->os);
        if (streq(property, "Layers"))
                return append_layers(reply, i);
        if (streq(property, "Labels"))
                return append_string_map(reply, i->record->config->labels);
        return -ENOENT;
}

#define CONSTANT(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        CONSTANT("Id", "s"),
        CONSTANT("ManifestDigest", "s"),
        SD_BUS_PROPERTY("Tags", "as", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        CONSTANT("SizeBytes", "t"),
        CONSTANT("CreatedUSec", "t"),
        CONSTANT("Architecture", "s"),
        CONSTANT("OS", "s"),
        CONSTANT("Layers", "as"),
        CONSTANT("Labels", "a{ss}"),
        SD_BUS_METHOD_WITH_ARGS("Inspect", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), method_inspect,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

void image_dbus_changed(Service *s, Image *i) {
        _cleanup_free_ char *path = NULL;

        if (image_dbus_path(i, &path) >= 0)
                (void) sd_bus_emit_properties_changed(s->bus, path, INTERFACE, "Tags", NULL);
}

static int find_image(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
                      sd_bus_error *error) {
        if (!image_at(userdata, path))
                return 0;
        *ret = userdata;
        return 1;
}

static int enumerate_images(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
                            sd_bus_error *error) {
        _cleanup_strv_free_ char **paths = NULL;
        Service *s = userdata;
        Image *i;

        HASHMAP_FOREACH(i, s->engine->images) {
                char *path;
                int r;

                r = image_dbus_path(i, &path);
                if (r >= 0)
                        r = strv_consume(&paths, path);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(paths);
        return 1;
}

int image_dbus_register(Service *s) {
        int r;

        r = sd_bus_add_fallback_vtable(s->bus, NULL, PREFIX, INTERFACE, vtable, find_image, s);
        return r < 0 ? r : sd_bus_add_node_enumerator(s->bus, NULL, PREFIX, enumerate_images, s);
}
