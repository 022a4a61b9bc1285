/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/container-spec.h"

/* Options of other programs that say in other words what a field says. Each sets the field or fields.
 * -EINVAL with a hint. */

/* --private-users of systemd-nspawn: no, yes, pick, identity, or UID[:RANGE]. */
int spelling_private_users(ContainerSpec *spec, const char *text, const char **reterr_hint);

/* --gpus of docker and podman: all, or names of devices of nvidia.com/gpu separated by commas. */
int spelling_gpus(ContainerSpec *spec, const char *text, const char **reterr_hint);
