/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/path.h"
#include "basic/str.h"
#include "engine/cdi.h"

static char base[] = "/tmp/test-cdi-XXXXXX";

static void put(const char *directory, const char *name, const char *text) {
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(file_write_atomic(fd, name, text, strlen(text), 0644, 0), 0);
}

#define FILE_OF(value, more)                                                                             \
        "{\"cdiVersion\":\"0.6.0\",\"kind\":\"v.com/c\",\"devices\":[{\"name\":\"d\",\"containerEdits\"" \
        ":{\"env\":[\"A=" value "\"]" more "}}]}"

static int find(const char *name, char *ret_value, Failure *f) {
        static const char *const directories[] = { "etc", "absent", "run", NULL };
        _cleanup_(cdi_file_freep) CdiFile *c = NULL;
        const CdiDevice *d;
        int r = cdi_find(directories, name, &c, &d, f);

        if (r >= 0)
                *ret_value = d->edits.env[0][2];
        return r;
}

static void test_find(void **state) {
        _cleanup_failure_ Failure f = {};
        char value = 0;

        put("etc", "a.json", FILE_OF("1", ""));
        put("etc", "broken.json", "{");
        put("etc", "other.txt", "x");
        assert_int_equal(find("v.com/c=d", &value, &f), 0);
        assert_int_equal(value, '1');
        assert_true(find("v.com/c=e", &value, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        assert_true(find("w.com/c=d", &value, &f) < 0);

        /* The later directory counts more; two files of one are a conflict; hooks are refused. */
        put("run", "b.json", FILE_OF("2", ""));
        assert_int_equal(find("v.com/c=d", &value, &f), 0);
        assert_int_equal(value, '2');
        put("run", "c.json", FILE_OF("3", ""));
        assert_true(find("v.com/c=d", &value, &f) < 0);
        assert_non_null(strstr(f.text, "run"));
        assert_int_equal(unlink("run/c.json"), 0);
        put("run", "b.json", "{}");
        put("run", "d.yaml",
            "cdiVersion: 0.6.0\nkind: v.com/c\ndevices:\n- name: d\n  containerEdits:\n    env: [A=4]\n");
        assert_int_equal(find("v.com/c=d", &value, &f), 0);
        assert_int_equal(value, '4');
        assert_int_equal(unlink("run/d.yaml"), 0);
        put("run", "b.json", FILE_OF("2", ",\"hooks\":[{}]"));
        assert_true(find("v.com/c=d", &value, &f) < 0);
        assert_non_null(strstr(f.text, "hooks"));
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_find) };
        int r;

        if (!mkdtemp(base) || chdir(base) < 0 || mkdir("etc", 0755) < 0 || mkdir("run", 0755) < 0)
                return 1;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        (void) path_remove_tree(AT_FDCWD, base, 100);
        return r;
}
