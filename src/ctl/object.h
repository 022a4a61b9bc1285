/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ctl/client.h"

/* creeld's objects as structs: their D-Bus properties, owned. A property that creeld did not send is 0 or
 * NULL. */

typedef struct ContainerInfo {
        char *path, *id, *name, *image, *image_id, *state, *error, *unit, *control_group;
        char *restart_policy, *health;
        char **command, **labels; /* labels: "key=value" */
        uint64_t restart_count;
        bool tty, auto_remove, oom_killed;
        uint64_t created_usec, state_changed_usec, started_usec, finished_usec;
        int32_t exit_code; /* -1: never ran */
        uint32_t leader, supervisor;
} ContainerInfo;

typedef struct ImageInfo {
        char *path, *id, *manifest_digest, *architecture, *os;
        char **tags, **layers, **labels;
        uint64_t size_bytes, created_usec;
} ImageInfo;

typedef struct ManagerInfo {
        char *version, *store_path, *runtime_path, *kernel_version, *systemd_version;
        char **cgroup_controllers, **security_features;
        uint32_t n_containers, n_containers_running, n_images;
} ManagerInfo;

typedef struct ObjectList {
        ContainerInfo **containers;
        size_t n_containers, n_containers_allocated;
        ImageInfo **images;
        size_t n_images, n_images_allocated;
} ObjectList;

ContainerInfo *container_info_free(ContainerInfo *i);
DEFINE_CLEANUP(ContainerInfo, container_info_free)
ImageInfo *image_info_free(ImageInfo *i);
DEFINE_CLEANUP(ImageInfo, image_info_free)
ManagerInfo *manager_info_free(ManagerInfo *i);
DEFINE_CLEANUP(ManagerInfo, manager_info_free)
ObjectList *object_list_free(ObjectList *l);
DEFINE_CLEANUP(ObjectList, object_list_free)

/* All containers and images, by one call; newest first. */
int object_list_get(Ctl *c, ObjectList **ret, Failure *f);
/* The same out of a{oa{sa{sv}}}, at which @m stands. -EBADMSG or sd-bus's errors: not that. */
int object_list_read(sd_bus_message *m, ObjectList **ret);

int container_info_get(Ctl *c, const char *path, ContainerInfo **ret, Failure *f);
int manager_info_get(Ctl *c, ManagerInfo **ret, Failure *f);

/* Reads the a{sv} of PropertiesChanged into @info, replacing what it has. */
int container_info_update(ContainerInfo *info, sd_bus_message *m);

/* The container runs, or will go on without anybody's doing. */
bool container_info_is_active(const ContainerInfo *info);

/* Newest first, by creation time. */
void object_list_sort(ObjectList *l);
