/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "pull/credentials.h"

#include "test.h"

/* YTpi is "a:b", Yzpk "c:d", ZTpm "e:f" */
static const char document[] = "{\"auths\":{"
                               "\"https://index.docker.io/v1/\":{\"auth\":\"YTpi\"},"
                               "\"quay.io\":{\"auth\":\"Yzpk\"},"
                               "\"quay.io/team\":{\"auth\":\"ZTpm\"},"
                               "\"http://localhost:5000/v2/\":{\"auth\":\"YTpi\"},"
                               "\"token.example\":{\"identitytoken\":\"x\"},"
                               "\"nocolon.example\":{\"auth\":\"YWI=\"},"
                               "\"nouser.example\":{\"auth\":\"OmFi\"},"
                               "\"control.example\":{\"auth\":\"YQo6Yg==\"},"
                               "\"header.example\":{\"auth\":\"YTpi\\r\\nX: y\"}}}";

static int find(const char *registry, const char *repository, char **auth, char **user) {
        return credentials_find(document, sizeof(document) - 1, registry, repository, auth, user);
}

static void test_found(void **state) {
        static const struct {
                const char *registry, *repository, *auth, *user;
        } cases[] = {
                { "docker.io", "library/busybox", "YTpi", "a" }, { "quay.io", "other/app", "Yzpk", "c" },
                { "quay.io", "team/app", "ZTpm", "e" },          { "quay.io", "teams/app", "Yzpk", "c" },
                { "localhost:5000", "x", "YTpi", "a" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *auth = NULL, *user = NULL;

                assert_int_equal(find(cases[i].registry, cases[i].repository, &auth, &user), 0);
                assert_string_equal(auth, cases[i].auth);
                assert_string_equal(user, cases[i].user);
        }
}

static void test_not_found(void **state) {
        char *auth = NULL, *user = NULL;

        assert_int_equal(find("index.docker.io.example", "x", &auth, &user), -ENOENT);
        assert_int_equal(find("token.example", "x", &auth, &user), -ENOENT);
        assert_int_equal(credentials_find("{}", 2, "quay.io", "x", &auth, &user), -ENOENT);
        assert_int_equal(find("nocolon.example", "x", &auth, &user), -EBADMSG);
        assert_int_equal(find("nouser.example", "x", &auth, &user), -EBADMSG);
        assert_int_equal(find("control.example", "x", &auth, &user), -EBADMSG);
        assert_int_equal(find("header.example", "x", &auth, &user), -EBADMSG);
        assert_int_equal(credentials_find("", 0, "quay.io", "x", &auth, &user), -EBADMSG);
        assert_int_equal(credentials_find("{\"auths\":[]}", 12, "quay.io", "x", &auth, &user), -EBADMSG);
        assert_int_equal(credentials_find("", CREDENTIALS_BYTES_MAX + 1, "quay.io", "x", &auth, &user),
                         -EFBIG);
        assert_null(auth);
        assert_null(user);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_not_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
