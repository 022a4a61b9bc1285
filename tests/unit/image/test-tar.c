/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "tar-builder.h"

#include "test.h"

static TarBuilder builder;

static int start(void **state) {
        builder = (TarBuilder){};
        return 0;
}

static TarReader *reader(void) {
        TarReader *t = NULL;

        builder.position = 0;
        assert_int_equal(tar_reader_new(builder_read, &builder, &t), 0);
        return t;
}

/* All of the present member's content. */
static size_t content(TarReader *t, char *out, size_t size) {
        const void *data;
        uint64_t offset;
        size_t n, end = 0;
        int r;

        memset(out, 0, size);
        while ((r = tar_reader_data(t, &data, &n, &offset, NULL)) > 0) {
                assert_true(n > 0 && offset + n <= size);
                memcpy(out + offset, data, n);
                end = offset + n;
        }
        assert_int_equal(r, 0);
        return end;
}

/* The same stream in chunks of any size reads the same. */
static void test_chunks(void **state) {
        static const size_t sizes[] = { 0, 1, 7, 511, 512, 513, 700, 1536 };
        char buf[4096], text[2001] = {};

        memset(text, 'x', 2000);
        builder_member(&builder, "d/", '5', "", "");
        builder_member(&builder, "d/f", '0', "", text);
        builder_member(&builder, "l", '2', "target", "");
        builder_member(&builder, "skipped", '0', "", text);
        builder_member(&builder, "z", '0', "", "end");
        builder_end(&builder);

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                _cleanup_(tar_reader_freep) TarReader *t = NULL;
                const TarEntry *e;

                builder.chunk_bytes = sizes[i];
                t = reader();
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_int_equal(e->type, TAR_DIRECTORY);
                assert_int_equal(e->mode, 0755);
                assert_int_equal(e->mtime.tv_sec, 1000);
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_string_equal(e->path, "d/f");
                assert_int_equal(content(t, buf, sizeof(buf)), 2000);
                assert_memory_equal(buf, text, 2000);
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_string_equal(e->link, "target");
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_int_equal(content(t, buf, sizeof(buf)), 3);
                assert_int_equal(tar_reader_next(t, &e, NULL), 0);
                assert_int_equal(tar_reader_next(t, &e, NULL), 0);
                assert_int_equal(tar_reader_drain(t), 0);
                assert_int_equal(builder.position, builder.n_bytes);
        }
}

static void test_extensions(void **state) {
        _cleanup_(tar_reader_freep) TarReader *t = NULL;
        const TarEntry *e;

        builder_member(&builder, "g", 'g', "", "18 path=all of it\n");
        builder_member(&builder, "x", 'x', "", "13 path=long\n10 uid=99\n");
        builder_member(&builder, "short", '0', "", "");
        builder_member(&builder, "x", 'x', "", "12 path=pax\n");
        builder_member(&builder, "L", 'L', "", "gnu name");
        builder_member(&builder, "K", 'K', "", "gnu target");
        builder_member(&builder, "short", '2', "short", "");
        builder_member(&builder, "plain", '0', "", "");
        builder_end(&builder);
        t = reader();

        assert_int_equal(tar_reader_next(t, &e, NULL), 1);
        assert_string_equal(e->path, "long");
        assert_int_equal(e->uid, 99);
        assert_int_equal(tar_reader_next(t, &e, NULL), 1);
        assert_string_equal(e->path, "gnu name");
        assert_string_equal(e->link, "gnu target");
        assert_int_equal(e->uid, 0);
        assert_int_equal(tar_reader_next(t, &e, NULL), 1);
        assert_string_equal(e->path, "plain");
        assert_int_equal(tar_reader_next(t, &e, NULL), 0);
}

