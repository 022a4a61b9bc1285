/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "spec/statistic.h"

/* What a running container uses, out of its cgroup and its network namespace. The kernel writes all of these
 * files. */

/* Reads everything. InvalidState: the container does not run. */
int container_statistics(const Container *c, Statistics *ret, Failure *f);

/* The parts of it. @payload_fd, @scope_fd: directories of the cgroup file system. */
void statistics_read_cgroup(int payload_fd, int scope_fd, Statistics *s);
/* Adds up the interfaces of a /proc/net/dev but the loopback. */
void statistics_parse_network(const char *text, Statistics *s);
