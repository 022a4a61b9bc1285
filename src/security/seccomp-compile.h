/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "security/seccomp-filter.h"
#include "security/seccomp-profile.h"

/* Compiles @profile for the native architecture and those it names. *ret_fd is a sealed memfd, offset 0,
 * whose content is what seccomp-filter.h says. libseccomp is loaded for the time of
 * this call and no longer: it is most of a megabyte that a daemon with a warm cache never needs. Failures:
 * FAILURE_SYSTEM without libseccomp.so.2; FAILURE_CONFIGURATION when the profile cannot be compiled, or its
 * filter is longer than the kernel takes. */
int seccomp_compile(const SeccompProfile *profile, int *ret_fd, Failure *f);
