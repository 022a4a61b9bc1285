/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"
#include "basic/macro.h"
#include "security/seccomp-word.h"

/* A system call filter as documents spell it, resolved for one container.
 *
 * Two spellings are read: the linux.seccomp object of the OCI runtime-spec (1.2, config-linux.md,
 * "Seccomp"), and the profile files of docker and podman, which add to it:
 *
 *     "archMap":  [{ "architecture": ARCH, "subArchitectures": [ARCH...] }...]     instead of
 * "architectures" "syscalls": [{ "name": NAME | "names": [NAME...], ..., "includes" | "excludes": { "caps":
 * [CAP...], "arches": [GOARCH...], "minKernel": "MAJOR.MINOR" } }...]
 *
 * A rule counts when everything in "includes" and nothing in "excludes" is true of the target. Keys,
 * actions, operators, capabilities and architectures that are not known are errors, since ignoring one may
 * widen a filter; names of system calls are not judged here.
 *
 * In a document (SeccompTarget.document) unknown keys are skipped instead, SCMP_ACT_NOTIFY is allowed and
 * makes for the flag SECCOMP_FILTER_FLAG_NEW_LISTENER, and "errnoRet" next to an action that takes none is
 * an error. */

#define SECCOMP_PROFILE_BYTES_MAX (1024U * 1024)
#define SECCOMP_PROFILE_RULES_MAX 4096U
#define SECCOMP_PROFILE_ARGS_MAX 16U
#define SECCOMP_PROFILE_ARCHES_MAX 32U

typedef struct SeccompArg {
        unsigned index; /* 0 to 5 */
        SeccompOperator op;
        uint64_t value;
        uint64_t value_two;
} SeccompArg;

typedef struct SeccompRule {
        char **names;
        uint32_t action; /* SECCOMP_RET_* with its data, as the kernel takes it */
        SeccompArg *args;
        size_t n_args;
} SeccompRule;

typedef struct SeccompProfile {
        uint32_t default_action;
        uint32_t flags; /* SECCOMP_FILTER_FLAG_*, for whoever loads the filter */
        uint32_t architectures[SECCOMP_PROFILE_ARCHES_MAX]; /* beside the native one: AUDIT_ARCH_*,
                                                               SECCOMP_ARCH_X32 */
        size_t n_architectures;
        SeccompRule *rules;
        size_t n_rules;
} SeccompProfile;

/* What a profile is resolved against. */
typedef struct SeccompTarget {
        uint64_t capabilities;      /* bit N: capability number N */
        uint32_t architecture;      /* AUDIT_ARCH_* of the kernel */
        const char *kernel_release; /* as uname -r prints it */
        bool document;              /* linux.seccomp itself, see above */
} SeccompTarget;

/* Reads @n_bytes of JSON. Whatever is wrong with it is a FAILURE_CONFIGURATION that names the place and the
 * word. */
int seccomp_profile_parse(const char *json, size_t n_bytes, const SeccompTarget *target,
                          SeccompProfile **ret, Failure *f);
SeccompProfile *seccomp_profile_free(SeccompProfile *p);

DEFINE_CLEANUP(SeccompProfile, seccomp_profile_free)
