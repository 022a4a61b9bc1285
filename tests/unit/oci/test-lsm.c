/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "basic/strv.h"
#include "oci/lsm.h"

#include "test.h"

static RuntimeSpec *parse(const char *process, const char *rest) {
        RuntimeSpec *s = NULL;
        char text[1024];

        (void) snprintf(text, sizeof(text),
                        "{\"ociVersion\": \"1.2.0\", \"process\": {\"args\": [\"x\"], \"cwd\": \"/\", "
                        "\"user\": {\"uid\": 0, \"gid\": 0}%s}%s}",
                        process, rest);
        assert_int_equal(runtime_spec_parse(text, strlen(text), &s, NULL), 0);
        return s;
}

#define APPARMOR ", \"apparmorProfile\": \"tight\""
#define SELINUX ", \"selinuxLabel\": \"a:b:c:s0\""
#define MOUNTS                                                                                       \
        ", \"mounts\": [{\"destination\": \"/t\", \"type\": \"tmpfs\"}, {\"destination\": \"/p\", "  \
        "\"type\": \"proc\"}, {\"destination\": \"/b\", \"type\": \"tmpfs\", \"source\": \"/tmp\", " \
        "\"options\": [\"bind\"]}]"
#define LABEL ", \"linux\": {\"mountLabel\": \"a:b:f:s0\"}"

static void test_refused(void **state) {
        static const struct {
                const char *process, *rest, *names;
                OciLsm lsm;
        } cases[] = {
                { APPARMOR, "", "apparmorProfile is tight", { false, true } },
                { SELINUX, "", "selinuxLabel is a:b:c:s0", { true, false } },
                { "", LABEL, "mountLabel is a:b:f:s0", { true, false } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = parse(cases[i].process, cases[i].rest);
                _cleanup_failure_ Failure f = {};

                assert_true(oci_lsm_apply(s, &cases[i].lsm, &f) < 0);
                assert_int_equal(f.kind, FAILURE_SECURITY);
                assert_non_null(strstr(f.text, cases[i].names));
        }
}

static void test_taken(void **state) {
        static const struct {
                const char *process;
                OciLsm lsm;
        } cases[] = {
                { "", { false, false } },
                { APPARMOR, { true, false } },
                { SELINUX, { false, true } },
                /* Nothing is asked for. */
                { ", \"apparmorProfile\": \"unconfined\", \"selinuxLabel\": \"\"", { false, false } },
                { ", \"apparmorProfile\": \"\"", { false, false } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = parse(cases[i].process, "");

                assert_int_equal(oci_lsm_apply(s, &cases[i].lsm, NULL), 0);
        }
}

static void test_mount_label(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = parse("", MOUNTS LABEL);

        assert_int_equal(oci_lsm_apply(s, &(OciLsm){ .selinux = true }, NULL), 0);
        assert_true(strv_contains(s->mounts[0].options.data, "context=a:b:f:s0"));
        assert_int_equal(strv_length(s->mounts[1].options.data), 0);
        assert_int_equal(strv_length(s->mounts[2].options.data), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_taken),
                cmocka_unit_test(test_mount_label),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
