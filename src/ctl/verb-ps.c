/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/describe.h"
#include "ctl/filter.h"
#include "ctl/object.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "spec/json.h"

#define COMMAND_COLUMNS 24

static bool arg_all, arg_no_trunc, arg_latest;
static uint64_t arg_last; /* 0: all */
static char **arg_filters;

const Option ps_options[] = {
        { "all", 'a', NULL, "Show those that do not run, too", option_set_flag, &arg_all },
        { "no-trunc", 0, NULL, "Show ids and commands in full", option_set_flag, &arg_no_trunc },
        { "filter", 'f', "KEY=VALUE", "Only those that match", option_set_strv, &arg_filters },
        { "last", 'n', "NUMBER", "Only so many of those that were created last, in any state",
          option_set_count, &arg_last },
        { "latest", 'l', NULL, "Only the one that was created last, in any state", option_set_flag,
          &arg_latest },
        {},
};

/* The keys that scripts know from docker and podman, and their word for the state. */
static int container_to_json(const ContainerInfo *info, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        char status[128];
        int r;

        if (!o)
                return -ENOMEM;
        describe_status(status, sizeof(status), info, clock_now_realtime_usec());
        r = json_add_string(o, "Id", info->id);
        if (r >= 0)
                r = json_add_strv(o, "Names", (char *[]){ info->name, NULL });
        if (r >= 0)
                r = json_add_string(o, "Image", strempty(info->image));
        if (r >= 0)
                r = json_add_string(o, "ImageID", strempty(info->image_id));
        if (r >= 0)
                r = info->command && *info->command ? json_add_strv(o, "Command", info->command)
                                                    : json_add(o, "Command", json_object_new_array());
        if (r >= 0)
                r = output_add_time(o, "Created", info->created_usec);
        if (r >= 0)
                r = json_add_string(o, "State", streq(info->state, "stopped") ? "exited" : info->state);
        if (r >= 0)
                r = json_add_string(o, "Status", status);
        if (r >= 0)
                r = json_add_i64(o, "ExitCode", info->exit_code);
        if (r >= 0)
                r = json_add_u64(o, "Pid", info->leader);
        if (r >= 0)
                r = info->labels && *info->labels ? json_add_string_map(o, "Labels", info->labels)
                                                  : json_add(o, "Labels", json_object_new_object());
        if (r >= 0)
                r = json_add_boolean(o, "AutoRemove", info->auto_remove);
        if (r >= 0)
                r = json_add_string(o, "Health", strempty(info->health));
        if (r >= 0)
                r = json_add_boolean(o, "Exited", streq(info->state, "stopped"));
        if (r >= 0)
                r = json_add_u64(o, "Restarts", info->restart_count);
        if (r >= 0)
                r = output_add_time(o, "StartedAt", info->started_usec);
        if (r >= 0)
                r = output_add_time(o, "ExitedAt", info->finished_usec);
        if (r >= 0)
                r = json_add(o, "Ports", json_object_new_array());
        if (r >= 0)
                r = json_add(o, "Networks", json_object_new_array());
        if (r >= 0)
                r = json_add_string(o, "Unit", strempty(info->unit));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

/* For templates everything is text, as docker and podman give it: {{.Names}} is "web", not "[web]". */
static int container_to_text(const ContainerInfo *info, json_object **ret) {
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *command = NULL, *labels = NULL;
        char id[80], created[64];
        int r;

        r = container_to_json(info, &o);
        if (r >= 0)
                r = describe_command(info->command, arg_no_trunc ? 0 : COMMAND_COLUMNS, &command);
        if (r >= 0)
                r = strv_join(info->labels, ",", &labels);
        if (r >= 0)
                r = json_add_string(o, "ID", describe_id(id, sizeof(id), info->id, arg_no_trunc));
        if (r >= 0)
                r = json_add_string(o, "Names", info->name);
        if (r >= 0)
                r = json_add_string(o, "Command", command);
        if (r >= 0)
                r = json_add_string(o, "Labels", labels);
        if (r >= 0)
                r = json_add_string(o, "Ports", "");
        if (r >= 0)
                r = json_add_string(o, "Networks", "");
        if (r >= 0)
                r = json_add_string(o, "CreatedAt",
                                    json_object_get_string(json_object_object_get(o, "Created")));
        if (r >= 0)
                r = json_add_string(o, "RunningFor",
                                    clock_format_ago(created, sizeof(created), info->created_usec,
                                                     clock_now_realtime_usec()));
        if (r >= 0)
                r = json_add_string(o, "Created",
                                    clock_format_ago(created, sizeof(created), info->created_usec,
                                                     clock_now_realtime_usec()));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static bool is_wanted(const ContainerInfo *info) {
        bool any = arg_all || arg_last > 0;

        STRV_FOREACH (i, arg_filters)
                any |= startswith(*i, "status=") || startswith(*i, "exited=");
        return (any || container_info_is_active(info)) && filter_match(arg_filters, info);
}

/* Drops what is not to be shown; the newest comes first. */
static void keep_wanted(ObjectList *l) {
        size_t n = 0;

        for (size_t i = 0; i < l->n_containers; i++)
                if ((arg_last == 0 || n < arg_last) && is_wanted(l->containers[i]))
                        l->containers[n++] = l->containers[i];
                else
                        (void) container_info_free(l->containers[i]);
        l->n_containers = n;
}

static int print_objects(Ctl *c, const ObjectList *l, Failure *f) {
        _cleanup_json_ json_object *rows = json_object_new_array();
        const char *template = ctl_template(c);

        if (!rows)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_containers; i++) {
                json_object *o;
                int r;

                r = template ? container_to_text(l->containers[i], &o)
                             : container_to_json(l->containers[i], &o);
                if (r < 0)
                        return r;
                if (json_object_array_add(rows, o) < 0) {
                        (void) json_object_put(o);
                        return -ENOMEM;
                }
        }
        return template ? output_template(rows, template, !c->no_legend, f) : output_json(rows, f);
}

static int print_table(Ctl *c, const ObjectList *l) {
        static const char *const headers[] = { "CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
                                               "STATUS",       "NAMES", NULL };
        _cleanup_(table_freep) Table *t = NULL;
        uint64_t now = clock_now_realtime_usec();
        int r;

        r = table_new(headers, &t);
        for (size_t i = 0; r >= 0 && i < l->n_containers; i++) {
                const ContainerInfo *info = l->containers[i];
                _cleanup_free_ char *command = NULL;
                char buf[128];

                r = describe_command(info->command, arg_no_trunc ? 0 : COMMAND_COLUMNS, &command);
                if (r >= 0)
                        r = table_add(t, describe_id(buf, sizeof(buf), info->id, arg_no_trunc));
                if (r >= 0)
                        r = table_add(t, info->image);
                if (r >= 0)
                        r = table_add(t, command);
                if (r >= 0)
                        r = table_add(t, clock_format_ago(buf, sizeof(buf), info->created_usec, now));
                if (r >= 0)
                        r = table_add(t, describe_status(buf, sizeof(buf), info, now));
                if (r >= 0)
                        r = table_add(t, info->name);
        }
        return r < 0 ? r : table_print(t, !c->no_legend, stdout);
}

int verb_ps(Ctl *c, char **operands, Failure *f) {
        _cleanup_(object_list_freep) ObjectList *l = NULL;
        char id[80];
        int r;

        r = filter_check(arg_filters, f);
        if (r >= 0)
                r = object_list_get(c, &l, f);
        if (r >= 0)
                r = filter_resolve(arg_filters, l, f);
        if (r < 0)
                return r;
        if (arg_latest)
                arg_last = 1;
        keep_wanted(l);
        if (!c->quiet)
                return c->format && !streq(c->format, "table") ? print_objects(c, l, f) : print_table(c, l);
        for (size_t i = 0; i < l->n_containers; i++)
                (void) printf("%s\n", describe_id(id, sizeof(id), l->containers[i]->id, arg_no_trunc));
        return 0;
}
