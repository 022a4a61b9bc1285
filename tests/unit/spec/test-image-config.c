/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/image-config.h"
#include "spec/json.h"

#include "test.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BASE "\"os\":\"linux\",\"architecture\":\"amd64\""
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" A "\"]}"

static int parse(const char *s, ImageConfig **ret) {
        return image_config_parse(s, strlen(s), ret);
}

static void check(const ImageConfig *c) {
        assert_string_equal(c->os, "linux");
        assert_string_equal(c->variant, "v8");
        assert_true(c->created_usec == UINT64_C(1700000000) * USEC_PER_SEC + 500000);
        assert_string_equal(c->author, "A. Nonymous");
        assert_string_equal(c->user, "1000:users");
        assert_string_equal(c->working_dir, "/srv");
        assert_string_equal(c->stop_signal, "SIGINT");
        assert_true(strv_equal(c->entrypoint, (char *[]) { (char *) "/bin/sh", (char *) "-c", NULL }));
        assert_true(strv_equal(c->cmd, (char *[]) { (char *) "true", NULL }));
        assert_true(strv_equal(c->env, (char *[]) { (char *) "A=1", (char *) "B=", NULL }));
        assert_true(strv_equal(c->exposed_ports, (char *[]) { (char *) "80/tcp", NULL }));
        assert_true(strv_equal(c->volumes, (char *[]) { (char *) "/data", NULL }));
        assert_true(strv_equal(c->labels, (char *[]) { (char *) "k=v", NULL }));
        assert_true(strv_equal(c->health_test, (char *[]){ (char *) "CMD", (char *) "probe", NULL }));
        assert_int_equal(c->health_interval_usec, 5 * USEC_PER_SEC);
        assert_int_equal(c->health_timeout_usec, 0);
        assert_int_equal(c->health_start_period_usec, USEC_PER_MSEC);
        assert_int_equal(c->health_retries, 4);
        assert_int_equal(c->n_diff_ids, 1);
        assert_string_equal(c->diff_ids[0].string, A);
}

static void test_everything(void **state) {
        _cleanup_(image_config_freep) ImageConfig *c = NULL, *again = NULL;
        _cleanup_json_ json_object *o = NULL;

        assert_int_equal(parse("{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"created\":"
                               "\"2023-11-14T22:13:20.5Z\",\"author\":\"A. Nonymous\","
                               "\"config\":{\"User\":\"1000:users\",\"WorkingDir\":\"/"
                               "srv\",\"StopSignal\":\"SIGINT\",\"Entrypoint\":[\"/bin/sh\",\"-c\"],"
                               "\"Cmd\":[\"true\"],\"Env\":[\"A=1\",\"B=\"],\"ExposedPorts\":{\"80/"
                               "tcp\":{}},\"Volumes\":{\"/data\":{}},\"Labels\":{\"k\":\"v\"},"
                               "\"Healthcheck\":{\"Test\":[\"CMD\",\"probe\"],\"Interval\":5000000000,"
                               "\"StartPeriod\":1000000,\"Retries\":4},"
                               "\"OnBuild\":null,\"Unknown\":[1]}," ROOTFS
                               ",\"history\":[{\"empty_layer\":true}]}",
                               &c),
                         0);
        check(c);
        assert_int_equal(image_config_to_json(c, &o), 0);
        assert_int_equal(image_config_from_json(o, &again), 0);
        check(again);
}

static void test_little(void **state) {
        _cleanup_(image_config_freep) ImageConfig *c = NULL, *d = NULL;

        assert_int_equal(parse("{" BASE ",\"created\":\"yesterday\",\"config\":{\"Env\":null,\"Cmd\":null,"
                               "\"User\":\"\"}," ROOTFS "}",
                               &c),
                         0);
        assert_null(c->cmd);
        assert_true(c->created_usec == 0);
        assert_int_equal(parse("{" BASE ",\"config\":null,\"rootfs\":{\"diff_ids\":[]}}", &d), 0);
        assert_int_equal(d->n_diff_ids, 0);
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",
                "[]",
                "{\"os\":\"linux\"," ROOTFS "}",
                "{\"os\":\"\",\"architecture\":\"amd64\"," ROOTFS "}",
                "{" BASE "}",
                "{" BASE ",\"rootfs\":{\"type\":\"layers\"}}",
                "{" BASE ",\"rootfs\":{\"type\":\"other\",\"diff_ids\":[]}}",
                "{" BASE ",\"rootfs\":{\"diff_ids\":[\"sha256:1\"]}}",
                "{" BASE ",\"rootfs\":{\"diff_ids\":[null]}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Env\":[\"novalue\"]}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Env\":[\"=x\"]}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Env\":{}}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Cmd\":[\"a\\u0000b\"]}}",
                "{" BASE "," ROOTFS ",\"config\":{\"User\":5}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Labels\":{\"k\":1}}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Healthcheck\":{\"Test\":\"CMD\"}}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Healthcheck\":{\"Interval\":-1}}}",
                "{" BASE "," ROOTFS ",\"config\":{\"Volumes\":[]}}",
                "{" BASE "," ROOTFS ",\"created\":5}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                ImageConfig *c = NULL;

                assert_int_equal(parse(bad[i], &c), -EBADMSG);
                assert_null(c);
        }
}

/* Appends a literal and leaves the end pointing at its NUL. */
#define APPEND(p, literal) ((char *) mempcpy((p), (literal), sizeof(literal)) - 1)

static void test_limits(void **state) {
        _cleanup_free_ char *text = calloc(1, IMAGE_CONFIG_BYTES_MAX + 2);
        ImageConfig *c = NULL;
        char *p;

        assert_non_null(text);
        assert_int_equal(image_config_parse(text, IMAGE_CONFIG_BYTES_MAX + 1, &c), -EFBIG);
        p = APPEND(text, "{" BASE ",\"rootfs\":{\"diff_ids\":[\"" A "\"");
        for (unsigned i = 0; i < IMAGE_LAYERS_MAX; i++)
                p = APPEND(p, ",\"" A "\"");
        (void) APPEND(p, "]}}");
        assert_int_equal(parse(text, &c), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everything),
                cmocka_unit_test(test_little),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
