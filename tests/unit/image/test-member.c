/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "basic/memory.h"
#include "image/member.h"

#include "test.h"

static void test_normalize(void **state) {
        static const struct {
                const char *in, *out;
        } good[] = {
                { "a", "a" },     { "./a", "a" },     { "/a//b/", "a/b" },      { "./", "" },
                { "/", "" },      { "a/./b", "a/b" }, { "/././/x/.", "x" },     { "...", "..." },
                { "..a", "..a" }, { "a..", "a.." },   { "a b\n/c", "a b\n/c" },
        };
        static const char *const bad[] = { "", "..", "../a", "a/..", "a/../b", "/..", "./..//" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_free_ char *out = NULL;

                assert_int_equal(member_normalize(good[i].in, &out, NULL), 0);
                assert_string_equal(out, good[i].out);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_failure_ Failure failure = {};
                _cleanup_free_ char *out = NULL;

                assert_true(member_normalize(bad[i], &out, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_SECURITY);
        }
}

static void test_limits(void **state) {
        _cleanup_free_ char *out = NULL, *deep = NULL;
        _cleanup_failure_ Failure failure = {};
        char name[MEMBER_PATH_MAX + 2] = {};

        memset(name, 'x', MEMBER_PATH_MAX);
        assert_int_equal(member_normalize(name, &out, NULL), 0);
        name[MEMBER_PATH_MAX] = 'x';
        assert_true(member_normalize(name, &deep, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_LIMITS_EXCEEDED);

        memset(name, 0, sizeof(name));
        for (size_t i = 0; i <= MEMBER_DEPTH_MAX; i++)
                memcpy(name + 2 * i, "d/", 2);
        assert_true(member_normalize(name, &deep, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_LIMITS_EXCEEDED);
        name[2 * MEMBER_DEPTH_MAX] = 0;
        assert_int_equal(member_normalize(name, &deep, NULL), 0);
}

static void test_classify(void **state) {
        static const struct {
                const char *in;
                int kind; /* -1: refused */
                const char *out;
        } cases[] = {
                { "a", MEMBER_PLAIN, "a" },
                { "wh.a", MEMBER_PLAIN, "wh.a" },
                { ".wh", MEMBER_PLAIN, ".wh" },
                { "", MEMBER_PLAIN, "" },
                { ".wh.a", MEMBER_WHITEOUT, "a" },
                { "d/e/.wh.name", MEMBER_WHITEOUT, "d/e/name" },
                { ".wh..wh", MEMBER_WHITEOUT, ".wh" },
                { ".wh..hidden", MEMBER_WHITEOUT, ".hidden" },
                { ".wh....", MEMBER_WHITEOUT, "..." },
                { ".wh..wh..opq", MEMBER_OPAQUE, ".wh..wh..opq" },
                { "d/.wh..wh..opq", MEMBER_OPAQUE, "d/.wh..wh..opq" },
                { ".wh..wh.plnk", MEMBER_IGNORED, ".wh..wh.plnk" },
                { ".wh..wh.plnk/1.2", MEMBER_IGNORED, ".wh..wh.plnk/1.2" },
                { "d/.wh..wh.aufs", MEMBER_IGNORED, "d/.wh..wh.aufs" },
                { ".wh.", -1, NULL },
                { ".wh..", -1, NULL },
                { ".wh...", -1, NULL },
                { "d/.wh.", -1, NULL },
                { ".wh.d/f", -1, NULL },
                { "a/.wh.d/f", -1, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure failure = {};
                _cleanup_free_ char *path = strdup(cases[i].in);
                MemberKind kind;

                if (cases[i].kind < 0) {
                        assert_true(member_classify(path, &kind, &failure) < 0);
                        assert_int_equal(failure.kind, FAILURE_SECURITY);
                        continue;
                }
                assert_int_equal(member_classify(path, &kind, &failure), 0);
                assert_int_equal(kind, cases[i].kind);
                assert_string_equal(path, cases[i].out);
        }
}

static void test_escape(void **state) {
        char buf[24];

        assert_string_equal(member_escape("a b~", buf, sizeof(buf)), "a b~");
        assert_string_equal(member_escape("\x1b\n\\\xff", buf, sizeof(buf)), "\\x1b\\x0a\\x5c\\xff");
        assert_string_equal(member_escape("", buf, sizeof(buf)), "");
        for (size_t n = 1; n < 40; n++) {
                char name[64] = {};

                memset(name, n % 2 ? 'n' : '\n', n);
                assert_true(strlen(member_escape(name, buf, sizeof(buf))) < sizeof(buf));
        }
        assert_non_null(strstr(member_escape("a name that does not fit in there", buf, sizeof(buf)), "..."));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_normalize),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_classify),
                cmocka_unit_test(test_escape),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
