/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "basic/strv.h"
#include "spec/security-option.h"

#define L(...) ((char *const *) (const char *const[]){ __VA_ARGS__, NULL })

static void test_good(void **state) {
        _cleanup_security_options_ SecurityOptions o = {};
        const char *hint;

        assert_int_equal(security_options_parse(L("no-new-privileges", "seccomp=a", "seccomp:unconfined",
                                                  "apparmor=prof", "label=disable", "label=type:x",
                                                  "label:level:s0:c1", "mask=/a:/b", "unmask=/proc/k*",
                                                  "proc-opts=hidepid=2,gid=5"),
                                                &o, &hint),
                         0);
        assert_true(o.no_new_privileges);
        assert_string_equal(o.seccomp, "unconfined");
        assert_string_equal(o.apparmor, "prof");
        assert_string_equal(o.proc_options, "hidepid=2,gid=5");
        assert_int_equal(strv_length(o.mask), 2);
        assert_true(security_options_unmask(&o, "/proc/kcore"));
        assert_false(security_options_unmask(&o, "/proc/acpi"));
        assert_false(security_options_unmask(&o, "/proc/keys/x"));
}

static void test_all(void **state) {
        _cleanup_security_options_ SecurityOptions o = {}, p = {};
        const char *hint;

        assert_int_equal(security_options_parse(L("systempaths=unconfined", "no-new-privileges:false"), &o,
                                                &hint),
                         0);
        assert_true(security_options_unmask(&o, "/proc/acpi"));
        assert_false(o.no_new_privileges);
        assert_int_equal(security_options_parse(L("unmask=all"), &p, &hint), 0);
        assert_true(security_options_unmask(&p, "/sys/firmware"));
}

static void test_bad(void **state) {
        static const char *const bad[] = { "",
                                           "bogus",
                                           "seccomp",
                                           "seccomp=",
                                           "apparmor=",
                                           "apparmor=a b",
                                           "label=",
                                           "label=bogus",
                                           "label=user:",
                                           "mask=",
                                           "mask=relative",
                                           "mask=/a:b",
                                           "unmask=x",
                                           "proc-opts=",
                                           "systempaths=x",
                                           "no-new-privileges=maybe",
                                           "seccomps=x" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_security_options_ SecurityOptions o = {};
                const char *hint = NULL;

                assert_int_equal(security_options_parse(L((char *) bad[i]), &o, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_all),
                                            cmocka_unit_test(test_bad) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
