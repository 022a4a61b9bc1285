/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "basic/memory.h"
#include "oci/feature.h"
#include "spec/json.h"
#include "spec/runtime-spec.h"

#include "test.h"

static json_object *features(void) {
        _cleanup_free_ char *text = NULL;
        json_object *o;

        assert_int_equal(oci_features_format(&text), 0);
        assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o), 0);
        return o;
}

static void strings(json_object *o, const char *key, char ***ret) {
        assert_int_equal(json_get_strv(o, key, ret), 0);
        assert_true(strv_length(*ret) > 0);
}

/* Both versions are taken in documents. */
static void test_versions(void **state) {
        static const char *const keys[] = { "ociVersionMin", "ociVersionMax" };
        _cleanup_json_ json_object *o = features();

        for (size_t i = 0; i < 2; i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
                const char *version;
                char document[64];

                assert_int_equal(json_get_string(o, keys[i], &version), 0);
                (void) snprintf(document, sizeof(document), "{\"ociVersion\": \"%s\"}", version);
                assert_int_equal(runtime_spec_parse(document, strlen(document), &s, NULL), 0);
        }
}

static void test_lists(void **state) {
        _cleanup_json_ json_object *o = features();
        _cleanup_strv_free_ char **hooks = NULL, **options = NULL, **namespaces = NULL, **flags = NULL,
                                 **known = NULL;
        json_object *platform, *seccomp, *cgroup;
        bool v1 = true, v2 = false;

        strings(o, "hooks", &hooks);
        assert_int_equal(strv_length(hooks), 6);
        strings(o, "mountOptions", &options);
        assert_true(strv_contains(options, "rro") && strv_contains(options, "idmap"));
        assert_int_equal(json_get(o, "linux", json_type_object, &platform), 0);
        strings(platform, "namespaces", &namespaces);
        assert_int_equal(strv_length(namespaces), 8);
        assert_int_equal(json_get(platform, "cgroup", json_type_object, &cgroup), 0);
        assert_int_equal(json_get_boolean(cgroup, "v1", &v1) | json_get_boolean(cgroup, "v2", &v2), 0);
        assert_true(!v1 && v2);
        assert_int_equal(json_get(platform, "seccomp", json_type_object, &seccomp), 0);
        strings(seccomp, "knownFlags", &known);
        strings(seccomp, "supportedFlags", &flags);
        STRV_FOREACH(flag, flags)
                assert_true(strv_contains(known, *flag));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
