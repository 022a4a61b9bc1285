/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Methods of org.creel1.Container for whole systems. */

#include "engine/system.h"
#include "manager/manager.h"

/* Others than systems are stopped, and started again, as they always are. */
static int enqueue(Service *s, sd_bus_message *call, const char *verb, JobType type, int signal,
                   sd_bus_message_handler_t again, sd_bus_error *error) {
        JobParameters p = JOB_PARAMETERS_DEFAULT;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.manage-containers", verb, again, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        if (container_is_system(c))
                p.signal = signal;
        container_enqueue(c, type, &p, container_dbus_reply, sd_bus_message_ref(call));
        return 1;
}

int container_dbus_power_off(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return enqueue(userdata, call, "poweroff", JOB_STOP, SYSTEM_SIGNAL_POWEROFF,
                       container_dbus_power_off, error);
}

int container_dbus_reboot(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return enqueue(userdata, call, "reboot", JOB_RESTART, SYSTEM_SIGNAL_REBOOT, container_dbus_reboot,
                       error);
}
