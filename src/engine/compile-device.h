/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/compile.h"

/* The device policy of a container's unit, beyond the devices that every container has. */

/* *@ret: "NODE ACCESS" as DeviceAllow= of systemd.resource-control(5) has it, NULL where there is nothing;
 * *@ret_all: every device is allowed, and there is no policy at all. */
int container_device_policy(const ContainerSpec *spec, char ***ret, bool *ret_all, Failure *f);
