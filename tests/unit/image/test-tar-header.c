/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "tar-builder.h"

#include "test.h"

static void test_octal(void **state) {
        int64_t v;
        uint64_t u;

        assert_int_equal(tar_number_parse("0000644", 8, &v), 0);
        assert_int_equal(v, 0644);
        assert_int_equal(tar_number_parse("   17 \0", 8, &v), 0);
        assert_int_equal(v, 017);
        assert_int_equal(tar_number_parse("77777777", 8, &v), 0); /* no terminator */
        assert_int_equal(v, 077777777);
        assert_int_equal(tar_number_parse("\0\0\0\0\0\0\0", 8, &v), 0);
        assert_int_equal(v, 0);
        assert_int_equal(tar_number_parse("12\0rubb", 8, &v), 0);
        assert_int_equal(v, 012);
        assert_int_equal(tar_number_parse("0000089", 8, &v), -EBADMSG);
        assert_int_equal(tar_number_parse("-000001", 8, &v), -EBADMSG);
        assert_int_equal(tar_number_parse_unsigned("0000010", 8, &u), 0);
        assert_int_equal(u, 8);
}

static void test_binary(void **state) {
        int64_t v;
        uint64_t u;

        assert_int_equal(tar_number_parse("\x80\0\0\0\0\0\0\0\0\0\x01\x02", 12, &v), 0);
        assert_int_equal(v, 0x102);
        assert_int_equal(tar_number_parse("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12, &v), 0);
        assert_int_equal(v, -2);
        assert_int_equal(tar_number_parse_unsigned("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12,
                                                   &u),
                         -EBADMSG);
        assert_int_equal(tar_number_parse("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, &v), 0);
        assert_true(v == INT64_MAX);
        assert_int_equal(tar_number_parse("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, &v), -ERANGE);
        assert_int_equal(tar_number_parse("\x80\x01\0\0\0\0\0\0\0\0\0\0", 12, &v), -ERANGE);
}

static void test_checksum(void **state) {
        TarHeader h = header_new("n\xff", '0', "", 0);

        header_finish(&h);
        assert_true(tar_header_checksum_is_valid(&h));
        h.mode[2]++;
        assert_false(tar_header_checksum_is_valid(&h));
}

static void test_names(void **state) {
        TarHeader h = header_new("name", '0', "", 0);
        _cleanup_free_ char *ustar = NULL, *gnu = NULL, *star = NULL, *full = NULL;

        memset(h.prefix, 'p', sizeof(h.prefix));
        assert_int_equal(tar_header_format(&h), TAR_FORMAT_USTAR);
        assert_int_equal(tar_header_name(&h, TAR_FORMAT_USTAR, &ustar), 0);
        assert_int_equal(strlen(ustar), 155 + 1 + 4);

        memset(h.name, 'n', sizeof(h.name));
        assert_int_equal(tar_header_name(&h, TAR_FORMAT_USTAR, &full), 0);
        assert_int_equal(strlen(full), 155 + 1 + 100);

        memcpy(h.star_magic, "tar", 4);
        assert_int_equal(tar_header_format(&h), TAR_FORMAT_STAR);
        assert_int_equal(tar_header_name(&h, TAR_FORMAT_STAR, &star), 0);
        assert_int_equal(strlen(star), 131 + 1 + 100);

        memcpy(h.magic, "ustar ", 6);
        memcpy(h.version, " ", 2);
        assert_int_equal(tar_header_format(&h), TAR_FORMAT_GNU);
        assert_int_equal(tar_header_name(&h, TAR_FORMAT_GNU, &gnu), 0);
        assert_int_equal(strlen(gnu), 100);

        memset(h.magic, 0, sizeof(h.magic));
        assert_int_equal(tar_header_format(&h), TAR_FORMAT_V7);
}

static void test_zero_block(void **state) {
        uint8_t block[TAR_BLOCK_BYTES] = {};

        assert_true(tar_block_is_zero(block));
        block[TAR_BLOCK_BYTES - 1] = 1;
        assert_false(tar_block_is_zero(block));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_octal),      cmocka_unit_test(test_binary),
                cmocka_unit_test(test_checksum),   cmocka_unit_test(test_names),
                cmocka_unit_test(test_zero_block),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
