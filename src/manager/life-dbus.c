/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Methods of a container's life beyond start and stop. */

#include "basic/memory.h"
#include "basic/str.h"
#include "bus/error.h"
#include "engine/health.h"
#include "manager/manager.h"

#define MANAGE "org.creel1.manage-containers"

static int no_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f) {
        return 0;
}

int method_restart(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, MANAGE, "restart", method_restart, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        return container_dbus_enqueue(s, call, c, JOB_RESTART, container_dbus_read_stop_option, error);
}

int method_pause(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, MANAGE, "pause", method_pause, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        return container_dbus_enqueue(s, call, c, JOB_PAUSE, no_option, error);
}

int method_unpause(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, MANAGE, "unpause", method_unpause, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        return container_dbus_enqueue(s, call, c, JOB_UNPAUSE, no_option, error);
}

int method_rename(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        const char *name;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, MANAGE, "rename", method_rename, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        r = container_rename(c, name, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        return sd_bus_reply_method_return(call, NULL);
}

static void on_checked(Container *c, const HealthResult *result, const Failure *f, void *userdata) {
        sd_bus_message *call = userdata;

        if (f)
                (void) bus_reply_failure(call, f);
        else
                (void) sd_bus_reply_method_return(call, "iss", (int32_t) result->exit_code,
                                                  health_status_to_string(health_status(c)),
                                                  strempty(result->output));
        (void) sd_bus_message_unref(call);
}

int method_run_healthcheck(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, MANAGE, "healthcheck", method_run_healthcheck, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = health_run(c, on_checked, sd_bus_message_ref(call), &f);
        if (r < 0) {
                (void) sd_bus_message_unref(call);
                return f.text ? bus_error_set_failure(error, &f) : r;
        }
        return 1;
}
