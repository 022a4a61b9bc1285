/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A compiled filter, as it lies in the cache and goes to the runtime: struct sock_filter[]. Where it is to
 * be loaded with flags of seccomp(2), an entry that is no instruction stands in front and has them in k. */

#define SECCOMP_FLAGS_CODE 0xffffU
/* The kernel's BPF_MAXINSNS and that entry, in bytes. */
#define SECCOMP_FILTER_BYTES_MAX ((4096U + 1) * 8)
