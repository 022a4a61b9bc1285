/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/image-record.h"

#include "test.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CONFIG                                                                                        \
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{},\"rootfs\":{\"type\":\"layers\"," \
        "\"diff_ids\":[\"" B "\"]}}"
#define HEAD(version)                                      \
        "{\"version\":" version ",\"manifestDigest\":\"" A \
        "\",\"manifestMediaType\":\"x/y\",\"indexDigest\":\"" B "\",\"configDigest\":\"" A "\","
#define LAYERS(diff_id) \
        "\"layers\":[{\"digest\":\"" A "\",\"diffId\":\"" diff_id "\",\"size\":7,\"mediaType\":\"l/t\"}],"
#define TAIL "\"blobs\":[\"" A "\",\"" B "\"],\"config\":" CONFIG "}"

static int parse(const char *s, ImageRecord **ret) {
        return image_record_parse(s, strlen(s), ret);
}

static void test_round_trip(void **state) {
        const char *text = HEAD("1") LAYERS(B) TAIL;
        _cleanup_(image_record_freep) ImageRecord *r = NULL;
        _cleanup_free_ char *again = NULL;

        assert_int_equal(parse(text, &r), 0);
        assert_true(r->has_index);
        assert_string_equal(r->index_digest.string, B);
        assert_int_equal(r->n_layers, 1);
        assert_int_equal(r->layers[0].size_bytes, 7);
        assert_string_equal(r->layers[0].media_type, "l/t");
        assert_int_equal(r->n_blobs, 2);
        assert_string_equal(r->config->os, "linux");
        assert_int_equal(image_record_format(r, &again), 0);
        assert_string_equal(again, text);

        again = mfree(again);
        r->has_index = false;
        assert_int_equal(image_record_format(r, &again), 0);
        assert_null(strstr(again, "indexDigest"));
}

static void test_refused(void **state) {
        static const char *const bad[] = {
                "",
                "{}",
                HEAD("2") LAYERS(B) TAIL,
                HEAD("\"1\"") LAYERS(B) TAIL,
                HEAD("1") LAYERS(A) TAIL,
                HEAD("1") "\"layers\":[]," TAIL,
                HEAD("1") TAIL,
                HEAD("1") LAYERS(B) "\"config\":" CONFIG "}",
                HEAD("1") LAYERS(B) "\"blobs\":[]}",
                HEAD("1") LAYERS(B) "\"blobs\":[5],\"config\":" CONFIG "}",
                HEAD("1") LAYERS(B) "\"blobs\":[],\"config\":{}}",
                HEAD("1") "\"layers\":[{\"digest\":\"" A "\",\"diffId\":\"" B "\",\"size\":7}]," TAIL,
                HEAD("1") "\"layers\":[{\"digest\":\"" A "\",\"diffId\":\"" B
                          "\",\"mediaType\":\"l/t\"}]," TAIL,
                "{\"version\":1,\"manifestMediaType\":\"x/y\",\"configDigest\":\"" A "\"," LAYERS(B) TAIL,
                "{\"version\":1,\"manifestDigest\":\"" A "\",\"configDigest\":\"" A "\"," LAYERS(B) TAIL,
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                ImageRecord *r = NULL;

                assert_int_equal(parse(bad[i], &r), -EBADMSG);
                assert_null(r);
        }
        assert_int_equal(image_record_parse("", IMAGE_RECORD_BYTES_MAX + 1, &(ImageRecord *) { NULL }),
                         -EFBIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
