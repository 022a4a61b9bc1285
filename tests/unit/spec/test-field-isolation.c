/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "spec/container-spec.h"

/* Each option of the table takes the good value and refuses the bad one with a hint. */
static void test_checks(void **state) {
        static const struct {
                const char *key, *good, *bad;
        } cases[] = {
                { "userns", "keep-id", "keep" },
                { "uidmap", "0:1:2", "0" },
                { "gidmap", "+0:1:2", "@0:1" },
                { "subuidname", "web", "" },
                { "subgidname", "web", "a:b" },
                { "pid", "host", "none" },
                { "ipc", "none", "" },
                { "uts", "container:x", "x" },
                { "cgroupns", "private", "split" },
                { "network", "ns:/run/netns/x", "bridge:" },
                { "sysctl", "net.a=1", "vm.a=1" },
                { "device", "/dev/fuse", "fuse" },
                { "device-cgroup-rule", "c 1:* r", "c" },
                { "cap-add", "net_raw,SYS_ADMIN", "" },
                { "cap-drop", "ALL", "a b" },
                { "ambient-capability", "CAP_KILL", "-" },
                { "security-opt", "label=disable", "label" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const SpecField *field = container_spec_find(cases[i].key);
                _cleanup_(container_spec_freep) ContainerSpec *s = calloc(1, sizeof(ContainerSpec));
                const char *hint;

                assert_non_null(field);
                assert_int_equal(container_spec_set_text(s, field, cases[i].good, &hint), 0);
                assert_int_equal(container_spec_set_text(s, field, cases[i].bad, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_checks) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
