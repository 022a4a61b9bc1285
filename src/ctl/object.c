/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/object.h"

/* A D-Bus property and where its value goes. */
typedef struct Property {
        const char *name, *type;
        size_t offset;
} Property;

#define PROPERTY(struct_type, name, type, member) \
        { name, type, offsetof(struct_type, member) }

static const Property container_properties[] = {
        PROPERTY(ContainerInfo, "Id", "s", id),
        PROPERTY(ContainerInfo, "Name", "s", name),
        PROPERTY(ContainerInfo, "Image", "s", image),
        PROPERTY(ContainerInfo, "ImageId", "s", image_id),
        PROPERTY(ContainerInfo, "Command", "as", command),
        PROPERTY(ContainerInfo, "Labels", "a{ss}", labels),
        PROPERTY(ContainerInfo, "Tty", "b", tty),
        PROPERTY(ContainerInfo, "AutoRemove", "b", auto_remove),
        PROPERTY(ContainerInfo, "Health", "s", health),
        PROPERTY(ContainerInfo, "RestartPolicy", "s", restart_policy),
        PROPERTY(ContainerInfo, "RestartCount", "t", restart_count),
        PROPERTY(ContainerInfo, "CreatedUSec", "t", created_usec),
        PROPERTY(ContainerInfo, "State", "s", state),
        PROPERTY(ContainerInfo, "StateChangedUSec", "t", state_changed_usec),
        PROPERTY(ContainerInfo, "StartedUSec", "t", started_usec),
        PROPERTY(ContainerInfo, "FinishedUSec", "t", finished_usec),
        PROPERTY(ContainerInfo, "ExitCode", "i", exit_code),
        PROPERTY(ContainerInfo, "OOMKilled", "b", oom_killed),
        PROPERTY(ContainerInfo, "Error", "s", error),
        PROPERTY(ContainerInfo, "Leader", "u", leader),
        PROPERTY(ContainerInfo, "Supervisor", "u", supervisor),
        PROPERTY(ContainerInfo, "Unit", "s", unit),
        PROPERTY(ContainerInfo, "ControlGroup", "s", control_group),
        {},
};

static const Property image_properties[] = {
        PROPERTY(ImageInfo, "Id", "s", id),
        PROPERTY(ImageInfo, "ManifestDigest", "s", manifest_digest),
        PROPERTY(ImageInfo, "Tags", "as", tags),
        PROPERTY(ImageInfo, "SizeBytes", "t", size_bytes),
        PROPERTY(ImageInfo, "CreatedUSec", "t", created_usec),
        PROPERTY(ImageInfo, "Architecture", "s", architecture),
        PROPERTY(ImageInfo, "OS", "s", os),
        PROPERTY(ImageInfo, "Layers", "as", layers),
        PROPERTY(ImageInfo, "Labels", "a{ss}", labels),
        {},
};

static const Property manager_properties[] = {
        PROPERTY(ManagerInfo, "Version", "s", version),
        PROPERTY(ManagerInfo, "StorePath", "s", store_path),
        PROPERTY(ManagerInfo, "RuntimePath", "s", runtime_path),
        PROPERTY(ManagerInfo, "KernelVersion", "s", kernel_version),
        PROPERTY(ManagerInfo, "SystemdVersion", "s", systemd_version),
        PROPERTY(ManagerInfo, "CgroupControllers", "as", cgroup_controllers),
        PROPERTY(ManagerInfo, "SecurityFeatures", "as", security_features),
        PROPERTY(ManagerInfo, "NContainers", "u", n_containers),
        PROPERTY(ManagerInfo, "NContainersRunning", "u", n_containers_running),
        PROPERTY(ManagerInfo, "NImages", "u", n_images),
        {},
};

static void properties_done(const Property *properties, void *object) {
        for (const Property *p = properties; object && p->name; p++) {
                void *value = (char *) object + p->offset;

                if (*p->type == 's')
                        free(*(char **) value);
                else if (*p->type == 'a')
                        (void) strv_free(*(char ***) value);
        }
}