static void test_old_gnu_sparse(void **state) {
        _cleanup_(tar_reader_freep) TarReader *t = NULL;
        TarHeader h = header_new("s", 'S', "", 10);
        TarSparseBlock more = {};
        const TarEntry *e;
        char buf[2048], want[1500] = {};

        memcpy(h.magic, "ustar ", 6);
        memcpy(h.version, " ", 2);
        for (unsigned i = 0; i < 4; i++) {
                (void) snprintf(h.gnu.extents[i][0], 12, "%011o", i * 100);
                (void) snprintf(h.gnu.extents[i][1], 12, "%011o", i == 1 ? 0U : 2U); /* one of them empty */
        }
        h.gnu.extended = 1;
        (void) snprintf(h.gnu.real_size, sizeof(h.gnu.real_size), "%011o", 1500U);
        (void) snprintf(more.extents[0][0], 12, "%011o", 1000U);
        (void) snprintf(more.extents[0][1], 12, "%011o", 4U);
        builder_header(&builder, h);
        builder_add(&builder, &more, sizeof(more));
        builder_add(&builder, "aabbccdddd", 10);
        builder_member(&builder, "next", '0', "", "");
        builder_end(&builder);

        memcpy(want, "aa", 2);
        memcpy(want + 200, "bb", 2);
        memcpy(want + 300, "cc", 2);
        memcpy(want + 1000, "dddd", 4);
        for (size_t chunk = 1; chunk < 600; chunk += 13) {
                builder.chunk_bytes = chunk;
                t = tar_reader_free(t);
                t = reader();
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_true(e->sparse);
                assert_int_equal(e->size, 1500);
                assert_int_equal(content(t, buf, sizeof(buf)), 1004);
                assert_memory_equal(buf, want, sizeof(want));
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_string_equal(e->path, "next");
        }
}

/* GNU's version 1.0, whose map is in front of the content: here it goes over a block's end. */
static void test_sparse_map_in_body(void **state) {
        static const char records[] = "22 GNU.sparse.major=1\n"
                                      "22 GNU.sparse.minor=0\n"
                                      "24 GNU.sparse.name=real\n"
                                      "28 GNU.sparse.realsize=1500\n";
        char map[2 * TAR_BLOCK_BYTES] = "100\n", buf[2048];
        size_t n = strlen(map);
        TarHeader h;

        for (unsigned i = 0; i < 100; i++)
                n += (size_t) snprintf(map + n, sizeof(map) - n, "%u\n%u\n", i * 10, i == 99 ? 3U : 0U);
        assert_true(n > TAR_BLOCK_BYTES);
        builder_member(&builder, "x", 'x', "", records);
        h = header_new("GNUSparseFile.0/real", '0', "", sizeof(map) + 3);
        builder_header(&builder, h);
        builder_add(&builder, map, sizeof(map));
        builder_add(&builder, "abc", 3);
        builder_member(&builder, "next", '0', "", "");
        builder_end(&builder);

        for (size_t chunk = 1; chunk < 1100; chunk += 111) {
                _cleanup_(tar_reader_freep) TarReader *t = NULL;
                const TarEntry *e;

                builder.chunk_bytes = chunk;
                t = reader();
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_string_equal(e->path, "real");
                assert_int_equal(e->size, 1500);
                assert_int_equal(content(t, buf, sizeof(buf)), 993);
                assert_memory_equal(buf + 990, "abc", 3);
                assert_int_equal(tar_reader_next(t, &e, NULL), 1);
                assert_string_equal(e->path, "next");
        }
}

