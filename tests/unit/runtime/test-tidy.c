/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/tidy.h"

#include "test.h"

static RuntimeSpec *empty(void) {
        RuntimeSpec *s = new0(RuntimeSpec, 1);

        assert_non_null(s);
        return s;
}

static void check_place(const char *given, const char *expect) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = empty();
        _cleanup_failure_ Failure f = {};

        s->mounts = new0(RuntimeMount, 1);
        s->devices = new0(RuntimeDevice, 1);
        s->n_mounts = s->n_devices = 1;
        s->mounts[0].destination = strdup(given);
        s->devices[0].path = strdup("/dev/x/");
        assert_int_equal(tidy_document(s, &f), 0);
        assert_string_equal(s->mounts[0].destination, expect);
        assert_string_equal(s->devices[0].path, "/dev/x");
}

static void test_places(void **state) {
        check_place("/a/b", "/a/b");
        check_place("a//b/", "/a/b");
        check_place("/a/../../b/./c", "/b/c");
        check_place("/", "/");
        check_place("/..", "/");
        check_place("", "/");
}

static void test_device_on_root(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = empty();
        _cleanup_failure_ Failure f = {};

        s->devices = new0(RuntimeDevice, 1);
        s->n_devices = 1;
        s->devices[0].path = strdup("/x/..");
        assert_true(tidy_document(s, &f) < 0);
        assert_int_equal(f.kind, FAILURE_CONFIGURATION);
}

static void test_mappings(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = empty();
        _cleanup_failure_ Failure f = {};

        assert_int_equal(tidy_document(s, &f), 0);
        assert_int_equal(s->n_uid_mappings, 0);
        s->namespaces[RUNTIME_NAMESPACE_USER].wanted = true;
        assert_int_equal(tidy_document(s, &f), 0);
        assert_int_equal(s->n_uid_mappings, 1);
        assert_int_equal(s->uid_mappings[0].host_id, geteuid());
        assert_int_equal(s->gid_mappings[0].size, 1);
}

static int with_sysctl(const char *assignment, RuntimeNamespaceType type, const char *path, Failure *f) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = empty();

        assert_int_equal(strv_extend(&s->sysctl, assignment), 0);
        if (type != RUNTIME_NAMESPACE_MOUNT) {
                s->namespaces[type].wanted = true;
                s->namespaces[type].path = path ? strdup(path) : NULL;
        }
        return tidy_document(s, f);
}

static void test_environment(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = empty();

        assert_int_equal(strv_extend(&s->process.env, "A=1"), 0);
        assert_int_equal(strv_extend(&s->process.env, "B=2"), 0);
        assert_int_equal(strv_extend(&s->process.env, "A=3"), 0);
        assert_int_equal(tidy_document(s, NULL), 0);
        assert_int_equal(strv_length(s->process.env), 2);
        assert_string_equal(strv_env_get(s->process.env, "A"), "3");
        assert_string_equal(strv_env_get(s->process.env, "B"), "2");
}

static void test_sysctls(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(with_sysctl("net.ipv4.ip_forward=1", RUNTIME_NAMESPACE_NETWORK, NULL, &f), 0);
        assert_int_equal(with_sysctl("kernel/shmmax=1", RUNTIME_NAMESPACE_IPC, NULL, &f), 0);
        assert_true(with_sysctl("net.ipv4.ip_forward=1", RUNTIME_NAMESPACE_IPC, NULL, &f) < 0);
        assert_non_null(strstr(f.text, "network namespace"));
        assert_true(with_sysctl("net.ipv4.ip_forward=1", RUNTIME_NAMESPACE_MOUNT, NULL, &f) < 0);
        assert_true(with_sysctl("net.ipv4.ip_forward=1", RUNTIME_NAMESPACE_NETWORK, "/proc/self/ns/net",
                                &f) < 0);
        assert_true(with_sysctl("kernel.sysrq=1", RUNTIME_NAMESPACE_IPC, NULL, &f) < 0);
        assert_non_null(strstr(f.text, "kernel.sysrq"));
        assert_true(with_sysctl("kernel.hostname=x", RUNTIME_NAMESPACE_UTS, NULL, &f) < 0);
        assert_int_equal(with_sysctl("kernel/domainname=x", RUNTIME_NAMESPACE_UTS, NULL, &f), 0);
        assert_true(with_sysctl("net./../x=1", RUNTIME_NAMESPACE_NETWORK, NULL, &f) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_device_on_root),
                cmocka_unit_test(test_mappings),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_sysctls),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
