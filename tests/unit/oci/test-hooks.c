/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/file.h"
#include "basic/memory.h"
#include "oci/hooks.h"
#include "tmpdir.h"

#include "test.h"

static RuntimeSpec *parse(const char *path, const char *hooks) {
        RuntimeSpec *s = NULL;
        char text[2048];

        (void) snprintf(text, sizeof(text),
                        "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"},"
                        "\"annotations\":{\"run.oci.hooks.stdout\":\"%s\"},\"hooks\":{%s}}",
                        path, hooks);
        assert_int_equal(runtime_spec_parse(text, strlen(text), &s, NULL), 0);
        return s;
}

/* The second one is run although the first has failed. */
static void test_all(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(oci_hooks_done) OciHooks h = OCI_HOOKS_NONE;
        _cleanup_free_ char *text = NULL;
        OciContainer c = { .id = (char *) "box", .bundle = d.path };
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/said", d.path);
        s = parse(path, "\"poststart\":[{\"path\":\"/bin/false\"},{\"path\":\"/bin/cat\"}]");
        assert_true(oci_hooks_wanted(s, RUNTIME_HOOK_POSTSTART));
        assert_false(oci_hooks_wanted(s, RUNTIME_HOOK_PRESTART));
        assert_int_equal(oci_hooks_open(s, &c, &h, NULL), 0);
        oci_hooks_run_all(s, &h, RUNTIME_HOOK_PRESTART, OCI_RUNNING, 42);
        oci_hooks_run_all(s, &h, RUNTIME_HOOK_POSTSTART, OCI_RUNNING, 42);
        assert_int_equal(file_read(d.fd, "said", 4096, &text, NULL), 0);
        assert_non_null(strstr(text, "\"running\""));
        assert_non_null(strstr(text, "42"));
}

static void test_refused(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = parse("/nonexistent/creel/said", "");
        _cleanup_(oci_hooks_done) OciHooks h = OCI_HOOKS_NONE;
        _cleanup_failure_ Failure f = {};
        OciContainer c = { .id = (char *) "box", .bundle = (char *) "/" };

        assert_true(oci_hooks_open(s, &c, &h, &f) < 0);
        assert_non_null(strstr(f.text, "/nonexistent/creel/said"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
