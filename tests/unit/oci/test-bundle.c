/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "oci/bundle.h"
#include "basic/str.h"
#include "tmpdir.h"

#include "test.h"

#define DOCUMENT                                                               \
        "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"sh\"],\"cwd\":\"/" \
        "\"},\"root\":{\"path\":\"%s\"}}"

static void write_document(const TmpDir *d, const char *name, const char *root) {
        char text[512];

        (void) snprintf(text, sizeof(text), DOCUMENT, root);
        tmpdir_write(d->fd, name, text);
}

static void test_reads(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(bundle_done) Bundle b = {}, other = {};
        char path[128], absolute[128];

        assert_int_equal(mkdirat(d.fd, "root", 0755), 0);
        assert_int_equal(symlinkat("root", d.fd, "link"), 0);
        write_document(&d, "config.json", "link");
        assert_int_equal(bundle_open(d.path, NULL, &b, NULL), 0);
        assert_string_equal(b.path, d.path);
        (void) snprintf(absolute, sizeof(absolute), "%s/root", d.path);
        assert_string_equal(b.spec->root_path, absolute);
        assert_int_equal(b.n_bytes, strlen(b.text));

        /* It is the working directory now; a document elsewhere is found from where we were. */
        write_document(&d, "other.json", absolute);
        (void) snprintf(path, sizeof(path), "%s/.", d.path);
        assert_int_equal(bundle_open(path, "other.json", &other, NULL), 0);
        assert_string_equal(other.spec->root_path, absolute);
        assert_int_equal(chdir("/"), 0);
}

static void refuse(const TmpDir *d, const char *text) {
        _cleanup_failure_ Failure f = {};
        _cleanup_(bundle_done) Bundle b = {};

        assert_true(bundle_open(d->path, NULL, &b, &f) < 0);
        assert_int_equal(f.kind, FAILURE_CONFIGURATION);
        if (!strstr(f.text, text))
                fail_msg("%s", f.text);
        assert_null(b.path);
        assert_int_equal(chdir("/"), 0);
}

static void test_refuses(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();

        refuse(&d, "cannot read config.json");
        tmpdir_write(d.fd, "config.json", "{");
        refuse(&d, "not a JSON object");
        write_document(&d, "config.json", "absent");
        refuse(&d, "cannot find the root");
        write_document(&d, "config.json", "config.json");
        refuse(&d, "is no directory");
        write_document(&d, "config.json", "");
        refuse(&d, "root.path");
        tmpdir_done(&d);
        refuse(&d, "cannot enter the bundle");
        d = tmpdir_new();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reads),
                cmocka_unit_test(test_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
