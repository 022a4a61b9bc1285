/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"

/* Compiled filters on disk. An entry is named by the SHA-256 of everything that the filter depends on
 * (profile, capabilities, architecture, kernel release, libseccomp, the format below) in lower-case
 * hexadecimal, with ".bpf" behind it:
 *
 *     struct sock_filter[]   at most 4096, and seccomp-filter.h's entry in front
 *     uint8_t[32]            SHA-256 of the name's 32 bytes and the array
 *
 * An entry that does not answer to this is made again. */

/* Beyond this many entries the directory is emptied: more come only of capability sets that vary without an
 * end. */
#define SECCOMP_CACHE_ENTRIES_MAX 256U

/* The filter of the profile @profile_json for a container with @capabilities (bit N: capability number N).
 * @cache_dirfd is a directory of ours; -EBADF, or one that cannot be written, costs the compilation every
 * time and nothing else. *ret_bpf_fd is a sealed memfd, offset 0, that holds the array. Failures:
 * see seccomp_profile_parse() and seccomp_compile(). */
int seccomp_cache_get(int cache_dirfd, const char *profile_json, size_t n_bytes, uint64_t capabilities,
                      int *ret_bpf_fd, Failure *f);
