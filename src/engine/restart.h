/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/clock.h"
#include "engine/container.h"
#include "spec/restart-policy.h"

/* Restart policies: what is done when a container ended, and after a boot. */

#define RESTART_DELAY_MIN_USEC (100 * USEC_PER_MSEC)
#define RESTART_DELAY_MAX_USEC (60 * USEC_PER_SEC)
#define RESTART_RESET_USEC (10 * USEC_PER_SEC) /* who ran so long begins with the shortest delay again */

/* The delay before the next attempt: @last_usec is that before the last one (0: there was none), after which
 * it ran @ran_usec. */
uint64_t restart_delay(uint64_t last_usec, uint64_t ran_usec);

RestartPolicy restart_policy_of(const Container *c);

/* Whether the policy wants another attempt after this exit. A user's stop ends it, and so does one by
 * systemd, but that only until the next boot. */
bool restart_is_due(const Container *c, const ExitRecord *exit);
/* Another attempt: counts it, after a run of @ran_usec, and starts it when its time has come. The container
 * is restarting. */
void restart_count(Container *c, uint64_t ran_usec);
void restart_schedule(Container *c);
/* A creeld that comes later goes on where the last one was. */
void restart_resume(Container *c);
void restart_disarm(Container *c);

/* After a boot: starts what ran, and with "always" also what a user had stopped. */
void restart_start_wanted(Engine *e);
