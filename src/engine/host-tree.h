/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "store/container.h"

/* What an init system finds in /run/host (systemd.io, CONTAINER_INTERFACE): the directory "host" in the
 * container's runtime directory. */

/* Makes it anew: os-release, container-manager, container-uuid, credentials, inaccessible nodes, and the
 * places of notify, incoming and unix-export. @machine_id: 32 digits. */
int host_tree_write(const ContainerRecord *record, const char *machine_id, int runtime_fd, Failure *f);

/* The host's directory whose mounts show in /run/host/incoming, as machined expects it; made where missing.
 */
int host_tree_open_tunnel(const char *name);
void host_tree_remove_tunnel(const char *name);
#define HOST_TREE_TUNNELS "/run/systemd/nspawn/propagate"

/* container_host_id= and the like, from the host's os-release. */
int host_tree_env(char ***env);
/* The same of a given file. */
int host_tree_env_of(const char *os_release, char ***env);