static void test_bad_maps_in_body(void **state) {
        static const char *const maps[] = { "",           "x\n",
                                            "2\n0\n1\n",  "1\n0\n99999999999999999999999999\n",
                                            "1\n-1\n1\n", "1\n0\n600\n" };

        for (size_t i = 0; i < ELEMENTSOF(maps); i++) {
                _cleanup_(tar_reader_freep) TarReader *t = NULL;
                _cleanup_failure_ Failure failure = {};
                const TarEntry *e;

                builder = (TarBuilder){};
                builder_member(&builder, "x", 'x', "", "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n");
                builder_header(&builder, header_new("s", '0', "", TAR_BLOCK_BYTES));
                builder_add(&builder, maps[i], strlen(maps[i]));
                if (!*maps[i])
                        builder_end(&builder); /* zeros without a line's end */
                builder_end(&builder);
                t = reader();
                assert_true(tar_reader_next(t, &e, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_REGISTRY);
        }
}

static void test_bad_headers(void **state) {
        TarHeader bad[6];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                bad[i] = header_new("f", i == 0 ? 'Z' : i == 5 ? '3' : '0', "", 0);
        memcpy(bad[1].size, "12x", 4);
        memset(bad[2].size, 0xff, sizeof(bad[2].size)); /* -1 in base 256 */
        memcpy(bad[3].mode, "9", 2);
        memset(bad[4].size, 0x7f, sizeof(bad[4].size));
        bad[4].size[0] = (char) 0x80;
        memcpy(bad[5].device_major, "7777777", 8);

        for (size_t i = 0; i <= ELEMENTSOF(bad); i++) {
                _cleanup_(tar_reader_freep) TarReader *t = NULL;
                _cleanup_failure_ Failure failure = {};
                const TarEntry *e;

                builder = (TarBuilder){};
                builder_header(&builder, i < ELEMENTSOF(bad) ? bad[i] : header_new("f", '0', "", 0));
                if (i == ELEMENTSOF(bad))
                        builder.data[0] ^= 1; /* behind the checksum's back */
                builder_end(&builder);
                t = reader();
                assert_true(tar_reader_next(t, &e, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_REGISTRY);
        }
}

static void test_damage(void **state) {
        static const char *const lies[] = {
                "26 GNU.sparse.map=0,3,1,2\n",
                "26 GNU.sparse.map=9,3,0,2\n",
                "22 GNU.sparse.map=0,4\n",
                "41 GNU.sparse.map=18446744073709551615,5\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(lies); i++) {
                _cleanup_(tar_reader_freep) TarReader *t = NULL;
                _cleanup_failure_ Failure failure = {};
                const TarEntry *e;

                builder = (TarBuilder){};
                builder_member(&builder, "x", 'x', "", lies[i]);
                builder_member(&builder, "s", '0', "", "12345");
                builder_end(&builder);
                t = reader();
                assert_true(tar_reader_next(t, &e, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_REGISTRY);
                assert_non_null(strstr(failure.text, "sparse"));
        }
}

/* Cut anywhere, a stream is either refused or was whole up to there; it never reads beyond. */
static void test_truncation(void **state) {
        char text[1001] = {};
        size_t whole;

        memset(text, 'y', 1000);
        builder_member(&builder, "x", 'x', "", "13 path=long\n");
        builder_member(&builder, "f", '0', "", text);
        builder_end(&builder);
        whole = builder.n_bytes;

        for (size_t n = 0; n < whole; n++) {
                _cleanup_(tar_reader_freep) TarReader *t = NULL;
                const TarEntry *e;
                const void *data;
                uint64_t offset;
                size_t k;
                int r;

                builder.n_bytes = n;
                t = reader();
                r = tar_reader_next(t, &e, NULL);
                if (n == 0) {
                        assert_int_equal(r, 0);
                        continue;
                }
                if (n < 1536) {
                        assert_true(r < 0 || (r == 0 && n % 512 == 0));
                        continue;
                }
                assert_int_equal(r, 1);
                while ((r = tar_reader_data(t, &data, &k, &offset, NULL)) > 0)
                        ;
                assert_true(n < 1536 + 1000 ? r < 0 : r == 0);
        }
}

static int source_fails(void *userdata, const void **ret, size_t *ret_size) {
        return -ECANCELED;
}

static void test_failing_source(void **state) {
        _cleanup_(tar_reader_freep) TarReader *t = NULL;
        const TarEntry *e;

        assert_int_equal(tar_reader_new(source_fails, NULL, &t), 0);
        assert_int_equal(tar_reader_next(t, &e, NULL), -ECANCELED);
        assert_int_equal(tar_reader_drain(t), -ECANCELED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_chunks, start),
                cmocka_unit_test_setup(test_extensions, start),
                cmocka_unit_test_setup(test_old_gnu_sparse, start),
                cmocka_unit_test_setup(test_sparse_map_in_body, start),
                cmocka_unit_test_setup(test_bad_maps_in_body, start),
                cmocka_unit_test_setup(test_bad_headers, start),
                cmocka_unit_test_setup(test_damage, start),
                cmocka_unit_test_setup(test_truncation, start),
                cmocka_unit_test(test_failing_source),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
