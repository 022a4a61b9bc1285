/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The words of the OCI runtime-spec's linux.seccomp object (1.2, config-linux.md, "Seccomp"). */

/* The numbers are libseccomp's. */
typedef enum SeccompOperator {
        SECCOMP_NE = 1,
        SECCOMP_LT,
        SECCOMP_LE,
        SECCOMP_EQ,
        SECCOMP_GE,
        SECCOMP_GT,
        SECCOMP_MASKED_EQ, /* (argument & value) == value_two */
} SeccompOperator;

/* x32 shares AUDIT_ARCH_X86_64 with its host; libseccomp tells them apart by this number. */
#define SECCOMP_ARCH_X32 0x4000003EU

/* What the words stand for: SECCOMP_RET_* without data, SeccompOperator, SECCOMP_FILTER_FLAG_*, and
 * AUDIT_ARCH_* or SECCOMP_ARCH_X32. */
typedef enum SeccompWordKind {
        SECCOMP_WORD_ACTION,
        SECCOMP_WORD_OPERATOR,
        SECCOMP_WORD_FLAG,
        SECCOMP_WORD_ARCHITECTURE,
        _SECCOMP_WORD_MAX,
} SeccompWordKind;

/* -EINVAL: no such word. */
int seccomp_word_parse(SeccompWordKind kind, const char *s, uint32_t *ret);
/* The @index-th word of the kind; NULL behind the last. */
const char *seccomp_word_at(SeccompWordKind kind, size_t index);

/* The names of architectures that docker's conditions use, after Go. -EINVAL: no such name. */
int seccomp_go_architecture_parse(const char *s, uint32_t *ret);

/* AUDIT_ARCH_* that this program was built for. */
uint32_t seccomp_architecture_native(void);
