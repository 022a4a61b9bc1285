/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "bus/container-options.h"
#include "bus/error.h"
#include "bus/statistics.h"
#include "engine/statistics.h"
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
