/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "ctl/filter.h"
#include "test.h"

#define STRINGS(...) ((char **) (const char *[]) { __VA_ARGS__, NULL })

static const ContainerInfo info = {
        .id = (char *) "abcdef0123456789",
        .name = (char *) "web-1",
        .image = (char *) "docker.io/library/nginx:1.25",
        .image_id = (char *) "sha256:99aabbcc",
        .state = (char *) "stopped",
        .restart_policy = (char *) "on-failure:3",
        .created_usec = 1000,
        .exit_code = 3,
        .labels = STRINGS("app=shop", "tier=front", "empty="),
};

static bool match(char **filters) {
        return filter_match(filters, &info);
}

static void test_keys(void **state) {
        assert_true(match(NULL));
        assert_true(match(STRINGS("id=abcdef")));
        assert_false(match(STRINGS("id=bcdef")));
        assert_true(match(STRINGS("name=web")));
        assert_true(match(STRINGS("name=eb-")));
        assert_false(match(STRINGS("name=db")));
        assert_false(match(STRINGS("name=^web$")));
        assert_true(match(STRINGS("name=^(db|web).*$")));
        assert_true(match(STRINGS("status=exited")));
        assert_true(match(STRINGS("status=stopped")));
        assert_false(match(STRINGS("status=running")));
        assert_true(match(STRINGS("label=app")));
        assert_true(match(STRINGS("label=app=shop")));
        assert_true(match(STRINGS("label=empty=")));
        assert_false(match(STRINGS("label=app=other")));
        assert_false(match(STRINGS("label=ap")));
        assert_true(match(STRINGS("ancestor=nginx")));
        assert_true(match(STRINGS("ancestor=sha256:99aa")));
        assert_true(match(STRINGS("ancestor=99aabb")));
        assert_false(match(STRINGS("ancestor=aabb")));
}

static void test_life(void **state) {
        assert_true(match(STRINGS("exited=3")));
        assert_false(match(STRINGS("exited=0")));
        assert_true(match(STRINGS("exited=0", "exited=3")));
        assert_true(match(STRINGS("restart-policy=on-failure")));
        assert_false(match(STRINGS("restart-policy=always")));
        assert_true(match(STRINGS("health=none")));
        assert_false(match(STRINGS("health=healthy")));
        assert_true(match(STRINGS("label!=none")));
        assert_false(match(STRINGS("label!=app")));
        assert_true(match(STRINGS("until=1h")));
        assert_false(match(STRINGS("until=@0")));
}

static void test_others(void **state) {
        _cleanup_failure_ Failure f = {};
        ContainerInfo *all[] = { (ContainerInfo *) &info };
        const ObjectList l = { .containers = all, .n_containers = 1 };
        const ContainerInfo younger = { .created_usec = 2000, .state = (char *) "created" };
        char *filters[] = { strdup("since=web-1"), NULL };

        assert_int_equal(filter_resolve(filters, &l, NULL), 0);
        assert_true(filter_match(filters, &younger));
        assert_false(filter_match(filters, &info));
        free(filters[0]);
        filters[0] = strdup("before=nobody");
        assert_true(filter_resolve(filters, &l, &f) < 0);
        assert_int_equal(f.kind, FAILURE_NO_SUCH_CONTAINER);
        free(filters[0]);
}

static void test_combinations(void **state) {
        assert_true(match(STRINGS("name=db", "name=web")));
        assert_false(match(STRINGS("name=web", "status=running")));
        assert_true(match(STRINGS("label=app", "label=tier=front")));
        assert_false(match(STRINGS("label=app", "label=none")));
}

static void test_images(void **state) {
        static const char reference[] = "reg:5000/a/b:tag@sha256:00";

        assert_true(filter_names_image(reference, reference));
        assert_true(filter_names_image("reg:5000/a/b", reference));
        assert_true(filter_names_image("a/b", reference));
        assert_true(filter_names_image("b", reference));
        assert_false(filter_names_image("a", reference));
        assert_false(filter_names_image("reg", reference));
        assert_false(filter_names_image("", reference));
        assert_true(filter_names_image("library/nginx:1.25", info.image));
        assert_true(filter_names_image("nginx:1.25", info.image));
        assert_false(filter_names_image("nginx:1.26", info.image));
        assert_false(filter_names_image("ginx", info.image));
}

static void test_refused(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(filter_check(STRINGS("name=x", "label=y", "status=exited"), &f), 0);
        assert_int_equal(filter_check(STRINGS("name=(x"), &f), -EINVAL);
        assert_int_equal(filter_check(STRINGS("nam=x"), &f), -EINVAL);
        assert_non_null(strstr(f.text, "nam=x"));
        assert_int_equal(filter_check(STRINGS("name"), &f), -EINVAL);
        assert_int_equal(filter_check(STRINGS("status=up"), &f), -EINVAL);
        assert_non_null(strstr(f.text, "running"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_keys),   cmocka_unit_test(test_combinations),
                cmocka_unit_test(test_life),   cmocka_unit_test(test_others),
                cmocka_unit_test(test_images), cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
