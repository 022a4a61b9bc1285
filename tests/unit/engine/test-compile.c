/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <linux/capability.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile.h"
#include "spec/json.h"

#define BIT(c) (UINT64_C(1) << (c))

typedef struct Case {
        ContainerRecord *record;
        ImageConfig *config;
} Case;

static Case case_new(const char *image_config) {
        _cleanup_free_ char *text = NULL;
        Case c = { .record = new0(ContainerRecord, 1) };

        assert_int_equal(string_format(&text,
                                       "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{%s},"
                                       "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
                                       image_config),
                         0);
        assert_int_equal(image_config_parse(text, strlen(text), &c.config), 0);
        memset(c.record->id, 'a', DIGEST_HEX_LENGTH);
        c.record->spec = new0(ContainerSpec, 1);
        c.record->image = strdup("localhost/x:1");
        c.record->uid_base = 0x100000;
        return c;
}

static void case_done(Case *c) {
        (void) container_record_free(c->record);
        (void) image_config_free(c->config);
}

static void set(Case *c, const char *key, const char *text) {
        const char *hint;

        assert_int_equal(container_spec_set_text(c->record->spec, container_spec_find(key), text, &hint), 0);
}

static void assert_argv(Case *c, const char *expected) {
        _cleanup_strv_free_ char **argv = NULL;
        _cleanup_free_ char *joined = NULL;

        assert_int_equal(container_argv(c->record, c->config, &argv, NULL), 0);
        assert_int_equal(strv_join(argv, " ", &joined), 0);
        assert_string_equal(joined, expected);
}