ContainerInfo *container_info_free(ContainerInfo *i) {
        properties_done(container_properties, i);
        if (i)
                free(i->path);
        return mfree(i);
}

ImageInfo *image_info_free(ImageInfo *i) {
        properties_done(image_properties, i);
        if (i)
                free(i->path);
        return mfree(i);
}

ManagerInfo *manager_info_free(ManagerInfo *i) {
        properties_done(manager_properties, i);
        return mfree(i);
}

ObjectList *object_list_free(ObjectList *l) {
        if (!l)
                return NULL;
        for (size_t i = 0; i < l->n_containers; i++)
                (void) container_info_free(l->containers[i]);
        for (size_t i = 0; i < l->n_images; i++)
                (void) image_info_free(l->images[i]);
        free(l->containers);
        free(l->images);
        return mfree(l);
}

static int read_pairs(sd_bus_message *m, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;
        const char *key, *value;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0) {
                char *pair;

                r = string_format(&pair, "%s=%s", key, value);
                if (r >= 0)
                        r = strv_consume(&l, pair);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        (void) strv_free(*ret);
        *ret = TAKE_PTR(l);
        return 0;
}

static int read_value(sd_bus_message *m, const char *type, void *value) {
        char **l = NULL;
        const char *s;
        int truth, r;

        switch (*type) {
        case 's':
                r = sd_bus_message_read_basic(m, 's', &s);
                return r < 0 ? r : string_set(value, s);
        case 'b':
                r = sd_bus_message_read_basic(m, 'b', &truth);
                if (r >= 0)
                        *(bool *) value = truth;
                return r;
        case 'a':
                if (type[1] == '{')
                        return read_pairs(m, value);
                r = sd_bus_message_read_strv(m, &l);
                if (r < 0)
                        return r;
                (void) strv_free(*(char ***) value);
                *(char ***) value = l;
                return 0;
        default:
                return sd_bus_message_read_basic(m, *type, value);
        }
}

static int read_property(sd_bus_message *m, const Property *properties, void *object) {
        const char *name, *type;
        int r;

        r = sd_bus_message_read_basic(m, 's', &name);
        if (r < 0)
                return r;
        for (const Property *p = properties; p->name; p++)
                if (streq(p->name, name)) {
                        r = sd_bus_message_peek_type(m, NULL, &type);
                        if (r < 0 || !streq(type, p->type))
                                return r < 0 ? r : -EBADMSG;
                        r = sd_bus_message_enter_container(m, 'v', type);
                        if (r >= 0)
                                r = read_value(m, type, (char *) object + p->offset);
                        return r < 0 ? r : sd_bus_message_exit_container(m);
                }
        return sd_bus_message_skip(m, "v");
}

static int read_properties(sd_bus_message *m, const Property *properties, void *object) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_property(m, properties, object);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int container_info_update(ContainerInfo *info, sd_bus_message *m) {
        return read_properties(m, container_properties, info);
}

static int read_container(sd_bus_message *m, const char *path, ObjectList *l) {
        _cleanup_(container_info_freep) ContainerInfo *info = new0(ContainerInfo, 1);
        int r;

        if (!info || !GREEDY_REALLOC(l->containers, l->n_containers_allocated, l->n_containers + 1))
                return -ENOMEM;
        r = string_set(&info->path, path);
        if (r >= 0)
                r = read_properties(m, container_properties, info);
        if (r < 0)
                return r;
        if (!info->id || !info->name || !info->state)
                return -EBADMSG;
        l->containers[l->n_containers++] = TAKE_PTR(info);
        return 0;
}

