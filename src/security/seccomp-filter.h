/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"

/* A compiled filter, as it lies in the cache and goes to the runtime: struct sock_filter[]. Where it is to
 * be loaded with flags of seccomp(2), an entry that is no instruction stands in front and has them in k. */

#define SECCOMP_FLAGS_CODE 0xffffU
/* The kernel's BPF_MAXINSNS and that entry, in bytes. */
#define SECCOMP_FILTER_BYTES_MAX ((4096U + 1) * 8)

/* What a filter is made of, besides this machine. Borrowed. */
typedef struct SeccompSource {
        const char *json; /* see seccomp-profile.h */
        size_t n_bytes;
        uint64_t capabilities; /* the container's; bit N: capability number N */
        bool document;         /* linux.seccomp of a document, not a profile */
} SeccompSource;

/* The filter from the cache or, where it has none, newly compiled and stored there. @cache_dirfd is a
 * directory of ours; -EBADF, or one that cannot be written, costs the compilation every time and nothing
 * else. *ret_bpf_fd is a sealed memfd, offset 0, that holds the array. Failures: see seccomp_profile_parse()
 * and seccomp_compile(). */
int seccomp_filter_get(int cache_dirfd, const SeccompSource *source, int *ret_bpf_fd, Failure *f);
