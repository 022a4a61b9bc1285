/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/client.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "spec/json.h"

static bool arg_all, arg_force, arg_ignore;
static const char *arg_driver = "local";
static char **arg_labels, **arg_filters;

const Option volume_options[] = {
        { "driver", 'd', "DRIVER", "With create: must be local", option_set_string, &arg_driver },
        { "label", 'l', "KEY=VALUE", "With create: set a label", option_set_strv, &arg_labels },
        { "ignore", 0, NULL, "With create: a volume of that name may exist", option_set_flag, &arg_ignore },
        { "all", 'a', NULL, "With rm and inspect: all volumes", option_set_flag, &arg_all },
        { "force", 'f', NULL, "With rm: remove the containers that use it; with prune: do not ask",
          option_set_flag, &arg_force },
        { "filter", 0, "KEY=VALUE", "With ls and prune: name, label, driver, anonymous or dangling",
          option_set_strv, &arg_filters },
        {},
};

typedef struct VolumeInfo {
        char *name, *driver, *mountpoint;
        uint64_t created_usec;
        char **labels, **users;
        bool anonymous;
} VolumeInfo;

typedef struct VolumeList {
        VolumeInfo *volumes;
        size_t n;
} VolumeList;

static void volume_list_done(VolumeList *l) {
        for (size_t i = 0; i < l->n; i++) {
                VolumeInfo *v = l->volumes + i;

                free(v->name);
                free(v->driver);
                free(v->mountpoint);
                (void) strv_free(v->labels);
                (void) strv_free(v->users);
        }
        free(l->volumes);
}