static void test_argv(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Entrypoint\":[\"/e\",\"x\"],\"Cmd\":[\"c\"]");
        _cleanup_(case_done) Case empty = case_new("");
        _cleanup_failure_ Failure failure = {};
        char **argv;

        assert_argv(&c, "/e x c");
        set(&c, "command", "mine");
        assert_argv(&c, "/e x mine");
        /* an entrypoint of one's own drops the image's command, too */
        c.record->spec->command = strv_free(c.record->spec->command);
        set(&c, "entrypoint", "/other");
        assert_argv(&c, "/other");
        set(&c, "entrypoint", "");
        set(&c, "command", "bare");
        assert_argv(&c, "bare");

        assert_true(container_argv(empty.record, empty.config, &argv, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
}

static void test_capabilities(void **state) {
        _cleanup_(case_done) Case c = case_new("");
        _cleanup_failure_ Failure failure = {};
        uint64_t caps;

        assert_int_equal(container_capabilities(c.record->spec, &caps, NULL), 0);
        assert_true(caps & BIT(CAP_CHOWN));
        assert_false(caps & (BIT(CAP_SYS_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_MKNOD) | BIT(CAP_SYS_PTRACE)));

        set(&c, "cap-add", "net_raw");
        set(&c, "cap-drop", "CAP_CHOWN");
        assert_int_equal(container_capabilities(c.record->spec, &caps, NULL), 0);
        assert_true(caps & BIT(CAP_NET_RAW));
        assert_false(caps & BIT(CAP_CHOWN));

        set(&c, "cap-drop", "all");
        assert_int_equal(container_capabilities(c.record->spec, &caps, NULL), 0);
        assert_true(caps == BIT(CAP_NET_RAW));

        set(&c, "cap-add", "CAP_FLY");
        assert_true(container_capabilities(c.record->spec, &caps, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        assert_non_null(strstr(failure.text, "CAP_FLY"));
}

static json_object *compile(Case *c) {
        JobParameters start = JOB_PARAMETERS_DEFAULT;
        _cleanup_free_ char *text = NULL;
        json_object *o = NULL;

        start.console_rows = 33;
        start.console_columns = 111;
        assert_int_equal(container_compile(c->record, c->config, "/run/creel", &start, &text, NULL), 0);
        assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o), 0);
        return o;
}

static json_object *at(json_object *o, const char *key, json_type type) {
        json_object *v = NULL;

        assert_int_equal(json_get(o, key, type, &v), 0);
        return v;
}

static bool has_namespace(json_object *o, const char *type) {
        json_object *l = at(at(o, "linux", json_type_object), "namespaces", json_type_array);

        for (size_t i = 0; i < json_object_array_length(l); i++) {
                const char *s = NULL;

                assert_int_equal(json_get_string(json_object_array_get_idx(l, i), "type", &s), 0);
                if (streq(s, type))
                        return true;
        }
        return false;
}

static const char *mount_type(json_object *o, const char *destination) {
        json_object *l = at(o, "mounts", json_type_array);
        const char *s = NULL, *type = NULL;

        for (size_t i = 0; i < json_object_array_length(l); i++) {
                json_object *m = json_object_array_get_idx(l, i);

                assert_int_equal(json_get_string(m, "destination", &s), 0);
                if (streq(s, destination))
                        assert_int_equal(json_get_string(m, "type", &type), 0);
        }
        return type;
}

static void test_document(void **state) {
        _cleanup_(case_done) Case c =
                        case_new("\"Cmd\":[\"c\"],\"Env\":[\"A=image\",\"B=image\"],\"User\":\"app\","
                                 "\"WorkingDir\":\"/srv\"");
        _cleanup_json_ json_object *o = NULL;
        _cleanup_strv_free_ char **env = NULL;
        json_object *process;
        const char *s = NULL;
        bool flag = false;

        set(&c, "env", "A=mine");
        set(&c, "read-only", NULL);
        o = compile(&c);
        process = at(o, "process", json_type_object);
        assert_int_equal(json_get_strv(process, "env", &env), 0);
        assert_string_equal(strv_env_get(env, "A"), "mine");
        assert_string_equal(strv_env_get(env, "B"), "image");
        assert_string_equal(strv_env_get(env, "container"), "creel");
        assert_string_equal(strv_env_get(env, "HOSTNAME"), "aaaaaaaaaaaa");
        assert_int_equal(json_get_string(process, "cwd", &s), 0);
        assert_string_equal(s, "/srv");
        assert_int_equal(json_get_string(at(process, "user", json_type_object), "username", &s), 0);
        assert_string_equal(s, "app");
        assert_int_equal(json_get_boolean(at(o, "root", json_type_object), "readonly", &flag), 0);
        assert_true(flag);

        assert_true(has_namespace(o, "user") && has_namespace(o, "network") && has_namespace(o, "cgroup"));
        assert_string_equal(mount_type(o, "/sys"), "sysfs");
        assert_string_equal(mount_type(o, "/tmp"), "tmpfs"); /* with a read-only root */
        assert_string_equal(mount_type(o, "/etc/hosts"), "bind");
        assert_null(mount_type(o, "/etc/resolv.conf"));
}

static void test_host_network(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *o = NULL;

        set(&c, "network", "host");
        o = compile(&c);
        assert_false(has_namespace(o, "network"));
        /* sysfs belongs to the network namespace: the host's cannot be mounted anew */
        assert_string_equal(mount_type(o, "/sys"), "bind");
        assert_string_equal(mount_type(o, "/etc/resolv.conf"), "bind");
        assert_null(mount_type(o, "/tmp"));
}

static void test_console_size(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *without = compile(&c), *with = NULL;
        json_object *size;
        uint64_t n;

        assert_int_equal(json_get(at(without, "process", json_type_object), "consoleSize", json_type_object,
                                  &size),
                         -ENODATA);
        set(&c, "tty", NULL);
        with = compile(&c);
        size = at(at(with, "process", json_type_object), "consoleSize", json_type_object);
        assert_int_equal(json_get_u64(size, "height", &n), 0);
        assert_int_equal(n, 33);
        assert_int_equal(json_get_u64(size, "width", &n), 0);
        assert_int_equal(n, 111);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_argv),
                cmocka_unit_test(test_capabilities),
                cmocka_unit_test(test_document),
                cmocka_unit_test(test_host_network),
                cmocka_unit_test(test_console_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
