/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/statistics.h"
#include "basic/macro.h"

int statistics_append(sd_bus_message *m, const Statistics *s) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (int i = 0; i < _STATISTIC_MAX && r >= 0; i++)
                if (s->is_set[i])
                        r = sd_bus_message_append(m, "{sv}", statistic_to_string((Statistic) i), "t",
                                                  s->values[i]);
        for (int i = 0; i < _PRESSURE_KIND_MAX && r >= 0; i++) {
                const Pressure *p = s->pressure + i;

                if (p->is_set)
                        r = sd_bus_message_append(m, "{sv}", pressure_kind_to_string((PressureKind) i),
                                                  "(dddt)", p->average10, p->average60, p->average300,
                                                  p->total_usec);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int read_entry(sd_bus_message *m, Statistics *s) {
        const char *key;
        int r, i;

        r = sd_bus_message_read(m, "s", &key);
        if (r < 0)
                return r;
        i = statistic_from_string(key);
        if (i >= 0) {
                s->is_set[i] = true;
                return sd_bus_message_read(m, "v", "t", &s->values[i]);
        }
        i = pressure_kind_from_string(key);
        if (i >= 0) {
                Pressure *p = s->pressure + i;

                p->is_set = true;
                return sd_bus_message_read(m, "v", "(dddt)", &p->average10, &p->average60, &p->average300,
                                           &p->total_usec);
        }
        return sd_bus_message_skip(m, "v");
}

int statistics_read(sd_bus_message *m, Statistics *ret) {
        Statistics s = {};
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_entry(m, &s);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}
