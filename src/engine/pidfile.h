/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "basic/failure.h"
#include "store/container.h"

/* The files of --pidfile and --conmon-pidfile, on the host. */

/* Refuses a file in a directory that is not there. */
int pidfile_check(const ContainerSpec *spec, Failure *f);

/* Writes both, in one move each. Failures are logged: the container runs by then. */
void pidfile_write(const ContainerRecord *record, pid_t leader, pid_t supervisor);
