/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "basic/macro.h"
#include "ctl/detach-keys.h"
#include "test.h"

#define P "\x10"
#define Q "\x11"

static void test_parse(void **state) {
        DetachKeys keys;

        assert_int_equal(detach_keys_parse("ctrl-p,ctrl-q", &keys), 0);
        assert_int_equal(keys.n, 2);
        assert_memory_equal(keys.bytes, P Q, 2);
        assert_int_equal(detach_keys_parse("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,a,Z", &keys), 0);
        assert_int_equal(keys.n, 8);
        assert_memory_equal(keys.bytes,
                            "\0\x1b\x1c\x1d\x1e\x1f"
                            "aZ",
                            8);
        assert_int_equal(detach_keys_parse("", &keys), 0);
        assert_int_equal(keys.n, 0);
}

static void test_refused(void **state) {
        static const char *const bad[] = { ",",        "a,",     ",a",
                                           "ctrl-",    "ctrl-A", "ctrl-1",
                                           "ctrl-pq",  "ab",     "ctrl p",
                                           "\xc3\xa4", "\xff",   "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" };
        DetachKeys keys = { .n = 7 };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_true(detach_keys_parse(bad[i], &keys) < 0);
        assert_int_equal(keys.n, 7);
}

typedef struct Typed {
        DetachKeys keys;
        size_t n_out;
        char out[64];
        bool detach;
} Typed;

static Typed typed(const char *keys) {
        Typed t = {};

        assert_int_equal(detach_keys_parse(keys, &t.keys), 0);
        return t;
}

static void type(Typed *t, const char *data) {
        t->n_out += detach_keys_filter(&t->keys, data, strlen(data), t->out + t->n_out, &t->detach);
        t->out[t->n_out] = 0;
}

static void test_filter(void **state) {
        Typed t = typed(DETACH_KEYS_DEFAULT);

        type(&t, "ab" P);
        assert_string_equal(t.out, "ab");
        type(&t, "c");
        assert_string_equal(t.out, "ab" P "c");
        type(&t, P P);
        assert_string_equal(t.out, "ab" P "c" P);
        assert_false(t.detach);
        type(&t, Q "never");
        assert_true(t.detach);
        assert_string_equal(t.out, "ab" P "c" P);
}

static void test_filter_at_once(void **state) {
        Typed t = typed(DETACH_KEYS_DEFAULT);

        type(&t, "x" P Q);
        assert_true(t.detach);
        assert_string_equal(t.out, "x");
        t = typed(DETACH_KEYS_DEFAULT);
        type(&t, Q P "y" Q);
        assert_false(t.detach);
        assert_string_equal(t.out, Q P "y" Q);
}

/* What is held back may itself hold the beginning. */
static void test_filter_overlapping(void **state) {
        Typed t = typed("a,a,b");

        type(&t, "aaa");
        assert_string_equal(t.out, "a");
        type(&t, "b");
        assert_true(t.detach);
        assert_string_equal(t.out, "a");
        t = typed("a,b,a,c");
        type(&t, "xabab");
        assert_string_equal(t.out, "xab");
        type(&t, "ac!");
        assert_true(t.detach);
        assert_string_equal(t.out, "xab");
}

static void test_filter_off(void **state) {
        Typed t = typed("");

        type(&t, "a" P Q "b");
        assert_false(t.detach);
        assert_string_equal(t.out, "a" P Q "b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_filter),
                cmocka_unit_test(test_filter_at_once),
                cmocka_unit_test(test_filter_overlapping),
                cmocka_unit_test(test_filter_off),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
