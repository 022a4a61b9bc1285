/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "ctl/output.h"
#include "spec/json.h"
#include "test.h"

/* Standard output goes to a memfd between these two. */
static int saved = -EBADF, capture = -EBADF;

static void capture_start(void) {
        (void) fflush(stdout);
        saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        capture = memfd_create("output", MFD_CLOEXEC);
        assert_true(capture >= 0 && dup2(capture, STDOUT_FILENO) >= 0);
}

static char *capture_end(void) {
        char *text;

        (void) fflush(stdout);
        assert_true(dup2(saved, STDOUT_FILENO) >= 0);
        saved = fd_close(saved);
        assert_int_equal(fd_read_file(capture, 65536, &text, NULL), 0);
        capture = fd_close(capture);
        return text;
}

static void test_json(void **state) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *text = NULL;
        int r;

        assert_int_equal(output_add_time(o, "never", 0), 0);
        assert_int_equal(output_add_time(o, "then", UINT64_C(1700000000000001)), 0);
        assert_int_equal(json_add_string(o, "path", "a/b"), 0);
        capture_start();
        r = output_json(o, NULL);
        text = capture_end();
        assert_int_equal(r, 0);
        assert_string_equal(text, "{\n  \"never\": \"0001-01-01T00:00:00Z\",\n  \"then\": "
                                  "\"2023-11-14T22:13:20.000001Z\",\n"
                                  "  \"path\": \"a/b\"\n}\n");
}

static void test_template(void **state) {
        static const char rows[] = "[{\"a\":1},{\"a\":2},{\"b\":3}]";
        _cleanup_failure_ Failure f = {};
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        assert_int_equal(json_parse(rows, strlen(rows), 4096, &o), 0);
        capture_start();
        r = output_template(o, "{{.a}}", true, &f);
        text = capture_end();
        assert_int_equal(r, -EINVAL);
        assert_non_null(strstr(f.text, "'a'"));
        assert_string_equal(text, "1\n2\n");
}

static void test_columns(void **state) {
        static const char rows[] = "[{\"Name\":\"web\",\"CreatedAt\":\"now\",\"ID\":1},"
                                   "{\"Name\":\"a-longer-one\",\"CreatedAt\":\"x\",\"ID\":2}]";
        _cleanup_failure_ Failure f = {};
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *text = NULL, *bare = NULL;
        int r;

        assert_int_equal(json_parse(rows, strlen(rows), 4096, &o), 0);
        capture_start();
        r = output_template(o, "table {{.Name}}\\t{{.CreatedAt}}\t<{{ .ID }}>", true, &f);
        text = capture_end();
        assert_int_equal(r, 0);
        assert_string_equal(text, "NAME           CREATED AT   ID\nweb            now          <1>\n"
                                  "a-longer-one   x            <2>\n");
        capture_start();
        r = output_template(o, "table {{.ID}}", false, &f);
        bare = capture_end();
        assert_int_equal(r, 0);
        assert_string_equal(bare, "1\n2\n");
        assert_int_equal(output_template(o, "table {{.Nothing}}", true, &f), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_template),
                cmocka_unit_test(test_columns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
