/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>

#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "security/seccomp-profile.h"
#include "test.h"

static const SeccompTarget amd64 = {.capabilities = 1U << CAP_SYS_CHROOT,
                                    .architecture = AUDIT_ARCH_X86_64,
                                    .kernel_release = "6.1.0-9-amd64"};

#define RULE(rest)                                                                                      \
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"chroot\"], \"action\": " \
        "\"SCMP_ACT_ALLOW\"" rest "}]}"

static int parse(const char *json, SeccompProfile **ret, Failure *f) {
        return seccomp_profile_parse(json, strlen(json), &amd64, ret, f);
}

static void test_runtime_spec_form(void **state) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        const SeccompRule *rule;

        assert_int_equal(parse("{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"architectures\": "
                               "[\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"],"
                               "\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"], \"syscalls\": ["
                               "{\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_ALLOW\"},"
                               "{\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 22, "
                               "\"args\": ["
                               "{\"index\": 1, \"value\": 18446744073709551615, \"valueTwo\": 4, \"op\": "
                               "\"SCMP_CMP_MASKED_EQ\"}]}]}",
                               &p, NULL),
                         0);
        assert_int_equal(p->default_action, SECCOMP_RET_KILL_PROCESS);
        assert_int_equal(p->flags, SECCOMP_FILTER_FLAG_LOG);
        assert_int_equal(p->n_architectures, 1);
        assert_int_equal(p->architectures[0], AUDIT_ARCH_I386);
        assert_int_equal(p->n_rules, 2);
        assert_string_equal(p->rules[0].names[1], "write");
        rule = &p->rules[1];
        assert_int_equal(rule->action, SECCOMP_RET_ERRNO | 22);
        assert_int_equal(rule->n_args, 1);
        assert_int_equal(rule->args[0].index, 1);
        assert_true(rule->args[0].value == UINT64_MAX);
        assert_int_equal(rule->args[0].value_two, 4);
        assert_int_equal(rule->args[0].op, SECCOMP_MASKED_EQ);
}

static void test_defaults(void **state) {
        static const struct {
                const char *json;
                uint32_t action;
        } cases[] = {
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\"}", SECCOMP_RET_ERRNO | EPERM },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38}",
                  SECCOMP_RET_ERRNO | ENOSYS },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSYS\"}",
                  SECCOMP_RET_ERRNO | ENOSYS },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"EINVAL\", "
                  "\"defaultErrnoRet\": "
                  "38}",
                  SECCOMP_RET_ERRNO | EINVAL },
                { "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultErrnoRet\": 38, \"syscalls\": null}",
                  SECCOMP_RET_ALLOW },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;

                assert_int_equal(parse(cases[i].json, &p, NULL), 0);
                assert_int_equal(p->default_action, cases[i].action);
                assert_int_equal(p->n_rules, 0);
        }
}

