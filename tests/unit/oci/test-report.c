/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "oci/report.h"
#include "spec/json.h"
#include "tmpdir.h"

#include "test.h"

static void check_json(char *line, const char *level, const char *text) {
        _cleanup_json_ json_object *o = NULL;
        const char *s;

        assert_int_equal(json_parse(line, strlen(line), 4096, &o), 0);
        assert_int_equal(json_get_string(o, "level", &s), 0);
        assert_string_equal(s, level);
        assert_int_equal(json_get_string(o, "msg", &s), 0);
        assert_string_equal(s, text);
        assert_int_equal(json_get_string(o, "time", &s), 0);
}

static void test_json(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_free_ char *text = NULL;
        Failure f = {};
        char path[128], *second;

        log_setup("creel-oci", LOG_WARNING);
        (void) snprintf(path, sizeof(path), "%s/log", d.path);
        assert_int_equal(report_setup(path, "json", NULL), 0);
        log_warning("a \"quoted\" warning");
        log_debug("nobody asked for this");
        (void) failure_set(&f, FAILURE_SYSTEM, "it broke");
        report_failure(&f, -EIO);
        assert_null(f.text);
        assert_int_equal(file_read(d.fd, "log", 4096, &text, NULL), 0);
        second = strchr(text, '\n');
        assert_non_null(second);
        *second++ = 0;
        check_json(text, "warning", "a \"quoted\" warning");
        check_json(second, "error", "it broke");
}

static void test_text(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_free_ char *text = NULL;
        Failure f = {};
        char log[128];

        (void) snprintf(log, sizeof(log), "file:%s/log", d.path);
        tmpdir_write(d.fd, "log", "before\n");
        assert_int_equal(report_setup(log, NULL, NULL), 0);
        report_failure(&f, -ENOENT);
        assert_int_equal(file_read(d.fd, "log", 4096, &text, NULL), 0);
        assert_non_null(strstr(text, "before\n"));
        assert_non_null(strstr(text, "level=error msg=\"No such file or directory\"\n"));
}

static void test_refuses(void **state) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(report_setup(NULL, "xml", &f), -failure_kind_to_errno(FAILURE_INVALID_ARGUMENT));
        assert_true(report_setup("/nonexistent/creel/log", "json", &f) < 0);
        assert_non_null(strstr(f.text, "/nonexistent/creel/log"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
