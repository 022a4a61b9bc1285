/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/error.h"
#include "engine/volume.h"
#include "manager/manager.h"

#define LABELS_MAX 1024

static int read_labels(sd_bus_message *m, char ***labels, Failure *f) {
        const char *key, *value;
        int r;

        r = sd_bus_message_enter_container(m, 'v', "a{ss}");
        if (r < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option labels: must be a dictionary (a{ss})");
        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        while (r >= 0 && (r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0) {
                _cleanup_free_ char *pair = NULL;

                if (!*key || strchr(key, '=') || strv_length(*labels) >= LABELS_MAX)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option labels: a key is empty or holds '=', or there are more "
                                           "than %d",
                                           LABELS_MAX);
                r = string_format(&pair, "%s=%s", key, value);
                if (r >= 0)
                        r = strv_env_set(labels, pair);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_create_option(sd_bus_message *m, const char *key, char ***labels, Failure *f) {
        const char *driver;

        if (streq(key, "labels"))
                return read_labels(m, labels, f);
        if (streq(key, "driver")) {
                if (sd_bus_message_read(m, "v", "s", &driver) < 0 || !streq(driver, "local"))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option driver: must be 'local' (s)");
                return 0;
        }
        return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: no such option", key);
}

static int read_create(sd_bus_message *m, const char **name, char ***labels, Failure *f) {
        const char *key;
        int r;

        r = sd_bus_message_read(m, "s", name);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = read_create_option(m, key, labels, f);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int volume_dbus_create(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *details[] = { "volume", NULL, "verb", "create", NULL };
        _cleanup_strv_free_ char **labels = NULL;
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *path = NULL;
        Service *s = userdata;
        const char *name;
        Volume *v;
        int r;

        r = read_create(call, &name, &labels, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        details[1] = name;
        r = polkit_check(s->polkit, call, "org.creel1.manage-volumes", details, volume_dbus_create, s,
                         error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = volume_create(s->engine, *name ? name : NULL, labels, &v, &f);
        if (r >= 0)
                r = volume_path(v, &path);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        return sd_bus_reply_method_return(call, "ss", v->record->name, path);
}

int volume_dbus_remove(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const char *details[] = { "volume", NULL, "verb", "remove", NULL };
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        const char *name;
        Volume *v;
        int r;

        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        details[1] = name;
        r = polkit_check(s->polkit, call, "org.creel1.manage-volumes", details, volume_dbus_remove, s,
                         error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = volume_find(s->engine, name, &v, &f);
        if (r >= 0)
                r = volume_remove(v, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        return sd_bus_reply_method_return(call, "");
}

static int append_volume(sd_bus_message *m, const Volume *v) {
        _cleanup_strv_free_ char **users = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = volume_path(v, &path);
        if (r >= 0)
                r = volume_users(v, &users);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sssta{ss}bas");
        if (r >= 0)
                r = sd_bus_message_append(m, "ssst", v->record->name, v->record->driver, path,
                                          v->record->created_usec);
        if (r >= 0)
                r = append_string_map(m, v->record->labels);
        if (r >= 0)
                r = sd_bus_message_append(m, "b", (int) v->record->anonymous);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, users);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int volume_dbus_list(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Service *s = userdata;
        Volume *v;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sssta{ss}bas)");
        HASHMAP_FOREACH(v, s->engine->volumes)
                if (r >= 0)
                        r = append_volume(reply, v);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
