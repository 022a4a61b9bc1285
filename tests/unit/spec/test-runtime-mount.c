/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/json.h"
#include "spec/runtime-mount.h"

#include "test.h"

static int parse(const char *text, RuntimeMount *ret, const char **key) {
        _cleanup_json_ json_object *o = NULL;
        const char *why = NULL;
        int r;

        *key = NULL;
        assert_int_equal(json_parse(text, strlen(text), 65536, &o), 0);
        r = runtime_mount_parse(o, ret, key, &why);
        assert_true(r >= 0 || (*key && why));
        return r;
}

static void test_good(void **state) {
        _cleanup_(runtime_mount_done) RuntimeMount m = {}, t = {}, i = {};
        const char *key;

        assert_int_equal(parse("{\"destination\":\"/d\",\"type\":\"bind\",\"source\":\"/"
                               "s\",\"options\":[\"rro\",\"rbind\"],"
                               "\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":2}],"
                               "\"gidMappings\":[{\"containerID\":0,\"hostID\":6,\"size\":2}],"
                               "\"creel\":{\"subpath\":\"x\",\"chown\":true}}",
                               &m, &key),
                         0);
        assert_null(m.type);
        assert_true(m.options.bind && m.options.idmap && m.chown && !m.fill);
        assert_int_equal(m.gid_mappings[0].host_id, 6);
        assert_string_equal(m.subpath, "x");
        assert_int_equal(parse("{\"destination\":\"/"
                               "d\",\"type\":\"tmpfs\",\"options\":[\"a=1\",\"tmpcopyup\",\"b\"]}",
                               &t, &key),
                         0);
        assert_true(t.fill);
        assert_int_equal(strv_length(t.options.data), 2);
        assert_int_equal(parse("{\"destination\":\"/"
                               "d\",\"type\":\"overlay\",\"creel\":{\"layers\":[\"a\"],\"scratch\":\"s\"}}",
                               &i, &key),
                         0);
        assert_true(runtime_mount_is_overlay(&i));
        assert_false(runtime_mount_is_overlay(&m));
}

static void test_superblock(void **state) {
        _cleanup_(runtime_mount_done) RuntimeMount m = {}, t = {};
        const char *key;

        assert_int_equal(parse("{\"destination\":\"d/e\",\"type\":\"none\",\"source\":\"s\","
                               "\"options\":[\"bind\",\"sync\",\"silent\"]}",
                               &m, &key),
                         0);
        assert_string_equal(m.source, "s");
        assert_null(m.options.data);
        assert_int_equal(parse("{\"destination\":\"/d\",\"type\":\"tmpfs\",\"options\":[\"mode=700\","
                               "\"sync\",\"dirsync\",\"rlazytime\",\"async\"]}",
                               &t, &key),
                         0);
        assert_int_equal(strv_length(t.options.data), 3);
        assert_string_equal(t.options.data[1], "dirsync");
        assert_string_equal(t.options.data[2], "lazytime");
}

static void test_idmap_text(void **state) {
        static const RuntimeIdMapping ids = { .container_id = 0, .host_id = 100000, .size = 10 };
        _cleanup_(runtime_mount_done) RuntimeMount m = {}, far = {};
        const char *key;

        assert_int_equal(parse("{\"destination\":\"/d\",\"source\":\"/s\",\"options\":[\"bind\","
                               "\"idmap=uids=@1000-5-1\"]}",
                               &m, &key),
                         0);
        assert_true(m.options.idmap && m.uids_relative);
        assert_int_equal(runtime_mount_resolve(&m, &ids, 1, &ids, 1), 0);
        assert_int_equal(m.uid_mappings[0].container_id, 1000);
        assert_int_equal(m.uid_mappings[0].host_id, 100005);
        assert_int_equal(m.n_gid_mappings, 1);
        assert_int_equal(m.gid_mappings[0].host_id, 100000);
        assert_int_equal(parse("{\"destination\":\"/d\",\"source\":\"/s\",\"options\":[\"bind\","
                               "\"idmap=uids=@1000-10-1;gids=0-0-1\"]}",
                               &far, &key),
                         0);
        assert_int_equal(runtime_mount_resolve(&far, &ids, 1, &ids, 1), -EINVAL);
}

static void test_bad(void **state) {
        static const char *const bad[][2] = {
                { "{}", "destination" },
                { "{\"destination\":\"\"}", "destination" },
                { "{\"destination\":1}", "destination" },
                { "{\"destination\":\"/d\"}", "type" },
                { "{\"destination\":\"/d\",\"type\":\"bind\",\"source\":\"\"}", "source" },
                { "{\"destination\":\"/d\",\"type\":\"x\",\"options\":1}", "options" },
                { "{\"destination\":\"/d\",\"source\":\"/s\",\"options\":[\"bind\",\"idmap=x\"]}",
                  "options" },
                { "{\"destination\":\"/d\",\"type\":\"x\",\"uidMappings\":[1]}", "uidMappings" },
                { "{\"destination\":\"/"
                  "d\",\"type\":\"x\",\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":0}]}",
                  "uidMappings" },
                { "{\"destination\":\"/"
                  "d\",\"type\":\"x\",\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":1}]}",
                  "uidMappings" },
                { "{\"destination\":\"/d\",\"type\":\"x\",\"creel\":{\"scratch\":\"../x\"}}", "scratch" },
                { "{\"destination\":\"/d\",\"type\":\"x\",\"creel\":{\"lowers\":[\"x\"]}}", "lowers" },
                { "{\"destination\":\"/d\",\"type\":\"x\",\"creel\":{\"upper\":\"/x\"}}", "upper" },
                { "{\"destination\":\"/d\",\"type\":\"x\",\"creel\":{\"chown\":1}}", "chown" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(runtime_mount_done) RuntimeMount m = {};
                const char *key;

                assert_int_equal(parse(bad[i][0], &m, &key), -EBADMSG);
                assert_string_equal(key, bad[i][1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_superblock),
                cmocka_unit_test(test_idmap_text),
                cmocka_unit_test(test_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
