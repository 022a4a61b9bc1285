/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

#define COMMAND "\"Cmd\":[\"sh\"]"
#include <linux/capability.h>

#define BIT(c) (UINT64_C(1) << (c))

static void test_capabilities(void **state) {
        _cleanup_(case_done) Case c = case_new(COMMAND);
        _cleanup_failure_ Failure failure = {};
        uint64_t caps;

        assert_int_equal(container_capabilities(c.record->spec, false, &caps, NULL), 0);
        assert_true(caps & BIT(CAP_CHOWN));
        assert_false(caps & (BIT(CAP_SYS_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_MKNOD) | BIT(CAP_SYS_PTRACE)));

        set(&c, "cap-add", "net_raw");
        set(&c, "cap-drop", "CAP_CHOWN");
        assert_int_equal(container_capabilities(c.record->spec, false, &caps, NULL), 0);
        assert_true(caps & BIT(CAP_NET_RAW));
        assert_false(caps & BIT(CAP_CHOWN));

        set(&c, "cap-drop", "all");
        assert_int_equal(container_capabilities(c.record->spec, false, &caps, NULL), 0);
        assert_true(caps == BIT(CAP_NET_RAW));

        set(&c, "cap-add", "CAP_FLY");
        assert_true(container_capabilities(c.record->spec, false, &caps, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        assert_non_null(strstr(failure.text, "CAP_FLY"));
}

static const char *nth(json_object *o, const char *key, size_t i) {
        json_object *l = NULL;

        if (json_get(o, key, json_type_array, &l) < 0 || i >= json_object_array_length(l))
                return NULL;
        return json_object_get_string(json_object_array_get_idx(l, i));
}

static json_object *capabilities(json_object *o) {
        return at(at(o, "process", json_type_object), "capabilities", json_type_object);
}

/* Root has them all; others have, and pass on, what was added by name. */
static void test_user(void **state) {
        _cleanup_(case_done) Case root = case_new(COMMAND), user = case_new(COMMAND),
                                  plain = case_new(COMMAND);
        _cleanup_json_ json_object *r = NULL, *u = NULL, *p = NULL;

        set(&root, "cap-drop", "all");
        set(&root, "cap-add", "kill");
        set(&root, "user", "root:app");
        r = compile(&root);
        assert_string_equal(nth(capabilities(r), "effective", 0), "CAP_KILL");
        assert_null(nth(capabilities(r), "ambient", 0));

        set(&user, "cap-add", "net_raw");
        set(&user, "user", "app");
        u = compile(&user);
        assert_string_equal(nth(capabilities(u), "effective", 0), "CAP_NET_RAW");
        assert_null(nth(capabilities(u), "effective", 1));
        assert_string_equal(nth(capabilities(u), "ambient", 0), "CAP_NET_RAW");
        assert_string_equal(nth(capabilities(u), "inheritable", 0), "CAP_NET_RAW");
        assert_string_equal(nth(capabilities(u), "bounding", 0), "CAP_CHOWN");

        set(&plain, "user", "app");
        set(&plain, "ambient-capability", "kill");
        p = compile(&plain);
        assert_string_equal(nth(capabilities(p), "ambient", 0), "CAP_KILL");
}

/* An image may ask for less, and for nothing more. */
static void test_label(void **state) {
        _cleanup_(case_done)
                        Case less = case_new(COMMAND
                                             ",\"Labels\":{\"io.containers.capabilities\":\"kill\"}"),
                             more = case_new(COMMAND
                                             ",\"Labels\":{\"io.containers.capabilities\":\"sys_admin\"}"),
                             bad = case_new(COMMAND ",\"Labels\":{\"io.containers.capabilities\":\"fly\"}");
        _cleanup_json_ json_object *l = compile(&less), *m = compile(&more), *b = compile(&bad);

        assert_string_equal(nth(capabilities(l), "bounding", 0), "CAP_KILL");
        assert_null(nth(capabilities(l), "effective", 1));
        assert_string_equal(nth(capabilities(m), "bounding", 0), "CAP_CHOWN");
        assert_string_equal(nth(capabilities(b), "bounding", 0), "CAP_CHOWN");
}

static void test_conflicts(void **state) {
        static const char *const conflicts[][2] = { { "net_raw", "CAP_NET_RAW" }, { "all", "ALL" } };

        for (size_t i = 0; i < ELEMENTSOF(conflicts); i++) {
                _cleanup_(case_done) Case c = case_new(COMMAND);
                _cleanup_failure_ Failure failure = {};
                uint64_t caps;

                set(&c, "cap-add", conflicts[i][0]);
                set(&c, "cap-drop", conflicts[i][1]);
                assert_true(container_capabilities(c.record->spec, false, &caps, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        }
}

static void test_paths(void **state) {
        _cleanup_(case_done) Case plain = case_new(COMMAND), open = case_new(COMMAND),
                                  privileged = case_new(COMMAND);
        _cleanup_json_ json_object *p = NULL, *o = NULL, *v = NULL;

        p = compile(&plain);
        assert_string_equal(nth(at(p, "linux", json_type_object), "maskedPaths", 0), "/proc/acpi");
        set(&open, "security-opt", "unmask=/proc/*:/sys/*");
        set(&open, "security-opt", "mask=/etc/shadow");
        set(&open, "security-opt", "no-new-privileges");
        o = compile(&open);
        assert_string_equal(nth(at(o, "linux", json_type_object), "maskedPaths", 0), "/sys/dev/block");
        assert_null(nth(at(o, "linux", json_type_object), "readonlyPaths", 0));
        assert_true(json_object_get_boolean(
                        at(at(o, "process", json_type_object), "noNewPrivileges", json_type_boolean)));
        set(&privileged, "privileged", "true");
        v = compile(&privileged);
        assert_null(nth(at(v, "linux", json_type_object), "maskedPaths", 0));
}

static json_object *mount_on(json_object *o, const char *destination) {
        json_object *l = at(o, "mounts", json_type_array);
        const char *s = NULL;

        for (size_t i = 0; i < json_object_array_length(l); i++) {
                json_object *m = json_object_array_get_idx(l, i);

                assert_int_equal(json_get_string(m, "destination", &s), 0);
                if (streq(s, destination))
                        return m;
        }
        return NULL;
}

static void test_mounts(void **state) {
        _cleanup_(case_done) Case host = case_new(COMMAND), none = case_new(COMMAND);
        _cleanup_json_ json_object *h = NULL, *n = NULL;
        const char *s;

        set(&host, "ipc", "host");
        set(&host, "security-opt", "proc-opts=hidepid=2");
        h = compile(&host);
        assert_int_equal(json_get_string(mount_on(h, "/dev/shm"), "type", &s), 0);
        assert_string_equal(s, "bind");
        assert_int_equal(json_get_string(mount_on(h, "/dev/shm"), "source", &s), 0);
        assert_string_equal(s, "/dev/shm");
        assert_non_null(strstr(json_object_to_json_string(mount_on(h, "/proc")), "hidepid=2"));
        set(&none, "ipc", "none");
        n = compile(&none);
        assert_null(mount_on(n, "/dev/shm"));
        assert_non_null(mount_on(n, "/dev/mqueue"));
}

static void test_apparmor(void **state) {
        Engine e = {};
        ContainerSpec *plain = new0(ContainerSpec, 1);
        _cleanup_failure_ Failure failure = {};
        const char *profile = "x", *hint;

        assert_int_equal(container_apparmor(&e, plain, &profile, NULL), 0);
        assert_null(profile);
        e.apparmor.available = e.apparmor.default_loaded = true;
        assert_int_equal(container_apparmor(&e, plain, &profile, NULL), 0);
        assert_string_equal(profile, "creel-default");
        plain->privileged = true;
        assert_int_equal(container_apparmor(&e, plain, &profile, NULL), 0);
        assert_null(profile);
        assert_int_equal(container_spec_set_text(plain, container_spec_find("security-opt"),
                                                 "apparmor=unconfined", &hint),
                         0);
        assert_int_equal(container_apparmor(&e, plain, &profile, NULL), 0);
        assert_null(profile);
        e.apparmor.available = false;
        assert_int_equal(container_spec_set_text(plain, container_spec_find("security-opt"), "apparmor=mine",
                                                 &hint),
                         0);
        assert_true(container_apparmor(&e, plain, &profile, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        (void) container_spec_free(plain);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_user),         cmocka_unit_test(test_label),
                cmocka_unit_test(test_conflicts),    cmocka_unit_test(test_paths),
                cmocka_unit_test(test_mounts),       cmocka_unit_test(test_apparmor),
                cmocka_unit_test(test_capabilities),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