static int read_image(sd_bus_message *m, const char *path, ObjectList *l) {
        _cleanup_(image_info_freep) ImageInfo *info = new0(ImageInfo, 1);
        int r;

        if (!info || !GREEDY_REALLOC(l->images, l->n_images_allocated, l->n_images + 1))
                return -ENOMEM;
        r = string_set(&info->path, path);
        if (r >= 0)
                r = read_properties(m, image_properties, info);
        if (r < 0)
                return r;
        if (!info->id)
                return -EBADMSG;
        l->images[l->n_images++] = TAKE_PTR(info);
        return 0;
}

/* One object's a{sa{sv}}. */
static int read_interfaces(sd_bus_message *m, const char *path, ObjectList *l) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                const char *interface;

                r = sd_bus_message_read_basic(m, 's', &interface);
                if (r < 0)
                        return r;
                if (streq(interface, CREEL_CONTAINER))
                        r = read_container(m, path, l);
                else if (streq(interface, CREEL_IMAGE))
                        r = read_image(m, path, l);
                else
                        r = sd_bus_message_skip(m, "a{sv}");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int newest_container_first(const void *a, const void *b) {
        const ContainerInfo *x = *(ContainerInfo *const *) a, *y = *(ContainerInfo *const *) b;

        return x->created_usec < y->created_usec   ? 1
               : x->created_usec > y->created_usec ? -1
                                                   : strcmp(x->id, y->id);
}

static int newest_image_first(const void *a, const void *b) {
        const ImageInfo *x = *(ImageInfo *const *) a, *y = *(ImageInfo *const *) b;

        return x->created_usec < y->created_usec   ? 1
               : x->created_usec > y->created_usec ? -1
                                                   : strcmp(x->id, y->id);
}

void object_list_sort(ObjectList *l) {
        if (l->n_containers > 1)
                qsort(l->containers, l->n_containers, sizeof(*l->containers), newest_container_first);
        if (l->n_images > 1)
                qsort(l->images, l->n_images, sizeof(*l->images), newest_image_first);
}

int object_list_read(sd_bus_message *m, ObjectList **ret) {
        _cleanup_(object_list_freep) ObjectList *l = new0(ObjectList, 1);
        int r;

        if (!l)
                return -ENOMEM;
        r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
                const char *path;

                r = sd_bus_message_read_basic(m, 'o', &path);
                if (r >= 0)
                        r = read_interfaces(m, path, l);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        object_list_sort(l);
        *ret = TAKE_PTR(l);
        return 0;
}

int object_list_get(Ctl *c, ObjectList **ret, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        int r;

        r = client_call(c, CREEL_BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &reply,
                        f, NULL);
        if (r < 0)
                return r;
        r = object_list_read(reply, ret);
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

static int get_all(Ctl *c, const char *path, const char *interface, const Property *properties, void *object,
                   Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        int r;

        r = client_call(c, path, "org.freedesktop.DBus.Properties", "GetAll", &reply, f, "s", interface);
        if (r < 0)
                return r;
        r = read_properties(reply, properties, object);
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

int container_info_get(Ctl *c, const char *path, ContainerInfo **ret, Failure *f) {
        _cleanup_(container_info_freep) ContainerInfo *info = new0(ContainerInfo, 1);
        int r;

        if (!info)
                return -ENOMEM;
        r = string_set(&info->path, path);
        if (r >= 0)
                r = get_all(c, path, CREEL_CONTAINER, container_properties, info, f);
        if (r < 0)
                return r;
        if (!info->id || !info->name || !info->state)
                return client_failure(NULL, -EBADMSG, f);
        *ret = TAKE_PTR(info);
        return 0;
}

int manager_info_get(Ctl *c, ManagerInfo **ret, Failure *f) {
        _cleanup_(manager_info_freep) ManagerInfo *info = new0(ManagerInfo, 1);
        int r;

        if (!info)
                return -ENOMEM;
        r = get_all(c, CREEL_BUS_PATH, CREEL_MANAGER, manager_properties, info, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(info);
        return 0;
}

bool container_info_is_active(const ContainerInfo *info) {
        return streq(info->state, "running") || streq(info->state, "paused") ||
               streq(info->state, "restarting");
}