static void test_conditions(void **state) {
        static const struct {
                const char *json;
                size_t n_rules;
        } cases[] = {
                { RULE(""), 1 },
                { RULE(", \"includes\": {}, \"excludes\": null, \"args\": null"), 1 },
                { RULE(", \"includes\": {\"caps\": [\"CAP_SYS_CHROOT\"]}"), 1 },
                { RULE(", \"includes\": {\"caps\": [\"CAP_SYS_CHROOT\", \"CAP_SYS_ADMIN\"]}"), 0 },
                { RULE(", \"excludes\": {\"caps\": [\"CAP_SYS_CHROOT\", \"CAP_SYS_ADMIN\"]}"), 0 },
                { RULE(", \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}"), 1 },
                { RULE(", \"includes\": {\"arches\": [\"arm64\", \"amd64\"]}"), 1 },
                { RULE(", \"includes\": {\"arches\": [\"arm64\"]}"), 0 },
                { RULE(", \"excludes\": {\"arches\": [\"arm64\", \"amd64\"]}"), 0 },
                { RULE(", \"includes\": {\"minKernel\": \"4.8\"}"), 1 },
                { RULE(", \"includes\": {\"minKernel\": \"6.1\"}"), 1 },
                { RULE(", \"includes\": {\"minKernel\": \"6.2\"}"), 0 },
                { RULE(", \"includes\": {\"minKernel\": \"7.0\"}"), 0 },
                { RULE(", \"includes\": {\"minKernel\": \"4.8\", \"caps\": [\"CAP_SYSLOG\"]}"), 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;

                assert_int_equal(parse(cases[i].json, &p, NULL), 0);
                assert_int_equal(p->n_rules, cases[i].n_rules);
        }
}

static void test_arch_map(void **state) {
        static const char json[] =
                        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"archMap\": ["
                        "{\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": "
                        "[\"SCMP_ARCH_ARM\"]},"
                        "{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\", "
                        "\"SCMP_ARCH_X32\"]}]}";
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;

        assert_int_equal(parse(json, &p, NULL), 0);
        assert_int_equal(p->n_architectures, 2);
        assert_int_equal(p->architectures[0], AUDIT_ARCH_I386);
        assert_int_equal(p->architectures[1], SECCOMP_ARCH_X32);
}

/* Every refusal names the word or the key that it is about. */
static void test_refusals(void **state) {
        static const struct {
                const char *json, *names;
        } cases[] = {
                { "", "JSON" },
                { "[]", "object" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\"} x", "JSON" },
                { "{}", "defaultAction" },
                { "{\"defaultAction\": 1}", "defaultAction" },
                { "{\"defaultAction\": \"SCMP_ACT_MAYBE\"}", "SCMP_ACT_MAYBE" },
                { "{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "SCMP_ACT_NOTIFY" },
                { "{\"defaultAction\": \"\\u001b[2J\"}", "\"?[2J\"" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}", "4096" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": -1}", "defaultErrnoRet" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"EWHAT\"}", "EWHAT" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"default\": 1}", "\"default\"" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"flags\": [\"FAST\"]}", "FAST" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"listenerPath\": \"/x\"}", "listenerPath" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_VAX\"]}",
                  "SCMP_ARCH_VAX" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_ARM\"], "
                  "\"archMap\": "
                  "["
                  "{\"architecture\": \"SCMP_ARCH_X86_64\"}]}",
                  "archMap" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"archMap\": [{\"architecture\": "
                  "\"SCMP_ARCH_VAX\"}]}",
                  "SCMP_ARCH_VAX" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"archMap\": [1]}", "archMap[0]" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": {}}", "syscalls" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [1]}", "syscalls[0]" },
                { "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"action\": "
                  "\"SCMP_ACT_ALLOW\"}]}",
                  "names" },
                { RULE(", \"name\": \"chroot\""), "name" },
                { RULE(", \"exclude\": {}"), "\"exclude\"" },
                { RULE(", \"excludes\": {\"capabilities\": []}"), "\"capabilities\"" },
                { RULE(", \"excludes\": {\"caps\": [\"CAP_FLY\"]}"), "CAP_FLY" },
                { RULE(", \"excludes\": {\"arches\": [\"vax\"]}"), "vax" },
                { RULE(", \"includes\": {\"minKernel\": \"new\"}"), "new" },
                { RULE(", \"includes\": {\"minKernel\": \"4.8x\"}"), "4.8x" },
                { RULE(", \"args\": [{\"index\": 6, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]"), "index" },
                { RULE(", \"args\": [{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_IN\"}]"),
                  "SCMP_CMP_IN" },
                { RULE(", \"args\": [{\"index\": 0, \"value\": 1}]"), "op" },
                { RULE(", \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_EQ\"}]"), "value" },
                { RULE(", \"args\": [{\"index\": 0, \"value\": -1, \"op\": \"SCMP_CMP_EQ\"}]"), "value" },
                { RULE(", \"args\": [{\"index\": 0, \"value\": 1, \"mask\": 1, \"op\": \"SCMP_CMP_EQ\"}]"),
                  "mask" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                SeccompProfile *p = NULL;
                _cleanup_failure_ Failure f = {};

                assert_int_equal(parse(cases[i].json, &p, &f), -EBADMSG);
                assert_null(p);
                assert_int_equal(f.kind, FAILURE_CONFIGURATION);
                assert_non_null(f.text);
                if (!strstr(f.text, cases[i].names))
                        fail_msg("%s: '%s' does not name %s", cases[i].json, f.text, cases[i].names);
        }
}

static const SeccompRule *rule_for(const SeccompProfile *p, const char *name, uint32_t action) {
        for (size_t i = 0; i < p->n_rules; i++)
                if (p->rules[i].action == action && strv_contains(p->rules[i].names, name))
                        return &p->rules[i];
        return NULL;
}

/* The profile that is installed: what capabilities open, and that a name is never allowed and refused at
 * once. */
static void test_own_profile(void **state) {
        static const struct {
                const char *name;
                int capability;
        } gated[] = {
                { "mount", CAP_SYS_ADMIN},        {"setns", CAP_SYS_ADMIN },
                { "bpf", CAP_SYS_ADMIN},          {"ptrace", CAP_SYS_PTRACE },
                { "settimeofday", CAP_SYS_TIME},  {"chroot", CAP_SYS_CHROOT },
                { "init_module", CAP_SYS_MODULE}, {"open_by_handle_at", CAP_DAC_READ_SEARCH },
                { "syslog", CAP_SYSLOG},          {"iopl", CAP_SYS_RAWIO },
        };
        _cleanup_free_ char *json = NULL;
        size_t n;

        assert_int_equal(file_read(AT_FDCWD, SECCOMP_JSON, SECCOMP_PROFILE_BYTES_MAX, &json, &n), 0);
        for (size_t i = 0; i < ELEMENTSOF(gated); i++)
                for (unsigned with = 0; with < 2; with++) {
                        SeccompTarget target = amd64;
                        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;

                        target.capabilities = with ? UINT64_C(1) << gated[i].capability : 0;
                        assert_int_equal(seccomp_profile_parse(json, n, &target, &p, NULL), 0);
                        assert_int_equal(p->default_action, SECCOMP_RET_ERRNO | ENOSYS);
                        assert_int_equal(!!rule_for(p, gated[i].name, SECCOMP_RET_ALLOW), with);
                        assert_int_equal(!rule_for(p, gated[i].name, SECCOMP_RET_ERRNO | EPERM), with);
                        for (size_t k = 0; k < p->n_rules; k++)
                                STRV_FOREACH (name, p->rules[k].names) {
                                        const SeccompRule *allow = rule_for(p, *name, SECCOMP_RET_ALLOW);

                                        if (p->rules[k].action != SECCOMP_RET_ALLOW && allow &&
                                            (allow->n_args == 0 || p->rules[k].n_args == 0))
                                                fail_msg("%s is allowed and refused", *name);
                                }
                        assert_null(rule_for(p, "io_uring_setup", SECCOMP_RET_ALLOW));
                        assert_null(rule_for(p, "keyctl", SECCOMP_RET_ALLOW));
                        assert_null(rule_for(p, "userfaultfd", SECCOMP_RET_ALLOW));
                }
}

static int parse_document(const char *json, SeccompProfile **ret, Failure *f) {
        SeccompTarget target = amd64;

        target.document = true;
        return seccomp_profile_parse(json, strlen(json), &target, ret, f);
}

#define NOTIFY(names, rest)                                                    \
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/x\", "   \
        "\"listenerMetadata\": \"y\"," rest " \"syscalls\": [{\"names\": ["    \
        names "], \"action\": \"SCMP_ACT_NOTIFY\"}]}"

static void test_document(void **state) {
        static const struct {
                const char *json;
                uint32_t flags;
        } cases[] = {
                { NOTIFY("\"mkdir\"", ""), SECCOMP_FILTER_FLAG_NEW_LISTENER },
                { NOTIFY("\"mkdir\"", "\"flags\": [\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"),
                  SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
                /* Nobody is asked: the flag does not go alone, and the agent does not count. */
                { "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/x\", \"flags\": "
                  "[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\", \"SECCOMP_FILTER_FLAG_TSYNC\", "
                  "\"SECCOMP_FILTER_FLAG_LOG\"]}",
                  SECCOMP_FILTER_FLAG_LOG },
                { "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"somethingNew\": {}}", 0 },
                { "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultErrnoRet\": null}", 0 },
                { RULE(", \"errnoRet\": null"), 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
                _cleanup_failure_ Failure f = {};

                if (parse_document(cases[i].json, &p, &f) < 0)
                        fail_msg("%s: %s", cases[i].json, f.text);
                assert_int_equal(p->flags, cases[i].flags);
        }
}

static void test_document_refusals(void **state) {
        static const struct {
                const char *json, *names;
        } cases[] = {
                { NOTIFY("\"mkdir\", \"write\"", ""),
                  "SCMP_ACT_NOTIFY cannot be used for the write syscall" },
                { "{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "cannot be used as default action" },
                { RULE(", \"errnoRet\": 1"), "\"errnoRet\" does not go with SCMP_ACT_ALLOW" },
                { "{\"defaultAction\": \"SCMP_ACT_KILL\", \"defaultErrnoRet\": 1}", "SCMP_ACT_KILL" },
                { "{\"defaultAction\": \"SCMP_ACT_SHRUG\"}", "SCMP_ACT_SHRUG" },
                { NOTIFY("\"mkdir\"", "\"flags\": [\"SECCOMP_FILTER_FLAG_FAST\"],"), "FLAG_FAST" },
                { NOTIFY("\"mkdir\"", "\"architectures\": [\"SCMP_ARCH_VAX\"],"), "SCMP_ARCH_VAX" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
                _cleanup_failure_ Failure f = {};

                assert_int_equal(parse_document(cases[i].json, &p, &f), -EBADMSG);
                if (!strstr(f.text, cases[i].names))
                        fail_msg("%s: %s", cases[i].json, f.text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_runtime_spec_form), cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_conditions),        cmocka_unit_test(test_arch_map),
                cmocka_unit_test(test_refusals),          cmocka_unit_test(test_own_profile),
                cmocka_unit_test(test_document),          cmocka_unit_test(test_document_refusals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
