/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/error.h"
#include "manager/manager.h"

#define PREFIX BUS_PATH "/transfer"
#define INTERFACE BUS_INTERFACE("Transfer")

int transfer_dbus_path(const Transfer *t, char **ret) {
        return string_format(ret, PREFIX "/_%u", t->id);
}

static Transfer *transfer_at(Service *s, const char *path) {
        const char *rest = startswith(path, PREFIX "/_");
        uint32_t id;

        return rest && parse_u32(rest, &id) >= 0 ? transfer_find(s->engine, id) : NULL;
}

static int method_cancel(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *const details[] = { "verb", "cancel", NULL };
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        Transfer *t;
        int r;

        r = polkit_check(s->polkit, call, "org.creel1.manage-images", details, method_cancel, s, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        t = transfer_at(s, sd_bus_message_get_path(call));
        if (!t) {
                (void) failure_set(&f, FAILURE_NO_SUCH_TRANSFER, "the transfer is over");
                return bus_error_set_failure(error, &f);
        }
        transfer_cancel(t);
        return sd_bus_reply_method_return(call, NULL);
}

static int append_layers(sd_bus_message *reply, const Transfer *t) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sstt)");
        for (size_t k = 0; k < t->n_layers && r >= 0; k++) {
                const TransferLayer *l = t->layers + k;
                uint64_t bytes = l->state == LAYER_PRESENT || l->state == LAYER_DONE ? l->size_bytes
                                                                                     : l->fetched_bytes;

                r = sd_bus_message_append(reply, "(sstt)", l->digest.string, layer_state_to_string(l->state),
                                          bytes, l->size_bytes);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Transfer *t = transfer_at(userdata, path);

        if (!t)
                return -ENOENT;
        if (streq(property, "Id"))
                return sd_bus_message_append(reply, "u", t->id);
        if (streq(property, "Type"))
                return sd_bus_message_append(reply, "s", "pull");
        if (streq(property, "Reference"))
                return sd_bus_message_append(reply, "s", t->reference);
        if (streq(property, "State"))
                return sd_bus_message_append(reply, "s", transfer_state_to_string(t->state));
        if (streq(property, "Progress"))
                return sd_bus_message_append(reply, "d", transfer_progress(t));
        if (streq(property, "Layers"))
                return append_layers(reply, t);
        return -ENOENT;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "u", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Type", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Reference", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Progress", "d", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Layers", "a(sstt)", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

void transfer_dbus_changed(Service *s, Transfer *t) {
        _cleanup_free_ char *path = NULL;

        if (transfer_dbus_path(t, &path) >= 0)
                (void) sd_bus_emit_properties_changed(s->bus, path, INTERFACE, "State", "Progress", "Layers",
                                                      NULL);
}

static int find_transfer(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
                         sd_bus_error *error) {
        if (!transfer_at(userdata, path))
                return 0;
        *ret = userdata;
        return 1;
}

static int enumerate_transfers(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
                               sd_bus_error *error) {
        _cleanup_strv_free_ char **paths = NULL;
        Service *s = userdata;

        LIST_FOREACH(transfers, t, s->engine->transfers) {
                char *path;
                int r;

                r = transfer_dbus_path(t, &path);
                if (r >= 0)
                        r = strv_consume(&paths, path);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(paths);
        return 1;
}

int transfer_dbus_register(Service *s) {
        int r;

        r = sd_bus_add_fallback_vtable(s->bus, NULL, PREFIX, INTERFACE, vtable, find_transfer, s);
        return r < 0 ? r : sd_bus_add_node_enumerator(s->bus, NULL, PREFIX, enumerate_transfers, s);
}
