/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "security/seccomp-profile.h"

/* The kernel's BPF_MAXINSNS, in bytes. */
#define SECCOMP_FILTER_BYTES_MAX (4096U * 8)

/* Compiles @profile for the native architecture and those it names. *ret_fd is a sealed memfd, offset 0,
 * whose content is exactly the array of struct sock_filter to load. libseccomp is loaded for the time of
 * this call and no longer: it is most of a megabyte that a daemon with a warm cache never needs. Failures:
 * FAILURE_SYSTEM without libseccomp.so.2; FAILURE_CONFIGURATION when the profile cannot be compiled, or its
 * filter is longer than the kernel takes. */
int seccomp_compile(const SeccompProfile *profile, int *ret_fd, Failure *f);
