/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus/polkit.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/image.h"
#include "engine/transfer.h"
#include "unit/machine.h"

#define BUS_PATH "/org/creel1"
#define BUS_NAME "org.creel1"
#define BUS_INTERFACE(noun) "org.creel1." noun

/* creeld: the engine, and the system bus it is shown on. */
typedef struct Service {
        sd_event *event;
        sd_bus *bus;
        Engine *engine;
        Polkit *polkit;
        MachineRegistry *machines;
        char *kernel_version, *systemd_version;
        char **cgroup_controllers, **security_features;
} Service;

extern const EngineObserver service_observer;
void observer_machine_left(const char *name, void *userdata);

/* Each adds one noun's interfaces to the bus (noun-dbus.c). */
int manager_dbus_register(Service *s);
int container_dbus_register(Service *s);
int image_dbus_register(Service *s);
int transfer_dbus_register(Service *s);

/* Object paths. */
int container_dbus_path(const Container *c, char **ret);
int image_dbus_path(const Image *i, char **ret);
int transfer_dbus_path(const Transfer *t, char **ret);

/* PropertiesChanged for everything that may have changed. */
void container_dbus_changed(Service *s, Container *c);
void image_dbus_changed(Service *s, Image *i);
void transfer_dbus_changed(Service *s, Transfer *t);

/* In life-dbus.c: methods of the container's interface. */
int method_restart(sd_bus_message *call, void *userdata, sd_bus_error *error);
int method_pause(sd_bus_message *call, void *userdata, sd_bus_error *error);
int method_unpause(sd_bus_message *call, void *userdata, sd_bus_error *error);
int method_rename(sd_bus_message *call, void *userdata, sd_bus_error *error);
int method_run_healthcheck(sd_bus_message *call, void *userdata, sd_bus_error *error);

/* One option of a{sv}: 1: taken, 0: not one of these. */
typedef int (*job_option_reader_t)(sd_bus_message *m, const char *key, JobParameters *p, Failure *f);
int container_dbus_read_stop_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f);
/* Reads the options and queues the job, whose end answers the call. */
int container_dbus_enqueue(Service *s, sd_bus_message *call, Container *c, JobType type,
                           job_option_reader_t reader, sd_bus_error *error);

/* In volume-dbus.c: methods of the manager's interface. */
int volume_dbus_create(sd_bus_message *call, void *userdata, sd_bus_error *error);
int volume_dbus_remove(sd_bus_message *call, void *userdata, sd_bus_error *error);
int volume_dbus_list(sd_bus_message *call, void *userdata, sd_bus_error *error);

/* In exec-dbus.c: methods of the container's interface. */
int method_exec(sd_bus_message *call, void *userdata, sd_bus_error *error);
int method_attach(sd_bus_message *call, void *userdata, sd_bus_error *error);

/* The container of @call, when its sender may do @action; as polkit_check() otherwise. */
int container_dbus_authorize(Service *s, sd_bus_message *call, const char *action, const char *verb,
                             sd_bus_message_handler_t again, Container **ret, sd_bus_error *error);
/* PropertiesChanged for ExecIds alone. */
void container_dbus_execs_changed(Service *s, Container *c);
/* Methods of resource-dbus.c. */
int container_dbus_update(sd_bus_message *call, void *userdata, sd_bus_error *error);
int container_dbus_get_stats(sd_bus_message *call, void *userdata, sd_bus_error *error);
int container_dbus_get_processes(sd_bus_message *call, void *userdata, sd_bus_error *error);

/* A job's end answers the method call @userdata (a reference that is dropped) without arguments. */
int container_dbus_power_off(sd_bus_message *call, void *userdata, sd_bus_error *error);
int container_dbus_reboot(sd_bus_message *call, void *userdata, sd_bus_error *error);
void container_dbus_reply(Container *c, const Failure *f, void *userdata);

/* Reads the fds of a start out of one option, when @key is one of them. 0: it is not. */
int container_dbus_read_start_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f);
/* The same for what the command gets besides its streams (start-dbus.c). */
int start_dbus_read_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f);

/* Writes "key=value" strings as a{ss}. */
int append_string_map(sd_bus_message *m, char *const *pairs);

/* What "HostConfig" says of resources (resources.c). */
int inspect_add_resources(json_object *o, const ContainerSpec *s);
/* docker's and podman's inspect documents (inspect.c). */
int inspect_container(const Container *c, char **ret);
int inspect_image(const Image *i, char **ret);
/* Parts of it about mounts: "Mounts", and "Tmpfs" and "Devices" of the object "HostConfig" (mounts.c). */
int inspect_mounts(const Container *c, json_object *o);
int inspect_tmpfs(const Container *c, json_object *o);
int inspect_devices(const Container *c, json_object *o);
/* "NetworkSettings", and what the object "HostConfig" says of networks (network.c). */
int inspect_network(const Container *c, json_object *o);
int inspect_network_config(const Container *c, json_object *o);
