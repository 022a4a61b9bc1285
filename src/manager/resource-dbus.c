/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/container-options.h"
#include "bus/error.h"
#include "bus/statistics.h"
#include "engine/statistics.h"
#include "engine/top.h"
#include "manager/manager.h"

static int read_update(sd_bus_message *m, ContainerSpec *spec, Failure *f) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const SpecField *field;

                r = sd_bus_message_read(m, "s", &key);
                if (r < 0)
                        return r;
                field = container_spec_find(key);
                if (field && !container_spec_is_updatable(field))
                        return failure_set(
                                        f, FAILURE_INVALID_ARGUMENT,
                                        "option '%s' cannot be changed; remove the container and create it "
                                        "anew",
                                        key);
                r = container_options_read_entry(m, key, spec, f);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int container_dbus_update(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(container_spec_freep) ContainerSpec *spec = NULL;
        JobParameters parameters = JOB_PARAMETERS_DEFAULT;
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.manage-containers", "update",
                                     container_dbus_update, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        spec = new0(ContainerSpec, 1);
        if (!spec)
                return -ENOMEM;
        r = read_update(call, spec, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        parameters.update = TAKE_PTR(spec);
        container_enqueue(c, JOB_UPDATE, &parameters, container_dbus_reply, sd_bus_message_ref(call));
        return 1;
}

int container_dbus_get_stats(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_failure_ Failure f = {};
        Statistics statistics;
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.inspect", "stats", container_dbus_get_stats, &c,
                                     error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = container_statistics(c, &statistics, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = statistics_append(reply, &statistics);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_titles(sd_bus_message *m, const ProcessColumn *columns, size_t n) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(m, "s", process_column_title(columns[i]));
        return r < 0 ? r : sd_bus_message_close_container(m);
}

typedef struct TopCall {
        sd_bus_message *call;
        ProcessColumn columns[PROCESS_COLUMNS_MAX];
        size_t n_columns;
} TopCall;

static void on_top(char **const *rows, size_t n_rows, const Failure *f, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL, *call = NULL;
        _cleanup_free_ TopCall *top = userdata;
        int r;

        call = top->call;
        if (f) {
                (void) bus_reply_failure(call, f);
                return;
        }
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = append_titles(reply, top->columns, top->n_columns);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "as");
        for (size_t i = 0; i < n_rows && r >= 0; i++)
                r = sd_bus_message_append_strv(reply, rows[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        if (r < 0)
                (void) sd_bus_reply_method_errno(call, r, NULL);
}

static int read_columns(sd_bus_message *call, TopCall *top, Failure *f) {
        _cleanup_strv_free_ char **words = NULL;
        _cleanup_free_ char *bad = NULL;
        int r;

        r = sd_bus_message_read_strv(call, &words);
        if (r >= 0)
                r = process_columns_parse(words, top->columns, &top->n_columns, &bad);
        if (r == -EINVAL && bad)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' is nothing that is known of a process; creelctl(1) lists what is",
                                   bad);
        if (r == -E2BIG)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "at most %d columns can be shown",
                                   PROCESS_COLUMNS_MAX);
        return r;
}

int container_dbus_get_processes(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_free_ TopCall *top = NULL;
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.inspect", "top", container_dbus_get_processes, &c,
                                     error);
        if (r <= 0)
                return r < 0 ? r : 1;
        top = new0(TopCall, 1);
        if (!top)
                return -ENOMEM;
        r = read_columns(call, top, &f);
        if (r >= 0) {
                top->call = sd_bus_message_ref(call);
                r = container_top(c, top->columns, top->n_columns, on_top, top, &f);
                if (r < 0)
                        (void) sd_bus_message_unref(call);
        }
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        TAKE_PTR(top);
        return 1;
}
