/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "spec/sysctl.h"

static void test_namespaces(void **state) {
        static const struct {
                const char *key;
                RuntimeNamespaceType type;
        } good[] = { { "kernel.shmmax", RUNTIME_NAMESPACE_IPC },
                     { "kernel/shmmax", RUNTIME_NAMESPACE_IPC },
                     { "kernel.shm_rmid_forced", RUNTIME_NAMESPACE_IPC },
                     { "fs.mqueue.msg_max", RUNTIME_NAMESPACE_IPC },
                     { "net.ipv4.ip_forward", RUNTIME_NAMESPACE_NETWORK },
                     { "net/ipv4/conf/eth0.1/forwarding", RUNTIME_NAMESPACE_NETWORK },
                     { "net.ipv4.conf.eth0/1.forwarding", RUNTIME_NAMESPACE_NETWORK },
                     { "kernel.hostname", RUNTIME_NAMESPACE_UTS },
                     { "kernel.domainname", RUNTIME_NAMESPACE_UTS } };
        static const char *const bad[] = { "",           "kernel.panic", "kernel.shmmaxx",
                                           "net",        "net.",         "vm.swappiness",
                                           "kernel.shm", "fs.mqueue",    ".net.a",
                                           "net..a",     "net.a b",      "kernel",
                                           "netx.a",     "../net.a",     "net/../kernel.panic" };
        RuntimeNamespaceType type;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(sysctl_namespace(good[i].key, &type), 0);
                assert_int_equal(type, good[i].type);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(sysctl_namespace(bad[i], &type), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_namespaces) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
