/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "spec/statistic.h"

/* Statistics as the a{sv} of org.creel1.Container.GetStats(): t for each number, (dddt) for each pressure.
 */

int statistics_append(sd_bus_message *m, const Statistics *s);
/* Keys that are not known are left out. -EBADMSG, or sd-bus's errors: not that. */
int statistics_read(sd_bus_message *m, Statistics *ret);
