/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/cdi.h"

#define HEAD "{\"cdiVersion\":\"0.6.0\",\"kind\":\"vendor.com/device\","

static void test_whole(void **state) {
        static const char text[] = HEAD
                        "\"containerEdits\":{\"env\":[\"ALL=1\"]},\"devices\":[{\"name\":\"one\","
                        "\"containerEdits\":{"
                        "\"env\":[\"A=b\"],\"additionalGids\":[5],\"deviceNodes\":[{\"path\":\"/dev/one\","
                        "\"hostPath\":\"/dev/zero\",\"type\":\"u\",\"major\":1,\"minor\":5,\"fileMode\":438,"
                        "\"permissions\":\"rw\",\"gid\":2}],\"mounts\":[{\"hostPath\":\"/etc\","
                        "\"containerPath\":\"/"
                        "x\",\"options\":[\"ro\"]}]}},{\"name\":\"two\",\"containerEdits\":"
                        "{\"hooks\":[{}]}}]}";
        _cleanup_(cdi_file_freep) CdiFile *c = NULL;
        const CdiDevice *one, *two;

        assert_int_equal(cdi_file_parse(text, strlen(text), false, &c, NULL), 0);
        assert_string_equal(c->kind, "vendor.com/device");
        assert_string_equal(c->edits.env[0], "ALL=1");
        one = cdi_file_find(c, "one");
        two = cdi_file_find(c, "two");
        assert_non_null(one);
        assert_null(cdi_file_find(c, "three"));
        assert_string_equal(one->edits.nodes[0].host_path, "/dev/zero");
        assert_int_equal(one->edits.nodes[0].type, 'c');
        assert_int_equal(one->edits.nodes[0].mode, 0666);
        assert_int_equal(one->edits.nodes[0].uid, -1);
        assert_int_equal(one->edits.nodes[0].gid, 2);
        assert_string_equal(one->edits.nodes[0].permissions, "rw");
        assert_string_equal(one->edits.mounts[0].container_path, "/x");
        assert_int_equal(one->edits.gids[0], 5);
        assert_null(one->edits.beyond);
        assert_string_equal(two->edits.beyond, "hooks");
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",
                "[]",
                "{\"kind\":\"v/c\"}",
                "{\"cdiVersion\":\"2.0\",\"kind\":\"v/c\"}",
                "{\"cdiVersion\":\"0.6.0\",\"kind\":\"v\"}",
                HEAD "\"devices\":{}}",
                HEAD "\"devices\":[1]}",
                HEAD "\"devices\":[{\"name\":\"-\"}]}",
                HEAD "\"devices\":[{\"name\":7}]}",
                HEAD "\"containerEdits\":{\"env\":[\"A\"]}}",
                HEAD "\"containerEdits\":{\"deviceNodes\":[{}]}}",
                HEAD "\"containerEdits\":{\"deviceNodes\":[{\"path\":\"dev\"}]}}",
                HEAD "\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/d\",\"type\":\"x\"}]}}",
                HEAD "\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/d\",\"major\":-5}]}}",
                HEAD "\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/d\",\"permissions\":\"x\"}]}}",
                HEAD "\"containerEdits\":{\"mounts\":[{\"hostPath\":\"/d\"}]}}",
                HEAD "\"containerEdits\":{\"additionalGids\":[-1]}}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(cdi_file_freep) CdiFile *c = NULL;
                _cleanup_failure_ Failure f = {};

                assert_true(cdi_file_parse(bad[i], strlen(bad[i]), false, &c, &f) < 0);
                assert_int_equal(f.kind, FAILURE_CONFIGURATION);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_whole), cmocka_unit_test(test_refused) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
