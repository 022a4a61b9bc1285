/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>

#include "basic/clock.h"
#include "engine/container.h"

/* What only whole systems do while they run. */

#define SYSTEM_STOP_TIMEOUT_USEC (90 * USEC_PER_SEC) /* systemd's own patience with a service */

/* systemd(1), "SIGNALS" */
#define SYSTEM_SIGNAL_HALT (SIGRTMIN + 3)
#define SYSTEM_SIGNAL_POWEROFF (SIGRTMIN + 4)
#define SYSTEM_SIGNAL_REBOOT (SIGRTMIN + 5)

/* True when the payload ended by asking the kernel for a reboot (reboot(2), in a PID namespace) and nobody
 * wants it stopped. */
bool system_reboots(const Container *c, const ExitRecord *exit);

/* What the payload says by sd_notify(3): lines of assignments, which may be anything. */
void container_on_notify(Container *c, const char *text);
/* True while a start is only kept open by --notify-ready. */
bool container_awaits_readiness(const Container *c);
/* Of the run that is over. */
void container_forget_notify(Container *c);

/* Before the files of a container go: what else of it is on the host. */
void container_forget_system(const Container *c);

/* Throws away what was written to the root of one that is --ephemeral: moves it into staging. *@ret_tree is
 * its name there, or NULL. */
void container_discard_root(Container *c, char **ret_tree);
