/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"
#include "spec/container-spec.h"

/* The system call filter of a container, compiled, for its first process and for what is executed in it
 * later. @system: see compile_is_system(). @more: capabilities that the process has besides. *@ret_fd: a
 * memfd as seccomp_filter_get() has it; -EBADF: the container has none. Failures are those of a bad profile.
 */
int container_filter(const Engine *e, const ContainerSpec *spec, bool system, uint64_t more, int *ret_fd,
                     Failure *f);
