/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "spec/unit-property.h"

/* What @base becomes with @update on top, and the properties of the scope that this changes. Failures as
 * those of compile_unit(). */
int update_compile(const ContainerSpec *base, const ContainerSpec *update, ContainerSpec **ret_spec,
                   UnitProperties *ret_changed, Failure *f);

/* JOB_UPDATE's work, which ends in container_job_done(). */
void container_begin_update(Container *c, Job *j);
