/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/file.h"
#include "compile-fixture.h"
#include "engine-fixture.h"
#include "engine/host-tree.h"

#define ID "0123456789abcdef0123456789abcdef"

static void test_env(void **state) {
        _cleanup_strv_free_ char **env = NULL;

        assert_int_equal(host_tree_env_of("NAME=\"Debian\"\nID=debian\n#ID=no\nVERSION_ID=\"12\"\n"
                                          "BUILD_ID='a b'\nVARIANT_ID=\"x\\\"y\"\nID_LIKE=no\n",
                                          &env),
                         0);
        assert_int_equal(strv_length(env), 4);
        assert_string_equal(strv_env_get(env, "container_host_id"), "debian");
        assert_string_equal(strv_env_get(env, "container_host_version_id"), "12");
        assert_string_equal(strv_env_get(env, "container_host_build_id"), "a b");
        assert_string_equal(strv_env_get(env, "container_host_variant_id"), "x\"y");
}

static void test_strange_env(void **state) {
        static const char *const texts[] = {
                "", "\n\n", "ID", "ID=", "ID=\"", "ID=\"\\", "ID='", "ID=\"a'"
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_strv_free_ char **env = NULL;

                assert_int_equal(host_tree_env_of(texts[i], &env), 0);
        }
}

static void test_tree(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"sh\"]");
        _cleanup_engine_ EngineFixture f = {};
        _cleanup_free_ char *text = NULL, *value = NULL;
        _cleanup_failure_ Failure failure = {};
        int fd;

        engine_fixture_init(&f);
        fd = f.engine.store->runtime_containers_fd;
        c.record->uid_base = getuid();
        set(&c, "set-credential", "my.key:a\\nb");
        set(&c, "load-credential", "hosts:/etc/hosts");
        /* twice: what an earlier run has left is replaced */
        for (int i = 0; i < 2; i++)
                assert_int_equal(host_tree_write(c.record, ID, fd, &failure), 0);
        assert_int_equal(file_read(fd, "host/container-uuid", 100, &text, NULL), 0);
        assert_string_equal(text, "01234567-89ab-cdef-0123-456789abcdef\n");
        assert_int_equal(file_read(fd, "host/credentials/my.key", 100, &value, NULL), 0);
        assert_string_equal(value, "a\nb");
        assert_int_equal(faccessat(fd, "host/inaccessible/sock", F_OK, 0), 0);
        assert_int_equal(faccessat(fd, "host/unix-export", F_OK, 0), 0);

        set(&c, "load-credential", "gone:/nonexistent");
        assert_true(host_tree_write(c.record, ID, fd, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_env),
                cmocka_unit_test(test_strange_env),
                cmocka_unit_test(test_tree),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
