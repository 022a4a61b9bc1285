/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "spec/health-log.h"

/* Health checks: processes that creeld starts in a container from a timer of its own. */

#define HEALTH_WAITERS_MAX 64

/* The container runs: begins with the first check at once, or, where it was @found running by a creeld that
 * has just started, goes on. Nothing for one that has no check. */
void health_begin(Container *c, bool found);
/* It has ended. What was found stays until the next start. */
void health_end(Container *c);
/* No checks while it is paused. */
void health_suspend(Container *c);
void health_resume(Container *c);
/* The specification was another one: what is asked for now counts from the next check on. */
void health_update(Container *c, const ContainerSpec *old);
Health *health_free(Health *h);

/* HEALTH_NONE also while it does not run. */
HealthStatus health_status(const Container *c);
/* Of this run, or the last one; NULL: there is none. */
const HealthLog *health_log_of(const Container *c);

/* @f: the check could not run. Results and failures are borrowed. */
typedef void (*health_done_t)(Container *c, const HealthResult *result, const Failure *f, void *userdata);

/* Runs the check now, or joins the one that runs. @done is called once, and not before this has returned. */
int health_run(Container *c, health_done_t done, void *userdata, Failure *f);
