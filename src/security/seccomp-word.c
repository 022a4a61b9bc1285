/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "basic/macro.h"
#include "basic/str.h"
#include "security/seccomp-word.h"

typedef struct Word {
        const char *word;
        uint32_t value;
} Word;

static const Word actions[] = {
        { "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
        { "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
        { "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
        { "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
        { "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
        { "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
        { "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
        { "SCMP_ACT_LOG", SECCOMP_RET_LOG },
        { "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
};

static const Word operators[] = {
        { "SCMP_CMP_NE", SECCOMP_NE },
        { "SCMP_CMP_LT", SECCOMP_LT },
        { "SCMP_CMP_LE", SECCOMP_LE },
        { "SCMP_CMP_EQ", SECCOMP_EQ },
        { "SCMP_CMP_GE", SECCOMP_GE },
        { "SCMP_CMP_GT", SECCOMP_GT },
        { "SCMP_CMP_MASKED_EQ", SECCOMP_MASKED_EQ },
};

static const Word flags[] = {
        { "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
        { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
        { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
        { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

static const Word architectures[] = {
        { "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
        { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64 },
        { "SCMP_ARCH_X32", SECCOMP_ARCH_X32 },
        { "SCMP_ARCH_ARM", AUDIT_ARCH_ARM },
        { "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
        { "SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64 },
        { "SCMP_ARCH_MIPS", AUDIT_ARCH_MIPS },
        { "SCMP_ARCH_MIPS64", AUDIT_ARCH_MIPS64 },
        { "SCMP_ARCH_MIPS64N32", AUDIT_ARCH_MIPS64N32 },
        { "SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL },
        { "SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64 },
        { "SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32 },
        { "SCMP_ARCH_PARISC", AUDIT_ARCH_PARISC },
        { "SCMP_ARCH_PARISC64", AUDIT_ARCH_PARISC64 },
        { "SCMP_ARCH_PPC", AUDIT_ARCH_PPC },
        { "SCMP_ARCH_PPC64", AUDIT_ARCH_PPC64 },
        { "SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE },
        { "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64 },
        { "SCMP_ARCH_S390", AUDIT_ARCH_S390 },
        { "SCMP_ARCH_S390X", AUDIT_ARCH_S390X },
};

static const Word go_architectures[] = {
        { "386", AUDIT_ARCH_I386 },
        { "x86", AUDIT_ARCH_I386 },
        { "amd64", AUDIT_ARCH_X86_64 },
        { "x32", SECCOMP_ARCH_X32 },
        { "arm", AUDIT_ARCH_ARM },
        { "arm64", AUDIT_ARCH_AARCH64 },
        { "loong64", AUDIT_ARCH_LOONGARCH64 },
        { "mips", AUDIT_ARCH_MIPS },
        { "mips64", AUDIT_ARCH_MIPS64 },
        { "mips64n32", AUDIT_ARCH_MIPS64N32 },
        { "mipsel", AUDIT_ARCH_MIPSEL },
        { "mipsel64", AUDIT_ARCH_MIPSEL64 },
        { "mipsel64n32", AUDIT_ARCH_MIPSEL64N32 },
        { "ppc", AUDIT_ARCH_PPC },
        { "ppc64", AUDIT_ARCH_PPC64 },
        { "ppc64le", AUDIT_ARCH_PPC64LE },
        { "riscv64", AUDIT_ARCH_RISCV64 },
        { "s390", AUDIT_ARCH_S390 },
        { "s390x", AUDIT_ARCH_S390X },
};

static const struct {
        const Word *words;
        size_t n_words;
} kinds[] = {
        [SECCOMP_WORD_ACTION] = { actions, ELEMENTSOF(actions) },
        [SECCOMP_WORD_OPERATOR] = { operators, ELEMENTSOF(operators) },
        [SECCOMP_WORD_FLAG] = { flags, ELEMENTSOF(flags) },
        [SECCOMP_WORD_ARCHITECTURE] = { architectures, ELEMENTSOF(architectures) },
};
static_assert(ELEMENTSOF(kinds) == _SECCOMP_WORD_MAX, "kinds is not full");

static int word_find(const Word *words, size_t n_words, const char *s, uint32_t *ret) {
        for (size_t i = 0; i < n_words; i++)
                if (streq(words[i].word, s)) {
                        *ret = words[i].value;
                        return 0;
                }
        return -EINVAL;
}

int seccomp_word_parse(SeccompWordKind kind, const char *s, uint32_t *ret) {
        return word_find(kinds[kind].words, kinds[kind].n_words, s, ret);
}

const char *seccomp_word_at(SeccompWordKind kind, size_t index) {
        return index < kinds[kind].n_words ? kinds[kind].words[index].word : NULL;
}

int seccomp_go_architecture_parse(const char *s, uint32_t *ret) {
        return word_find(go_architectures, ELEMENTSOF(go_architectures), s, ret);
}

uint32_t seccomp_architecture_native(void) {
#if defined(__x86_64__) && defined(__LP64__)
        return AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && defined(__AARCH64EL__)
        return AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
        return AUDIT_ARCH_RISCV64;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
        return AUDIT_ARCH_PPC64LE;
#elif defined(__s390x__)
        return AUDIT_ARCH_S390X;
#else
#error "Name the AUDIT_ARCH_ of this architecture here."
#endif
}
