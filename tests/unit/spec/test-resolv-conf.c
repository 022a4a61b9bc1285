/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "spec/resolv-conf.h"

#include "test.h"

static const char host[] = "# made by hand\nsearch old.org\nnameserver 127.0.0.53\nnameserver 10.0.0.1 ; x\n"
                           "search a.org b.org\noptions edns0\noptions ndots:3\nnameserver ::1\n";

static void compose(const ResolvConf *c, const char *expected) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(resolv_conf_compose(c, &text), 0);
        assert_string_equal(text, expected);
}

static void test_compose(void **state) {
        static char server[] = "1.1.1.1", local[] = "127.0.0.1", dot[] = ".", own[] = "x.org",
                    debug[] = "debug";
        char *const servers[] = { server, local, NULL }, *const none[] = { dot, NULL },
                    *const search[] = { own, NULL }, *const options[] = { debug, NULL };

        compose(&(const ResolvConf){ .host = host },
                "search a.org b.org\nnameserver 10.0.0.1\noptions edns0 ndots:3\n");
        compose(&(const ResolvConf){ .host = host, .loopback = true },
                "search a.org b.org\nnameserver 127.0.0.53\nnameserver 10.0.0.1\nnameserver ::1\noptions "
                "edns0 ndots:3\n");
        compose(&(const ResolvConf){ .host = host,
                                     .servers = servers,
                                     .search = search,
                                     .options = options },
                "search x.org\nnameserver 1.1.1.1\nnameserver 127.0.0.1\noptions debug\n");
        compose(&(const ResolvConf){ .host = "domain d.org\n", .search = none }, "");
        compose(&(const ResolvConf){ .host = "domain d.org\n" }, "search d.org\n");
        compose(&(const ResolvConf){ .host = "" }, "");
}

static void test_local(void **state) {
        assert_true(resolv_conf_is_local("nameserver 127.0.0.53\n"));
        assert_false(resolv_conf_is_local(host));
        assert_false(resolv_conf_is_local(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_compose),
                cmocka_unit_test(test_local),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
