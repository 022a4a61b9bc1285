/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "oci/example.h"
#include "spec/json.h"
#include "spec/runtime-spec.h"
#include "test.h"

static RuntimeSpec *make(bool rootless) {
        _cleanup_json_ json_object *o = NULL;
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *text = NULL;
        RuntimeSpec *spec = NULL;

        assert_int_equal(example_new(rootless, &o), 0);
        assert_int_equal(json_format(o, true, &text), 0);
        /* what scripts look for */
        assert_non_null(strstr(text, "\"terminal\": true"));
        if (runtime_spec_parse(text, strlen(text), &spec, &f) < 0)
                fail_msg("%s", f.text);
        return spec;
}

static const RuntimeMount *find_mount(const RuntimeSpec *s, const char *destination) {
        const RuntimeMount *found = NULL;

        for (size_t i = 0; i < s->n_mounts; i++)
                if (streq(s->mounts[i].destination, destination)) {
                        assert_null(found);
                        found = s->mounts + i;
                }
        assert_non_null(found);
        return found;
}

static void test_root(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = make(false);

        assert_true(s->process.terminal && s->process.no_new_privileges && s->root_readonly);
        assert_string_equal(s->process.args[0], "sh");
        assert_string_equal(s->process.cwd, "/");
        assert_string_equal(s->root_path, "rootfs");
        assert_int_equal(s->process.n_rlimits, 1);
        assert_int_equal(s->n_mounts, 7);
        assert_string_equal(find_mount(s, "/sys")->type, "sysfs");
        assert_true(s->namespaces[RUNTIME_NAMESPACE_NETWORK].wanted);
        assert_true(s->namespaces[RUNTIME_NAMESPACE_CGROUP].wanted);
        assert_false(s->namespaces[RUNTIME_NAMESPACE_USER].wanted);
        assert_int_equal(s->n_uid_mappings, 0);
}

static void test_rootless(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = make(true);

        assert_false(s->namespaces[RUNTIME_NAMESPACE_NETWORK].wanted);
        assert_true(s->namespaces[RUNTIME_NAMESPACE_USER].wanted);
        assert_int_equal(s->n_uid_mappings, 1);
        assert_int_equal(s->uid_mappings[0].host_id, geteuid());
        assert_int_equal(s->gid_mappings[0].host_id, getegid());
        assert_int_equal(s->n_mounts, 7);
        assert_string_equal(find_mount(s, "/sys")->source, "/sys");
        (void) find_mount(s, "/dev/pts");
}

/* No group 5 for a user alone. */
static void test_gid(void **state) {
        for (int rootless = 0; rootless < 2; rootless++) {
                _cleanup_json_ json_object *o = NULL;
                const char *text;

                assert_int_equal(example_new(rootless, &o), 0);
                text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
                assert_int_equal(!strstr(text, "gid=5"), rootless);
                assert_int_equal(!strstr(text, "\"resources\""), rootless);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_root),
                cmocka_unit_test(test_rootless),
                cmocka_unit_test(test_gid),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
