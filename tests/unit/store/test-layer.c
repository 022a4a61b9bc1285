/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "store-fixture.h"
#include "store/layer.h"

#include "test.h"

static void test_commit(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = -EBADF, tree_fd = -EBADF;
        LayerInfo info = { 123456789012, 17 }, got;
        struct stat st;

        assert_int_equal(store_stage(f.store, &name, &fd), 0);
        assert_int_equal(layer_stage(fd, HEX_A, &tree_fd), 0);
        tmpdir_write(tree_fd, "file", "x");
        assert_int_equal(layer_stage_record(fd, HEX_A, &info), 0);

        /* not a trace before the commit */
        assert_false(layer_exists(f.store, HEX_A));
        assert_int_equal(layer_load(f.store, HEX_A, &got), -ENOENT);

        assert_int_equal(layer_commit(f.store, fd, HEX_A), 0);
        assert_true(layer_exists(f.store, HEX_A));
        assert_false(tmpdir_exists(fd, HEX_A));
        assert_int_equal(layer_load(f.store, HEX_A, &got), 0);
        assert_true(got.size_bytes == info.size_bytes && got.n_entries == info.n_entries);
        assert_true(tmpdir_exists(f.store->layers_fd, HEX_A "/tree/file"));
        assert_int_equal(fstatat(f.store->layers_fd, HEX_A "/tree", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0755); /* what "/" of the container looks like */
}

static void test_second_commit_keeps_the_first(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();

        for (int i = 0; i < 2; i++) {
                _cleanup_free_ char *name = NULL;
                _cleanup_close_ int fd = -EBADF, tree_fd = -EBADF;

                assert_int_equal(store_stage(f.store, &name, &fd), 0);
                assert_int_equal(layer_stage(fd, HEX_A, &tree_fd), 0);
                assert_int_equal(layer_stage(fd, HEX_A, &tree_fd), -EEXIST);
                tmpdir_write(tree_fd, i == 0 ? "first" : "second", "");
                assert_int_equal(layer_stage_record(fd, HEX_A, &(LayerInfo) { 1, 1 }), 0);
                assert_int_equal(layer_commit(f.store, fd, HEX_A), 0);
                assert_int_equal(tmpdir_exists(fd, HEX_A), i); /* the second stays in staging */
        }
        assert_true(tmpdir_exists(f.store->layers_fd, HEX_A "/tree/first"));
        assert_false(tmpdir_exists(f.store->layers_fd, HEX_A "/tree/second"));
}

static void test_damaged(void **state) {
        static const char *const bad[] = {
                "",
                "{}",
                "{\"version\":2,\"bytes\":1,\"entries\":1}",
                "{\"version\":1,\"bytes\":-1,\"entries\":1}",
                "{\"version\":1,\"bytes\":1}",
                "{\"version\":1,\"bytes\":\"1\",\"entries\":1}",
                "[1]",
                "{\"version\":1,\"bytes\":1,\"entries\":1",
        };
        _cleanup_fixture_ Fixture f = fixture_new();
        LayerInfo info;

        assert_int_equal(mkdirat(f.store->layers_fd, HEX_A, 0700), 0);
        assert_int_equal(layer_load(f.store, HEX_A, &info), -EBADMSG); /* no record at all */
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                tmpdir_write(f.store->layers_fd, HEX_A "/layer.json", bad[i]);
                assert_int_equal(layer_load(f.store, HEX_A, &info), -EBADMSG);
        }
        tmpdir_write(f.store->layers_fd, HEX_A "/layer.json", "{\"version\":1,\"bytes\":1,\"entries\":2}");
        assert_int_equal(layer_load(f.store, HEX_A, &info), 0);
        assert_int_equal(info.n_entries, 2);
}

static void test_only_directories_are_layers(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        LayerInfo info;

        tmpdir_write(f.store->layers_fd, HEX_A, "");
        assert_int_equal(symlinkat("/etc", f.store->layers_fd, HEX_B), 0);
        assert_false(layer_exists(f.store, HEX_A));
        assert_false(layer_exists(f.store, HEX_B));
        assert_true(layer_load(f.store, HEX_B, &info) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_commit),
                cmocka_unit_test(test_second_commit_keeps_the_first),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_only_directories_are_layers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
