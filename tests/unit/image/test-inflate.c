/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <isa-l/igzip_lib.h>

#include "basic/memory.h"
#include "image/inflate.h"

#include "test.h"

#define PLAIN_BYTES (300 * 1024)

static uint8_t plain[PLAIN_BYTES], packed[2 * PLAIN_BYTES], again[2 * PLAIN_BYTES];

static int fill(void **state) {
        uint32_t v = 1;

        for (size_t i = 0; i < PLAIN_BYTES; i++) {
                v = v * 1664525 + 1013904223;
                plain[i] = (uint8_t) (v >> 29); /* eight different bytes: compresses, but not to nothing */
        }
        return 0;
}

static size_t pack_gzip(const void *data, size_t n_bytes, uint8_t *out) {
        struct isal_zstream s;

        isal_deflate_stateless_init(&s);
        s.next_in = (uint8_t *) data;
        s.avail_in = (uint32_t) n_bytes;
        s.end_of_stream = 1;
        s.flush = NO_FLUSH;
        s.gzip_flag = IGZIP_GZIP;
        s.next_out = out;
        s.avail_out = (uint32_t) sizeof(packed) / 2;
        assert_int_equal(isal_deflate_stateless(&s), COMP_OK);
        return s.total_out;
}

static size_t pack_zstd(const void *data, size_t n_bytes, uint8_t *out) {
        return ZSTD_compress(out, sizeof(packed) / 2, data, n_bytes, 3);
}

static size_t pack_none(const void *data, size_t n_bytes, uint8_t *out) {
        memcpy(out, data, n_bytes);
        return n_bytes;
}

/* Undoes it with input and output in small pieces; how much came out, or a negative errno. */
static ssize_t inflate(Compression c, size_t n_packed, size_t in_step, size_t out_step, Failure *failure) {
        _cleanup_(inflater_freep) Inflater *i = NULL;
        size_t done = 0;
        int r;

        assert_int_equal(inflater_new(c, &i), 0);
        for (size_t at = 0; at < n_packed; at += in_step) {
                InflateBuffers b = { .in = packed + at, .n_in = MIN(in_step, n_packed - at) };

                do {
                        b.out = again + done;
                        b.n_out = MIN(out_step, sizeof(again) - done);
                        assert_true(b.n_out > 0);
                        r = inflater_run(i, &b, failure);
                        if (r < 0)
                                return r;
                        done = (size_t) (b.out - again);
                } while (b.n_in > 0 || b.n_out == 0);
        }
        r = inflater_finish(i, failure);
        return r < 0 ? r : (ssize_t) done;
}

static const struct {
        Compression compression;
        size_t (*pack)(const void *data, size_t n_bytes, uint8_t *out);
} kinds[] = {
        { COMPRESSION_NONE, pack_none },
        { COMPRESSION_GZIP, pack_gzip },
        { COMPRESSION_ZSTD, pack_zstd },
};

static void test_pieces(void **state) {
        static const size_t steps[] = { 1, 17, 4096, 1000000 };

        for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
                size_t half = PLAIN_BYTES / 3, n = kinds[k].pack(plain, half, packed);

                /* Two members or frames behind each other. */
                n += kinds[k].pack(plain + half, PLAIN_BYTES - half, packed + n);
                for (size_t i = 0; i < ELEMENTSOF(steps); i++)
                        for (size_t j = 0; j < ELEMENTSOF(steps); j++) {
                                memset(again, 0, sizeof(again));
                                assert_int_equal(inflate(kinds[k].compression, n, steps[i], steps[j], NULL),
                                                 PLAIN_BYTES);
                                assert_memory_equal(again, plain, PLAIN_BYTES);
                        }
        }
}

static void test_truncated(void **state) {
        for (size_t k = 1; k < ELEMENTSOF(kinds); k++) {
                size_t n = kinds[k].pack(plain, 5000, packed);

                for (size_t cut = 0; cut < n; cut++) {
                        _cleanup_failure_ Failure failure = {};

                        assert_true(inflate(kinds[k].compression, cut, 1000, 1000, &failure) < 0);
                        assert_int_equal(failure.kind, FAILURE_REGISTRY);
                }
        }
}

static void test_damaged(void **state) {
        size_t n = pack_gzip(plain, 5000, packed);

        for (size_t at = n - 8; at < n; at++) { /* checksum and length */
                packed[at] ^= 0x10;
                assert_true(inflate(COMPRESSION_GZIP, n, 777, 777, NULL) < 0);
                packed[at] ^= 0x10;
        }
        assert_int_equal(inflate(COMPRESSION_GZIP, n, 777, 777, NULL), 5000);
        memcpy(packed + n, "rubbish rubbish", 15);
        assert_true(inflate(COMPRESSION_GZIP, n + 15, 777, 777, NULL) < 0);
}

static void test_media_type_lies(void **state) {
        for (size_t k = 1; k < ELEMENTSOF(kinds); k++)
                for (size_t j = 0; j < ELEMENTSOF(kinds); j++) {
                        _cleanup_failure_ Failure failure = {};
                        size_t n = kinds[k].pack(plain, 5000, packed);

                        if (j == k)
                                continue;
                        /* Even when the magic comes byte by byte. */
                        assert_true(inflate(kinds[j].compression, n, 1, 1000, &failure) < 0);
                        assert_int_equal(failure.kind, FAILURE_REGISTRY);
                }
}

static void test_names(void **state) {
        assert_int_equal(compression_from_string("zstd"), COMPRESSION_ZSTD);
        assert_true(compression_from_string("xz") < 0);
        assert_string_equal(compression_to_string(COMPRESSION_GZIP), "gzip");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pieces),  cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_damaged), cmocka_unit_test(test_media_type_lies),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, fill, NULL);
}
