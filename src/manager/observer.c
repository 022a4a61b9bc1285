/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the engine tells becomes signals, and running containers become machines of systemd-machined. */

#include <stdio.h>

#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "bus/error.h"
#include "engine/root.h"
#include "manager/manager.h"

#define MANAGER_INTERFACE BUS_INTERFACE("Manager")

static void emit_new(Service *s, const char *signal, const char *id, const char *path) {
        (void) sd_bus_emit_object_added(s->bus, path);
        (void) sd_bus_emit_signal(s->bus, BUS_PATH, MANAGER_INTERFACE, signal, "so", id, path);
}

/* sd_bus_emit_object_removed() asks which interfaces the object has, and it is gone by now. */
static void emit_interfaces_removed(Service *s, const char *path, const char *interface) {
        (void) sd_bus_emit_interfaces_removed(s->bus, path, "org.freedesktop.DBus.Peer",
                                              "org.freedesktop.DBus.Introspectable",
                                              "org.freedesktop.DBus.Properties", interface, NULL);
}

static void emit_removed(Service *s, const char *signal, const char *id, const char *path,
                         const char *interface) {
        emit_interfaces_removed(s, path, interface);
        (void) sd_bus_emit_signal(s->bus, BUS_PATH, MANAGER_INTERFACE, signal, "so", id, path);
}

static void on_container_new(Container *c, void *userdata) {
        _cleanup_free_ char *path = NULL;

        if (container_dbus_path(c, &path) >= 0)
                emit_new(userdata, "ContainerNew", c->record->id, path);
}

static void on_container_removed(Container *c, void *userdata) {
        _cleanup_free_ char *path = NULL;

        if (container_dbus_path(c, &path) >= 0)
                emit_removed(userdata, "ContainerRemoved", c->record->id, path, BUS_INTERFACE("Container"));
}

static void on_container_changed(Container *c, void *userdata) {
        container_dbus_changed(userdata, c);
}

static void machine_spec(const Container *c, char machine_id[static 33], MachineSpec *ret) {
        if (container_is_system(c))
                root_machine_id(c->engine, c->record, machine_id);
        else
                (void) snprintf(machine_id, 33, "%.32s", c->record->id);
        *ret = (MachineSpec){
                .name = c->record->name,
                .machine_id = machine_id,
                .leader = c->leader,
                .leader_pidfd = c->leader_pidfd,
                .root_directory =
                                c->record->rootfs && !root_is_overlay(c->record) ? c->record->rootfs : NULL,
        };
}

static void on_container_started(Container *c, void *userdata) {
        char machine_id[33];
        MachineSpec spec;
        Service *s = userdata;
        int r;

        machine_spec(c, machine_id, &spec);
        r = machine_register(s->machines, &spec);
        if (r < 0)
                log_debug_errno(r, "Cannot register container %s with systemd-machined, ignoring: %m",
                                c->record->name);
}

static void on_container_renamed(Container *c, const char *old, void *userdata) {
        char machine_id[33];
        MachineSpec spec;
        Service *s = userdata;
        int r;

        machine_spec(c, machine_id, &spec);
        r = machine_rename(s->machines, old, &spec);
        if (r < 0)
                log_debug_errno(r, "Cannot rename container %s in systemd-machined, ignoring: %m",
                                c->record->name);
}

static void on_container_found(Container *c, void *userdata) {
        Service *s = userdata;

        (void) machine_adopt(s->machines, c->record->name, c->leader);
}

static bool container_is_leaving(Container *c, void *userdata) {
        Service *s = userdata;

        return machine_is_leaving(s->machines, c->record->name);
}

void observer_machine_left(const char *name, void *userdata) {
        Service *s = userdata;
        Container *c = hashmap_get(s->engine->containers_by_name, name);

        if (c)
                container_resume_start(c);
}

static void on_container_exited(Container *c, void *userdata) {
        Service *s = userdata;

        /* machined would notice by the scope, but too late for a container that is started again at once */
        (void) machine_unregister(s->machines, c->record->name);
}

static void on_execs_changed(Container *c, void *userdata) {
        container_dbus_execs_changed(userdata, c);
}

static void on_image_new(Image *i, void *userdata) {
        _cleanup_free_ char *path = NULL;

        if (image_dbus_path(i, &path) >= 0)
                emit_new(userdata, "ImageNew", i->record->config_digest.string, path);
}

static void on_image_removed(Image *i, void *userdata) {
        _cleanup_free_ char *path = NULL;

        if (image_dbus_path(i, &path) >= 0)
                emit_removed(userdata, "ImageRemoved", i->record->config_digest.string, path,
                             BUS_INTERFACE("Image"));
}

static void on_image_changed(Image *i, void *userdata) {
        image_dbus_changed(userdata, i);
}

static void on_transfer_new(Transfer *t, void *userdata) {
        _cleanup_free_ char *path = NULL;
        Service *s = userdata;

        if (transfer_dbus_path(t, &path) < 0)
                return;
        (void) sd_bus_emit_object_added(s->bus, path);
        (void) sd_bus_emit_signal(s->bus, BUS_PATH, MANAGER_INTERFACE, "TransferNew", "uo", t->id, path);
}

static void on_transfer_changed(Transfer *t, void *userdata) {
        transfer_dbus_changed(userdata, t);
}

static void on_transfer_removed(Transfer *t, void *userdata) {
        bool good = t->result == TRANSFER_RESULT_DONE || t->result == TRANSFER_RESULT_UNCHANGED;
        _cleanup_free_ char *path = NULL, *error = NULL;
        Service *s = userdata;

        if (transfer_dbus_path(t, &path) < 0)
                return;
        if (!good &&
            string_format(&error, BUS_ERROR_PREFIX "%s", failure_kind_to_string(t->failure.kind)) < 0)
                return;
        emit_interfaces_removed(s, path, BUS_INTERFACE("Transfer"));
        (void) sd_bus_emit_signal(s->bus, BUS_PATH, MANAGER_INTERFACE, "TransferRemoved", "uossss", t->id,
                                  path, transfer_result_to_string(t->result), good ? t->image_id.string : "",
                                  strempty(error), good ? "" : strempty(t->failure.text));
}

static void on_event(uint64_t time_usec, const char *type, const char *action, const char *id,
                     char *const *attributes, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        Service *s = userdata;
        int r;

        r = sd_bus_message_new_signal(s->bus, &m, BUS_PATH, MANAGER_INTERFACE, "Event");
        if (r >= 0)
                r = sd_bus_message_append(m, "tsss", time_usec, type, action, id);
        if (r >= 0)
                r = append_string_map(m, attributes);
        if (r >= 0)
                r = sd_bus_send(s->bus, m, NULL);
        if (r < 0)
                log_debug_errno(r, "Cannot tell of the event %s %s, ignoring: %m", type, action);
}

const EngineObserver service_observer = {
        .container_new = on_container_new,
        .container_changed = on_container_changed,
        .container_removed = on_container_removed,
        .container_started = on_container_started,
        .container_exited = on_container_exited,
        .container_found = on_container_found,
        .container_is_leaving = container_is_leaving,
        .container_renamed = on_container_renamed,
        .container_execs_changed = on_execs_changed,
        .image_new = on_image_new,
        .image_changed = on_image_changed,
        .image_removed = on_image_removed,
        .transfer_new = on_transfer_new,
        .transfer_changed = on_transfer_changed,
        .transfer_removed = on_transfer_removed,
        .event = on_event,
};
