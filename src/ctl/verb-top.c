/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "spec/json.h"
#include "spec/process-column.h"

static bool arg_list;

const Option top_options[] = {
        { "list-descriptors", 0, NULL, "List what can be shown", option_set_flag, &arg_list },
        {},
};

static int call(Ctl *c, const char *path, char *const *columns, sd_bus_message **ret, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        int r;

        r = client_new_call(c, path, CREEL_CONTAINER, "GetProcesses", &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(m, (char **) columns);
        return r < 0 ? client_failure(NULL, r, f) : client_send(c, m, ret, f);
}

static int print_table(Ctl *c, char *const *titles, sd_bus_message *m) {
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new((const char *const *) titles, &t);
        while (r >= 0 && sd_bus_message_at_end(m, false) == 0) {
                _cleanup_strv_free_ char **row = NULL;

                r = sd_bus_message_read_strv(m, &row);
                STRV_FOREACH(i, row)
                        if (r >= 0)
                                r = table_add(t, *i);
        }
        return r < 0 ? r : table_print(t, !c->no_legend, stdout);
}

/* An object per process, its members named by the titles. */
static int print_objects(char *const *titles, sd_bus_message *m, Ctl *c, Failure *f) {
        _cleanup_json_ json_object *rows = json_object_new_array();
        const char *template = ctl_template(c);
        int r = rows ? 0 : -ENOMEM;

        while (r >= 0 && sd_bus_message_at_end(m, false) == 0) {
                _cleanup_json_ json_object *o = json_object_new_object();
                _cleanup_strv_free_ char **row = NULL;

                r = sd_bus_message_read_strv(m, &row);
                for (size_t i = 0; o && r >= 0 && row && row[i] && titles[i]; i++)
                        r = json_add_string(o, titles[i], row[i]);
                if (r >= 0 && (!o || json_object_array_add(rows, o) < 0))
                        r = -ENOMEM;
                if (r >= 0)
                        (void) TAKE_PTR(o);
        }
        if (r < 0)
                return r;
        return template ? output_template(rows, template, !c->no_legend, f) : output_json(rows, f);
}

int verb_top(Ctl *c, char **operands, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        _cleanup_strv_free_ char **titles = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        if (arg_list) {
                for (int i = 0; i < _PROCESS_COLUMN_MAX; i++)
                        (void) printf("%s\n", process_column_to_string((ProcessColumn) i));
                return 0;
        }
        if (!operands[0])
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'top' needs CONTAINER; see creelctl top --help");
        r = client_find_container(c, operands[0], &path, f);
        if (r >= 0)
                r = call(c, path, operands + 1, &reply, f);
        if (r < 0)
                return r;
        r = sd_bus_message_read_strv(reply, &titles);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "as");
        if (r >= 0)
                r = c->format && !streq(c->format, "table") ? print_objects(titles, reply, c, f)
                                                            : print_table(c, titles, reply);
        return r < 0 && !f->text ? client_failure(NULL, r, f) : MIN(r, 0);
}
