/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/hashmap.h"
#include "basic/memory.h"
#include "basic/str.h"

#include "test.h"

#define N 5000

typedef struct Item {
        char key[16];
        bool there;
} Item;

static void test_basic(void **state) {
        _cleanup_(hashmap_freep) Hashmap *h = hashmap_new();
        char copy[] = "key";
        int a, b;

        assert_int_equal(hashmap_size(h), 0);
        assert_null(hashmap_get(h, "key"));
        assert_null(hashmap_remove(h, "key"));
        assert_int_equal(hashmap_put(h, "key", &a), 0);
        assert_int_equal(hashmap_put(h, copy, &b), -EEXIST); /* by content, not by pointer */
        assert_ptr_equal(hashmap_get(h, copy), &a);
        assert_int_equal(hashmap_put(h, "", &b), 0);
        assert_ptr_equal(hashmap_get(h, ""), &b);
        assert_ptr_equal(hashmap_remove(h, copy), &a);
        assert_null(hashmap_get(h, "key"));
        assert_int_equal(hashmap_put(h, "key", &b), 0);
        assert_ptr_equal(hashmap_get(h, "key"), &b);
        assert_int_equal(hashmap_size(h), 2);
        assert_null(hashmap_free(NULL));
}

static void test_against_a_model(void **state) {
        _cleanup_(hashmap_freep) Hashmap *h = hashmap_new();
        _cleanup_free_ Item *items = new0(Item, N);
        uint32_t random = 1;
        size_t live = 0, seen = 0;
        Item *item;

        for (size_t i = 0; i < N; i++)
                (void) snprintf(items[i].key, sizeof(items[i].key), "k%zu", i);
        for (unsigned i = 0; i < 20 * N; i++) {
                random = random * 1664525 + 1013904223;
                item = items + (random >> 8) % N;
                if (item->there) {
                        assert_ptr_equal(hashmap_remove(h, item->key), item);
                        live--;
                } else {
                        assert_int_equal(hashmap_put(h, item->key, item), 0);
                        live++;
                }
                item->there = !item->there;
                assert_int_equal(hashmap_size(h), live);
        }
        for (size_t i = 0; i < N; i++)
                assert_ptr_equal(hashmap_get(h, items[i].key), items[i].there ? items + i : NULL);
        HASHMAP_FOREACH(item, h) {
                assert_true(item->there);
                seen++;
        }
        assert_int_equal(seen, live);
}

static void test_order_of_insertion(void **state) {
        _cleanup_(hashmap_freep) Hashmap *h = hashmap_new();
        static const char *const words[] = { "zebra", "ant", "mule", "bee", "yak" };
        const char *word;
        size_t i = 0;

        for (size_t k = 0; k < ELEMENTSOF(words); k++)
                assert_int_equal(hashmap_put(h, words[k], (void *) words[k]), 0);
        HASHMAP_FOREACH(word, h)
                assert_string_equal(word, words[i++]);
        assert_int_equal(i, ELEMENTSOF(words));
}

static void test_removal_while_iterating(void **state) {
        _cleanup_(hashmap_freep) Hashmap *h = hashmap_new();
        _cleanup_free_ Item *items = new0(Item, N);
        Item *item;
        size_t seen = 0;

        for (size_t i = 0; i < N; i++) {
                (void) snprintf(items[i].key, sizeof(items[i].key), "k%zu", i);
                assert_int_equal(hashmap_put(h, items[i].key, items + i), 0);
        }
        HASHMAP_FOREACH(item, h) {
                assert_ptr_equal(hashmap_remove(h, item->key), item);
                (void) memset(item->key, 'x',
                              sizeof(item->key)); /* the key is the value's: not to be read any more */
                seen++;
        }
        assert_int_equal(seen, N);
        assert_int_equal(hashmap_size(h), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_basic),
                cmocka_unit_test(test_against_a_model),
                cmocka_unit_test(test_order_of_insertion),
                cmocka_unit_test(test_removal_while_iterating),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
