/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "basic/macro.h"
#include "spec/digest.h"

#include "test.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_compute(void **state) {
        DigestStream stream;
        Digest d, e;

        digest_compute("", 0, &d);
        assert_string_equal(d.string, "sha256:" EMPTY);
        assert_string_equal(digest_hex(&d), EMPTY);

        digest_compute("hello world", 11, &d);
        digest_stream_init(&stream);
        digest_stream_update(&stream, "hello ", 6);
        digest_stream_update(&stream, "world", 5);
        digest_stream_final(&stream, &e);
        assert_true(digest_equal(&d, &e));
        digest_compute("hello worlD", 11, &e);
        assert_false(digest_equal(&d, &e));
}

static void test_parse(void **state) {
        static const struct {
                const char *s;
                int r;
        } cases[] = {
                { "sha256:" EMPTY, 0 },
                { "", -EINVAL },
                { "sha256", -EINVAL },
                { "sha256:", -EINVAL },
                { EMPTY, -EINVAL },
                { "sha256:" EMPTY "0", -EINVAL },
                { "sha256:E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -EINVAL },
                { "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85", -EINVAL },
                { "sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -EINVAL },
                { "sha256:../../../etc/passwd", -EINVAL },
                { "sha512:abc", -EPROTONOSUPPORT },
                { "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", -EPROTONOSUPPORT },
                { "sha512:", -EINVAL },
                { "sha512+:abc", -EINVAL },
                { "SHA512:abc", -EINVAL },
                { "sha512:a/b", -EINVAL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Digest d;

                assert_int_equal(digest_parse(cases[i].s, &d), cases[i].r);
                if (cases[i].r == 0)
                        assert_string_equal(d.string, cases[i].s);
        }
}

static void test_hex(void **state) {
        assert_true(digest_hex_is_valid(EMPTY));
        assert_false(digest_hex_is_valid(""));
        assert_false(digest_hex_is_valid(EMPTY "a"));
        assert_false(digest_hex_is_valid(EMPTY "/"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_compute),
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_hex),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
