/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "spec/namespace-mode.h"

static int kind_of(RuntimeNamespaceType type, const char *s) {
        const char *hint = NULL;
        NamespaceMode m;
        int r = namespace_mode_parse(type, s, &m, &hint);

        assert_true((r < 0) == (hint != NULL));
        return r < 0 ? r : (int) m.kind;
}

static void test_modes(void **state) {
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_PID, NULL), NAMESPACE_PRIVATE);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_IPC, NULL), NAMESPACE_SHAREABLE);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_NETWORK, NULL), NAMESPACE_NONE);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_PID, "host"), NAMESPACE_HOST);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_UTS, "container:web"), NAMESPACE_CONTAINER);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_CGROUP, "ns:/x"), NAMESPACE_PATH);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_IPC, "none"), NAMESPACE_NONE);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_IPC, "shareable"), NAMESPACE_SHAREABLE);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_NETWORK, "private"), NAMESPACE_PRIVATE);
}

static void test_bad(void **state) {
        static const char *const bad[] = { "",    "Host", "container:", "container",
                                           "ns:", "ns:x", "host:",      "bogus" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(kind_of(RUNTIME_NAMESPACE_PID, bad[i]), -EINVAL);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_PID, "none"), -EINVAL);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_PID, "shareable"), -EINVAL);
        assert_int_equal(kind_of(RUNTIME_NAMESPACE_NETWORK, "shareable"), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_modes), cmocka_unit_test(test_bad) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
