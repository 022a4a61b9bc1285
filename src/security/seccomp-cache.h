/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "security/seccomp-filter.h"

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

/* Neither finds the profile's text worth a look, nor takes libseccomp. @dirfd is a directory of ours.
 * *ret_bpf_fd is a sealed memfd, offset 0, that holds the array. -ENOENT: not there. -EBADMSG: damaged. */
int seccomp_cache_lookup(int dirfd, const SeccompSource *source, int *ret_bpf_fd);
int seccomp_cache_store(int dirfd, const SeccompSource *source, int bpf_fd);

/* What stands behind the library's name says its full version, without loading it: "libseccomp.so.2.5.4".
 * Empty where it is not there. */
#define SECCOMP_LIBRARY_FILE_MAX 128
void seccomp_library_file(char ret[static SECCOMP_LIBRARY_FILE_MAX]);
