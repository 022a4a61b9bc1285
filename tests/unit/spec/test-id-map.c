/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "basic/strv.h"
#include "spec/id-map.h"

static void test_parse(void **state) {
        static const char *const bad[] = {
                "",    ":",       "1",    "1:",   ":1",   "1:2:",           "1:2:0",
                "a:1", "1:2:3:4", "-1:2", "1: 2", "1:2,", "4294967295:0:1", "0:4294967290:6"
        };
        IdMapping m;

        assert_int_equal(id_mapping_parse("1:2:3", &m), 0);
        assert_true(m.container_id == 1 && m.host_id == 2 && m.size == 3);
        assert_int_equal(id_mapping_parse("7:4294967294", &m), 0);
        assert_true(m.container_id == 7 && m.host_id == 4294967294U && m.size == 1);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(id_mapping_parse(bad[i], &m), -EINVAL);
}

static void test_map(void **state) {
        _cleanup_id_map_ IdMap m = {}, again = {};
        _cleanup_strv_free_ char **texts = NULL;

        assert_int_equal(id_map_host_id(&m, 77), 77);
        assert_int_equal(id_map_add(&m, &(IdMapping){ 1000, 0, 1 }), 0);
        assert_int_equal(id_map_add(&m, &(IdMapping){ 1000, 5, 1 }), -EEXIST);
        assert_int_equal(id_map_add(&m, &(IdMapping){ 1, 0, 1 }), -EEXIST);
        assert_int_equal(id_map_fill(&m, 100000, 65536), 0);
        assert_int_equal(m.n, 3);
        assert_int_equal(id_map_host_id(&m, 0), 100000);
        assert_int_equal(id_map_host_id(&m, 999), 100999);
        assert_int_equal(id_map_host_id(&m, 1000), 0);
        assert_int_equal(id_map_host_id(&m, 1001), 101001);
        assert_int_equal(id_map_host_id(&m, 65535), 165535);
        assert_true(id_map_host_id(&m, 65536) == UINT32_MAX);
        assert_true(id_map_uses(&m, 165535, 10));
        assert_false(id_map_uses(&m, 165536, 10));
        assert_true(id_map_uses(&m, 0, 1));

        assert_int_equal(id_map_format(&m, &texts), 0);
        assert_string_equal(texts[0], "0:100000:1000");
        assert_int_equal(id_map_parse(texts, &again), 0);
        assert_true(id_map_equal(&m, &again));
}

/* An entry that reaches beyond what is filled, and one that begins there. */
static void test_fill_edges(void **state) {
        _cleanup_id_map_ IdMap m = {}, n = {};

        assert_int_equal(id_map_add(&m, &(IdMapping){ 8, 50, 10 }), 0);
        assert_int_equal(id_map_fill(&m, 1000, 10), 0);
        assert_int_equal(m.n, 2);
        assert_int_equal(id_map_host_id(&m, 7), 1007);
        assert_int_equal(id_map_host_id(&m, 9), 51);
        assert_int_equal(id_map_add(&n, &(IdMapping){ 0, 7, 1 }), 0);
        assert_int_equal(id_map_add(&n, &(IdMapping){ 100, 9, 1 }), 0);
        assert_int_equal(id_map_fill(&n, 1000, 10), 0);
        assert_int_equal(n.n, 3);
        assert_int_equal(id_map_host_id(&n, 9), 1009);
}

static void test_options(void **state) {
        static const char *const bad[] = { "", "+", "x0:1:2", "@0:1", "0:@1:1", "+0:1:", "0" };
        const char *hint;
        IdMapOption o;

        assert_int_equal(id_map_option_parse("0:1:2", &o, &hint), 0);
        assert_false(o.extend || o.only_users || o.only_groups);
        assert_int_equal(id_map_option_parse("u+0:1:2", &o, &hint), 0);
        assert_true(o.extend && o.only_users && !o.only_groups);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                hint = NULL;
                assert_int_equal(id_map_option_parse(bad[i], &o, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_map),
                                            cmocka_unit_test(test_fill_edges),
                                            cmocka_unit_test(test_options) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
