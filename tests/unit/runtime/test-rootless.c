/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/rootless.h"

#include "child.h"
#include "test.h"

#define USER 1234

static void lower(void) {
        CHECK(setgroups(0, NULL) >= 0 && setresgid(USER, USER, USER) >= 0 &&
              setresuid(USER, USER, USER) >= 0);
}

static RuntimeIdMapping *mapping(uint32_t inside, uint32_t outside, uint32_t size) {
        RuntimeIdMapping *m = new (RuntimeIdMapping, 1);

        CHECK(m);
        *m = (RuntimeIdMapping){ inside, outside, size };
        return m;
}

static RuntimeSpec with_mapping(uint32_t inside, uint32_t outside, uint32_t size) {
        RuntimeSpec s = { .uid_mappings = mapping(inside, outside, size),
                          .n_uid_mappings = 1,
                          .gid_mappings = mapping(inside, outside, size),
                          .n_gid_mappings = 1 };

        s.namespaces[RUNTIME_NAMESPACE_USER].wanted = true;
        return s;
}

static void check_root(const RuntimeSpec *s) {
        CHECK(geteuid() == 0 && getegid() == 0);
        CHECK(!s->namespaces[RUNTIME_NAMESPACE_USER].wanted && s->n_uid_mappings == 0 && !s->gid_mappings);
        /* root of the mounts, too */
        CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) >= 0);
        CHECK(mkdir("/mnt/x", 0755) >= 0);
}

static void is_root_already(void) {
        RuntimeSpec s = with_mapping(0, 1, 1);
        _cleanup_failure_ Failure f = {};

        CHECK(rootless_enter(&s, &f) == 0);
        CHECK(s.namespaces[RUNTIME_NAMESPACE_USER].wanted && s.n_uid_mappings == 1);
}

static void maps_itself(void) {
        RuntimeSpec s = with_mapping(0, USER, 1);
        _cleanup_failure_ Failure f = {};

        lower();
        CHECK(rootless_enter(&s, &f) == 1);
        check_root(&s);
        CHECK(setgroups(0, NULL) < 0 && errno == EPERM);
}

/* A document that says nothing of users. */
static void maps_by_default(void) {
        _cleanup_failure_ Failure f = {};
        RuntimeSpec s = {};

        lower();
        CHECK(rootless_enter(&s, &f) == 1);
        check_root(&s);
}

/* No root inside: all rights in there all the same. */
static void maps_no_root(void) {
        RuntimeSpec s = with_mapping(77, USER, 1);
        _cleanup_failure_ Failure f = {};

        lower();
        CHECK(rootless_enter(&s, &f) == 1);
        CHECK(geteuid() == 77);
        CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) >= 0);
}

/* Ids that are not this user's: whether newuidmap is there or not, it does not give them. */
static void refuses_foreign_ids(void) {
        RuntimeSpec s = with_mapping(0, 0, 1);
        _cleanup_failure_ Failure f = {};

        lower();
        CHECK(rootless_enter(&s, &f) < 0);
        CHECK(f.kind == FAILURE_CONFIGURATION && strstr(f.text, "newuidmap"));
        CHECK(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
}

static void refuses_what_is_no_namespace(void) {
        RuntimeSpec s = with_mapping(0, USER, 1);
        _cleanup_failure_ Failure f = {};

        lower();
        s.namespaces[RUNTIME_NAMESPACE_USER].path = strdup("/proc/self/ns/net");
        CHECK(rootless_enter(&s, &f) < 0);
        CHECK(strstr(f.text, "user namespace"));
}

#define ISOLATED(name)                                   \
        static void test_##name(void **state) {          \
                assert_int_equal(run_isolated(name), 0); \
        }
ISOLATED(is_root_already)
ISOLATED(maps_itself)
ISOLATED(maps_by_default)
ISOLATED(maps_no_root)
ISOLATED(refuses_foreign_ids)
ISOLATED(refuses_what_is_no_namespace)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_is_root_already),
                cmocka_unit_test(test_maps_itself),
                cmocka_unit_test(test_maps_by_default),
                cmocka_unit_test(test_maps_no_root),
                cmocka_unit_test(test_refuses_foreign_ids),
                cmocka_unit_test(test_refuses_what_is_no_namespace),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
