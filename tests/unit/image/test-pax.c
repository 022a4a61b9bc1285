/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/pax.h"

#include "test.h"

/* Appends "length key=value\n". */
static size_t record(char *out, const char *key, const char *value, size_t n_value) {
        size_t body = strlen(key) + n_value + 3, length = body + 1;
        int n;

        for (;; length++) {
                n = snprintf(NULL, 0, "%zu", length);
                if ((size_t) n + body == length)
                        break;
        }
        n = snprintf(out, length, "%zu %s=", length, key);
        memcpy(out + n, value, n_value);
        out[length - 1] = '\n';
        return length;
}

static int parse(Pax *p, const char *key, const char *value) {
        _cleanup_failure_ Failure failure = {};
        char buf[4096];

        return pax_parse(buf, record(buf, key, value, strlen(value)), p, &failure);
}

static void test_records(void **state) {
        __attribute__((__cleanup__(pax_done))) Pax p = {};

        assert_int_equal(parse(&p, "path", "a name"), 0);
        assert_string_equal(p.path, "a name");
        assert_int_equal(parse(&p, "path", ""), 0);
        assert_null(p.path);
        assert_int_equal(parse(&p, "linkpath", "x=y"), 0);
        assert_string_equal(p.link, "x=y");
        assert_int_equal(parse(&p, "uid", "70000"), 0);
        assert_true(p.has_uid && p.uid == 70000);
        assert_int_equal(parse(&p, "uid", ""), 0);
        assert_false(p.has_uid);
        assert_int_equal(parse(&p, "size", "18446744073709551615"), 0);
        assert_true(p.size == UINT64_MAX);
        assert_int_equal(parse(&p, "comment", "of no use"), 0);
        assert_true(parse(&p, "gid", "-1") < 0);
        assert_true(parse(&p, "size", "18446744073709551616") < 0);
}

static void test_times(void **state) {
        static const struct {
                const char *text;
                int64_t sec;
                long nsec;
        } good[] = {
                { "0", 0, 0 },
                { "12", 12, 0 },
                { "12.", 12, 0 },
                { "1.5", 1, 500000000 },
                { "1.0000000019", 1, 1 },
                { "-1", -1, 0 },
                { "-1.25", -2, 750000000 },
                { "-0.000000001", -1, 999999999 },
        };
        static const char *const bad[] = {
                "x", ".5", "1.5x", "--1", "1e3", "9223372036854775808", "-", " 1"
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                __attribute__((__cleanup__(pax_done))) Pax p = {};

                assert_int_equal(parse(&p, "mtime", good[i].text), 0);
                assert_int_equal(p.mtime.tv_sec, good[i].sec);
                assert_int_equal(p.mtime.tv_nsec, good[i].nsec);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                __attribute__((__cleanup__(pax_done))) Pax p = {};

                assert_true(parse(&p, "mtime", bad[i]) < 0);
        }
}

static void test_xattrs(void **state) {
        __attribute__((__cleanup__(pax_done))) Pax p = {};
        char buf[256];
        size_t n = record(buf, "SCHILY.xattr.user.a", "\0\n=", 3);

        assert_int_equal(pax_parse(buf, n, &p, NULL), 0);
        assert_int_equal(p.n_xattrs, 1);
        assert_string_equal(p.xattrs[0].name, "user.a");
        assert_int_equal(p.xattrs[0].n_bytes, 3);
        assert_memory_equal(p.xattrs[0].value, "\0\n=", 3);

        assert_int_equal(parse(&p, "SCHILY.xattr.user.a", "again"), 0);
        assert_int_equal(p.n_xattrs, 1);
        assert_int_equal(p.xattrs[0].n_bytes, 5);

        assert_int_equal(parse(&p, "LIBARCHIVE.xattr.user.%41%zz", "aGk="), 0);
        assert_string_equal(p.xattrs[1].name, "user.A%zz");
        assert_memory_equal(p.xattrs[1].value, "hi", 2);
        assert_true(parse(&p, "LIBARCHIVE.xattr.user.b", "a*") < 0);
}

static void test_too_many_xattrs(void **state) {
        __attribute__((__cleanup__(pax_done))) Pax p = {};
        char key[64];

        for (unsigned i = 0; i < TAR_XATTRS_MAX; i++) {
                (void) snprintf(key, sizeof(key), "SCHILY.xattr.user.%u", i);
                assert_int_equal(parse(&p, key, "1"), 0);
        }
        assert_true(parse(&p, "SCHILY.xattr.user.x", "1") < 0);
}

static void test_sparse(void **state) {
        __attribute__((__cleanup__(pax_done))) Pax p = {}, q = {};
        char buf[256];
        size_t n;

        assert_int_equal(parse(&p, "GNU.sparse.map", "0,5,100,7"), 0);
        assert_int_equal(p.n_extents, 2);
        assert_int_equal(p.extents[1].offset, 100);
        assert_int_equal(p.extents[1].n_bytes, 7);
        assert_true(parse(&p, "GNU.sparse.map", "1,2,3") < 0);
        assert_true(parse(&p, "GNU.sparse.map", "1,,3,4") < 0);

        n = record(buf, "GNU.sparse.offset", "10", 2);
        n += record(buf + n, "GNU.sparse.numbytes", "20", 2);
        assert_int_equal(pax_parse(buf, n, &q, NULL), 0);
        assert_int_equal(q.n_extents, 1);
        assert_int_equal(q.extents[0].n_bytes, 20);
        assert_true(parse(&q, "GNU.sparse.offset", "30") < 0); /* its length is missing */
        assert_true(parse(&q, "GNU.sparse.offset", "30") < 0);
        assert_int_equal(parse(&q, "GNU.sparse.numbytes", "1"), 0);
        assert_true(parse(&q, "GNU.sparse.numbytes", "1") < 0); /* of nothing */
}

static void test_malformed(void **state) {
        static const char *const bad[] = {
                "x",       "6 a=b",      "5 a=b\n",  "7 a=b\n", "4 =\n",
                "6 abc\n", " 6 a=b\n",   "-6 a=b\n", "6a=b\n",  "99999999999999999999999 a=b\n",
                "0 a=b\n", "6 a=b\n6 a", "3 \n",     "6 =ab\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                __attribute__((__cleanup__(pax_done))) Pax p = {};
                _cleanup_failure_ Failure failure = {};

                assert_true(pax_parse(bad[i], strlen(bad[i]), &p, &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_REGISTRY);
        }
        /* A NUL has no place in a name. */
        {
                __attribute__((__cleanup__(pax_done))) Pax p = {};
                char buf[64];

                assert_true(pax_parse(buf, record(buf, "path", "a\0b", 3), &p, NULL) < 0);
                assert_null(p.path);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records), cmocka_unit_test(test_times),
                cmocka_unit_test(test_xattrs),  cmocka_unit_test(test_too_many_xattrs),
                cmocka_unit_test(test_sparse),  cmocka_unit_test(test_malformed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