static int read_labels(sd_bus_message *m, char ***ret) {
        const char *key, *value;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        while (r >= 0 && (r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0) {
                char *pair;

                r = string_format(&pair, "%s=%s", key, value);
                if (r >= 0)
                        r = strv_consume(ret, pair);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_volume(sd_bus_message *m, VolumeInfo *v) {
        const char *name, *driver, *mountpoint;
        int anonymous, r;

        r = sd_bus_message_read(m, "ssst", &name, &driver, &mountpoint, &v->created_usec);
        if (r >= 0)
                r = string_set(&v->name, name);
        if (r >= 0)
                r = string_set(&v->driver, driver);
        if (r >= 0)
                r = string_set(&v->mountpoint, mountpoint);
        if (r >= 0)
                r = read_labels(m, &v->labels);
        if (r >= 0)
                r = sd_bus_message_read(m, "b", &anonymous);
        if (r >= 0) {
                v->anonymous = anonymous;
                r = sd_bus_message_read_strv(m, &v->users);
        }
        return r;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(((const VolumeInfo *) a)->name, ((const VolumeInfo *) b)->name);
}

static int list_get(Ctl *c, VolumeList *l, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        int r;

        r = client_call(c, CREEL_BUS_PATH, CREEL_MANAGER, "ListVolumes", &reply, f, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "(sssta{ss}bas)");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "sssta{ss}bas")) > 0) {
                VolumeInfo *more = reallocarray(l->volumes, l->n + 1, sizeof(VolumeInfo));

                if (!more)
                        return -ENOMEM;
                l->volumes = more;
                l->volumes[l->n] = (VolumeInfo){};
                r = read_volume(reply, l->volumes + l->n++);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        if (r < 0)
                return client_failure(NULL, r, f);
        if (l->n > 1)
                qsort(l->volumes, l->n, sizeof(VolumeInfo), compare_names);
        return 0;
}

static bool has_label(const VolumeInfo *v, const char *label) {
        STRV_FOREACH(i, v->labels)
                if (streq(*i, label) || (!strchr(label, '=') && strncmp(*i, label, strlen(label)) == 0 &&
                                         (*i)[strlen(label)] == '='))
                        return true;
        return false;
}

/* -EINVAL: no such filter. */
static int matches(const VolumeInfo *v, const char *filter) {
        const char *value;
        bool yes;

        if ((value = startswith(filter, "name=")))
                return strstr(v->name, value) != NULL;
        if ((value = startswith(filter, "label!=")))
                return !has_label(v, value);
        if ((value = startswith(filter, "label=")))
                return has_label(v, value);
        if ((value = startswith(filter, "driver=")))
                return streq(v->driver, value);
        if ((value = startswith(filter, "anonymous=")) && parse_boolean(value, &yes) >= 0)
                return v->anonymous == yes;
        if ((value = startswith(filter, "dangling=")) && parse_boolean(value, &yes) >= 0)
                return !v->users == yes;
        return -EINVAL;
}

static int passes(const VolumeInfo *v, Failure *f) {
        int all = 1;

        STRV_FOREACH(i, arg_filters) {
                int r = matches(v, *i);

                if (r < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--filter' has '%s': must be name=, label=, label!=, "
                                           "driver=, "
                                           "anonymous=true or dangling=true",
                                           *i);
                all &= r;
        }
        return all;
}

static int volume_to_json(const VolumeInfo *v, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "Name", v->name);
        if (r >= 0)
                r = json_add_string(o, "Driver", v->driver);
        if (r >= 0)
                r = json_add_string(o, "Mountpoint", v->mountpoint);
        if (r >= 0)
                r = output_add_time(o, "CreatedAt", v->created_usec);
        if (r >= 0)
                r = v->labels ? json_add_string_map(o, "Labels", v->labels)
                              : json_add(o, "Labels", json_object_new_object());
        if (r >= 0)
                r = json_add_string(o, "Scope", "local");
        if (r >= 0)
                r = json_add(o, "Options", json_object_new_object());
        if (r >= 0)
                r = json_add_boolean(o, "Anonymous", v->anonymous);
        if (r >= 0)
                r = v->users ? json_add_strv(o, "Containers", v->users)
                             : json_add(o, "Containers", json_object_new_array());
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static int print_objects(Ctl *c, json_object *rows, Failure *f) {
        const char *template = ctl_template(c);

        return template ? output_template(rows, template, !c->no_legend, f) : output_json(rows, f);
}

static int add_object(json_object *rows, const VolumeInfo *v) {
        json_object *o;
        int r;

        r = volume_to_json(v, &o);
        if (r >= 0 && json_object_array_add(rows, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        return r;
}

static int volume_ls(Ctl *c, char **operands, Failure *f) {
        static const char *const headers[] = { "DRIVER", "VOLUME NAME", NULL };
        _cleanup_json_ json_object *rows = json_object_new_array();
        _cleanup_(volume_list_done) VolumeList l = {};
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        if (!rows)
                return -ENOMEM;
        if (operands[0])
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'volume ls' takes no names; use --filter name=...");
        r = list_get(c, &l, f);
        if (r >= 0)
                r = table_new(headers, &t);
        for (size_t i = 0; i < l.n && r >= 0; i++) {
                r = passes(l.volumes + i, f);
                if (r <= 0)
                        continue;
                if (c->quiet)
                        (void) printf("%s\n", l.volumes[i].name);
                r = table_add(t, l.volumes[i].driver);
                if (r >= 0)
                        r = table_add(t, l.volumes[i].name);
                if (r >= 0)
                        r = add_object(rows, l.volumes + i);
        }
        if (r < 0 || c->quiet)
                return r < 0 ? r : 0;
        return c->format && !streq(c->format, "table") ? print_objects(c, rows, f)
                                                       : table_print(t, !c->no_legend, stdout);
}

static int append_labels(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "labels");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a{ss}");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{ss}");
        STRV_FOREACH(i, arg_labels) {
                _cleanup_free_ char *key = strndup(*i, strcspn(*i, "="));

                if (!key)
                        return -ENOMEM;
                if (r >= 0)
                        r = sd_bus_message_append(m, "{ss}", key,
                                                  (*i)[strlen(key)] ? *i + strlen(key) + 1 : "");
        }
        for (int i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int create_one(Ctl *c, const char *name, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *made;
        int r;

        r = client_new_call(c, CREEL_BUS_PATH, CREEL_MANAGER, "CreateVolume", &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "driver", "s", arg_driver);
        if (r >= 0 && arg_labels)
                r = append_labels(m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return client_failure(NULL, r, f);
        r = client_send(c, m, &reply, f);
        if (r < 0 && arg_ignore && f->kind == FAILURE_NAME_IN_USE) {
                failure_done(f);
                (void) printf("%s\n", name);
                return 0;
        }
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &made);
        if (r < 0)
                return f->text ? r : client_failure(NULL, r, f);
        (void) printf("%s\n", made);
        return 0;
}

static int volume_create(Ctl *c, char **operands, Failure *f) {
        if (operands[0] && operands[1])
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'volume create' takes one name at most");
        return create_one(c, operands[0] ?: "", f);
}

static const VolumeInfo *list_find(const VolumeList *l, const char *name) {
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->volumes[i].name, name))
                        return l->volumes + i;
        return NULL;
}

static int volume_inspect(Ctl *c, char **operands, Failure *f) {
        _cleanup_json_ json_object *rows = json_object_new_array();
        _cleanup_(volume_list_done) VolumeList l = {};
        int r;

        if (!rows)
                return -ENOMEM;
        if (!operands[0] == !arg_all)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'volume inspect' needs NAME... or --all");
        r = list_get(c, &l, f);
        for (size_t i = 0; i < l.n && r >= 0 && arg_all; i++)
                r = add_object(rows, l.volumes + i);
        STRV_FOREACH(i, operands) {
                const VolumeInfo *v = r >= 0 ? list_find(&l, *i) : NULL;

                if (r >= 0 && !v)
                        return failure_set(f, FAILURE_NO_SUCH_VOLUME,
                                           "%s: no such volume; 'creelctl volume ls' lists them", *i);
                if (r >= 0)
                        r = add_object(rows, v);
        }
        return r < 0 ? r : print_objects(c, rows, f);
}

static int volume_exists(Ctl *c, char **operands, Failure *f) {
        _cleanup_(volume_list_done) VolumeList l = {};
        int r;

        if (!operands[0] || operands[1])
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'volume exists' takes one name");
        r = list_get(c, &l, f);
        return r < 0 ? r : !list_find(&l, operands[0]);
}

/* --force takes away the containers that use the volume, too. */
static int remove_users(Ctl *c, const VolumeInfo *v, Failure *f) {
        STRV_FOREACH(i, v ? v->users : NULL) {
                _cleanup_free_ char *path = NULL;
                int r;

                r = client_find_container(c, *i, &path, f);
                if (r >= 0)
                        r = client_call(c, path, "org.creel1.Container", "Remove", NULL, f, "a{sv}", 1,
                                        "force", "b", 1);
                if (r < 0 && f->kind != FAILURE_NO_SUCH_CONTAINER)
                        return r;
                failure_done(f);
        }
        return 0;
}

static int remove_one(Ctl *c, const VolumeList *l, const char *name, Failure *f) {
        int r;

        r = arg_force ? remove_users(c, list_find(l, name), f) : 0;
        if (r >= 0)
                r = client_call(c, CREEL_BUS_PATH, CREEL_MANAGER, "RemoveVolume", NULL, f, "s", name);
        if (r < 0 && arg_force && f->kind == FAILURE_NO_SUCH_VOLUME) {
                failure_done(f);
                return 0;
        }
        if (r >= 0)
                (void) printf("%s\n", name);
        return r;
}

static int volume_rm(Ctl *c, char **operands, Failure *f) {
        _cleanup_(volume_list_done) VolumeList l = {};
        int status = 0, r;

        if (!operands[0] == !arg_all)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'volume rm' needs NAME... or --all");
        r = list_get(c, &l, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < l.n && arg_all; i++) {
                r = remove_one(c, &l, l.volumes[i].name, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
        }
        STRV_FOREACH(i, operands) {
                r = remove_one(c, &l, *i, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
        }
        return status;
}

static bool confirmed(void) {
        char line[8];

        if (arg_force)
                return true;
        (void) fprintf(stderr, "All volumes that no container uses are going to be removed. Go on? [y/N] ");
        return fgets(line, sizeof(line), stdin) && (*line == 'y' || *line == 'Y');
}

static int volume_prune(Ctl *c, char **operands, Failure *f) {
        _cleanup_(volume_list_done) VolumeList l = {};
        int status = 0, r;

        if (operands[0])
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'volume prune' takes no names; use 'volume rm'");
        r = list_get(c, &l, f);
        for (size_t i = 0; i < l.n && r >= 0; i++)
                r = passes(l.volumes + i, f);
        if (r < 0 || !confirmed())
                return r < 0 ? r : 0;
        arg_force = false;
        for (size_t i = 0; i < l.n; i++) {
                if (l.volumes[i].users || passes(l.volumes + i, f) <= 0)
                        continue;
                r = remove_one(c, &l, l.volumes[i].name, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
        }
        return status;
}

int verb_volume(Ctl *c, char **operands, Failure *f) {
        static const struct {
                const char *name;
                verb_run_t run;
        } actions[] = {
                { "create", volume_create },   { "ls", volume_ls },         { "list", volume_ls },
                { "inspect", volume_inspect }, { "exists", volume_exists }, { "rm", volume_rm },
                { "remove", volume_rm },       { "prune", volume_prune },
        };

        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (streq(operands[0], actions[i].name))
                        return actions[i].run(c, operands + 1, f);
        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                           "'volume %s': must be create, ls, inspect, exists, rm or prune", operands[0]);
}
