/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"
#include "spec/userns.h"

static void test_good(void **state) {
        static const struct {
                const char *text;
                UsernsKind kind;
        } good[] = { { NULL, USERNS_AUTO },
                     { "auto", USERNS_AUTO },
                     { "", USERNS_HOST },
                     { "host", USERNS_HOST },
                     { "nomap", USERNS_NOMAP },
                     { "private", USERNS_PRIVATE },
                     { "keep-id", USERNS_KEEP_ID },
                     { "container:x", USERNS_CONTAINER },
                     { "ns:/proc/1/ns/user", USERNS_PATH } };
        const char *hint;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_userns_ Userns u = {};

                assert_int_equal(userns_parse(good[i].text, &u, &hint), 0);
                assert_int_equal(u.kind, good[i].kind);
                assert_int_equal(u.size, 65536);
        }
}

static void test_options(void **state) {
        _cleanup_userns_ Userns u = {}, k = {};
        const char *hint;

        assert_int_equal(userns_parse("auto:size=2048,uidmapping=0:7:1,gidmapping=5:6,uidmapping=1:9:2", &u,
                                      &hint),
                         0);
        assert_int_equal(u.size, 2048);
        assert_int_equal(u.uids.n, 2);
        assert_int_equal(u.gids.n, 1);
        assert_int_equal(userns_parse("keep-id:uid=5,gid=6,size=100,host-uid=7,host-gid=8", &k, &hint), 0);
        assert_true(k.uid == 5 && k.gid == 6 && k.size == 100 && k.host_uid == 7 && k.host_gid == 8);
}

static void test_bad(void **state) {
        static const char *const bad[] = { "auto:",
                                           "auto:size=0",
                                           "auto:size=x",
                                           "auto:uid=5",
                                           "auto:size=1,size=2",
                                           "auto:size=1,",
                                           "auto:,size=1",
                                           "auto:uidmapping=0:1:2,uidmapping=1:9",
                                           "keep-id:uid=-1",
                                           "keep-id:uid=1,uid=2",
                                           "keep-id:uidmapping=0:1:1",
                                           "host:size=1",
                                           "container:",
                                           "ns:",
                                           "ns:relative",
                                           "autos",
                                           "keepid",
                                           "auto:size=99999999999",
                                           "nomap:x" };
        const char *hint;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_userns_ Userns u = {};

                hint = NULL;
                assert_int_equal(userns_parse(bad[i], &u, &hint), -EINVAL);
                assert_non_null(hint);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_options),
                                            cmocka_unit_test(test_bad) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
