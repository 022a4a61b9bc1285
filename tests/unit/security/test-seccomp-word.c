/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/audit.h>
#include <linux/seccomp.h>

#include "basic/macro.h"
#include "basic/str.h"
#include "security/seccomp-word.h"
#include "test.h"

static void test_words(void **state) {
        static const struct {
                SeccompWordKind kind;
                const char *word;
                uint32_t value;
        } expected[] = {
                { SECCOMP_WORD_ACTION, "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
                { SECCOMP_WORD_ACTION, "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
                { SECCOMP_WORD_OPERATOR, "SCMP_CMP_MASKED_EQ", SECCOMP_MASKED_EQ },
                { SECCOMP_WORD_FLAG, "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
                { SECCOMP_WORD_ARCHITECTURE, "SCMP_ARCH_X32", SECCOMP_ARCH_X32 },
                { SECCOMP_WORD_ARCHITECTURE, "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
        };
        uint32_t v;

        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                assert_int_equal(seccomp_word_parse(expected[i].kind, expected[i].word, &v), 0);
                assert_int_equal(v, expected[i].value);
        }
        /* A word of another kind, case and parts do not count. */
        assert_int_equal(seccomp_word_parse(SECCOMP_WORD_FLAG, "SCMP_ACT_KILL", &v), -EINVAL);
        assert_int_equal(seccomp_word_parse(SECCOMP_WORD_ACTION, "scmp_act_kill", &v), -EINVAL);
        assert_int_equal(seccomp_word_parse(SECCOMP_WORD_ACTION, "SCMP_ACT_KIL", &v), -EINVAL);
        assert_int_equal(seccomp_word_parse(SECCOMP_WORD_ACTION, "", &v), -EINVAL);
        assert_int_equal(seccomp_go_architecture_parse("amd64", &v), 0);
        assert_int_equal(v, AUDIT_ARCH_X86_64);
        assert_int_equal(seccomp_go_architecture_parse("SCMP_ARCH_X86_64", &v), -EINVAL);
}

/* What the list has can be read back, and the list ends. */
static void test_lists(void **state) {
        static const size_t numbers[] = { 9, 7, 4, 20 };

        for (SeccompWordKind kind = 0; kind < _SECCOMP_WORD_MAX; kind++) {
                size_t n = 0;
                uint32_t v;

                for (; seccomp_word_at(kind, n); n++)
                        assert_int_equal(seccomp_word_parse(kind, seccomp_word_at(kind, n), &v), 0);
                assert_int_equal(n, numbers[kind]);
                assert_null(seccomp_word_at(kind, n + 1));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
