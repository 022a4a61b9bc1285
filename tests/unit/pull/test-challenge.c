/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "pull/challenge.h"

#include "test.h"

static void same(const char *a, const char *b) {
        if (b)
                assert_string_equal(a, b);
        else
                assert_null(a);
}

static void test_good(void **state) {
        static const struct {
                const char *header;
                ChallengeScheme scheme;
                const char *realm, *service, *scope, *error;
        } cases[] = {
                { "", CHALLENGE_NONE, NULL, NULL, NULL, NULL },
                { "Basic", CHALLENGE_BASIC, NULL, NULL, NULL, NULL },
                { "basic realm=\"a, b\"", CHALLENGE_BASIC, "a, b", NULL, NULL, NULL },
                { "Bearer "
                  "realm=\"https://x/t\",service=\"s\",scope=\"repository:a/b:pull,push\",error=\"e\"",
                  CHALLENGE_BEARER, "https://x/t", "s", "repository:a/b:pull,push", "e" },
                { "BEARER Realm = \"x\" , SERVICE=y", CHALLENGE_BEARER, "x", "y", NULL, NULL },
                { "Bearer realm=https://x/t?a=b", CHALLENGE_BEARER, "https://x/t?a=b", NULL, NULL, NULL },
                { "Basic realm=x, Bearer realm=y", CHALLENGE_BEARER, "y", NULL, NULL, NULL },
                { "Bearer realm=y, Basic realm=x", CHALLENGE_BEARER, "y", NULL, NULL, NULL },
                { "Negotiate, Basic realm=x", CHALLENGE_BASIC, "x", NULL, NULL, NULL },
                { "Negotiate YWJj==, Basic realm=x", CHALLENGE_BASIC, "x", NULL, NULL, NULL },
                { "Bearer service=x, Basic realm=y", CHALLENGE_BASIC, "y", NULL, NULL, NULL },
                { "Bearer realm=\"a\\\"b\\\\c\"", CHALLENGE_BEARER, "a\"b\\c", NULL, NULL, NULL },
                { "Bearer realm=\"a\", realm=\"b\"", CHALLENGE_BEARER, "a", NULL, NULL, NULL },
                { " , ,Basic realm=x,, ,", CHALLENGE_BASIC, "x", NULL, NULL, NULL },
                { "Digest realm=x, nonce=y", CHALLENGE_NONE, NULL, NULL, NULL, NULL },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_challenge_ Challenge c = {};

                assert_int_equal(challenge_parse(cases[i].header, &c), 0);
                assert_int_equal(c.scheme, cases[i].scheme);
                same(c.realm, cases[i].realm);
                same(c.service, cases[i].service);
                same(c.scope, cases[i].scope);
                same(c.error, cases[i].error);
        }
}

static void test_malformed(void **state) {
        static const char *const bad[] = { "\"",
                                           "Basic; realm=x",
                                           "Bearer realm=\"x",
                                           "Bearer realm=\"x\\",
                                           "Basic realm=\"a\x01\"",
                                           "Basic realm=x\r\nX: y",
                                           "Bearer realm=\"x\" y=z" };
        _cleanup_challenge_ Challenge c = {};
        char many[2048] = "Bearer a=b", *p = many + strlen(many), *huge;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(challenge_parse(bad[i], &c), -EBADMSG);
        for (unsigned i = 0; i < CHALLENGE_PARAMETERS_MAX; i++)
                p = mempcpy(p, ",a=b", 4);
        assert_int_equal(challenge_parse(many, &c), -EBADMSG);
        huge = calloc(1, CHALLENGE_BYTES_MAX + 2);
        assert_non_null(huge);
        memset(huge, ',', CHALLENGE_BYTES_MAX + 1);
        assert_int_equal(challenge_parse(huge, &c), -EBADMSG);
        free(huge);
        assert_int_equal(c.scheme, CHALLENGE_NONE);
}

static void test_several_headers(void **state) {
        _cleanup_challenge_ Challenge c = {};

        assert_int_equal(challenge_parse("Basic realm=a", &c), 0);
        assert_int_equal(challenge_parse("\"", &c), -EBADMSG);
        assert_string_equal(c.realm, "a");
        assert_int_equal(challenge_parse("Bearer realm=b", &c), 0);
        assert_int_equal(challenge_parse("Bearer realm=c", &c), 0);
        assert_int_equal(c.scheme, CHALLENGE_BEARER);
        assert_string_equal(c.realm, "b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_several_headers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
