/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/strv.h"
#include "store-fixture.h"

#include "test.h"

static void test_layout(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        static const char *const closed[] = { "store/layers",  "store/blobs",   "store/blobs/sha256",
                                              "store/images",  "store/refs",    "store/containers",
                                              "store/staging", "run/containers" };
        struct stat st;

        /* set-user-ID programs of images are in there */
        for (size_t i = 0; i < ELEMENTSOF(closed); i++) {
                assert_int_equal(fstatat(f.dir.fd, closed[i], &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_int_equal(st.st_mode & 07777, 0700);
        }
}

static void test_only_one_at_a_time(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(store_closep) Store *second = NULL;
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(store_open(f.store->path, f.store->runtime_path, &second, &failure), -EBUSY);
        assert_int_equal(failure.kind, FAILURE_BUSY);
        assert_non_null(strstr(failure.text, f.store->path));
        assert_null(second);
        second = store_close(TAKE_PTR(f.store));
        assert_int_equal(store_open((char[]) { 0 }, "x", &second, NULL) < 0, 1);
}

static void test_reopen_keeps_what_is_there(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_free_ char *path = strdup(f.store->path), *runtime = strdup(f.store->runtime_path);

        tmpdir_write(f.store->images_fd, "x.json", "{}");
        f.store = store_close(f.store);
        assert_int_equal(store_open(path, runtime, &f.store, NULL), 0);
        assert_true(tmpdir_exists(f.store->images_fd, "x.json"));
}

static void test_a_link_is_no_store(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_free_ char *path = strdup(f.store->path), *runtime = strdup(f.store->runtime_path);
        _cleanup_failure_ Failure failure = {};
        Store *s = NULL;

        f.store = store_close(f.store);
        assert_int_equal(unlinkat(f.dir.fd, "store/layers", AT_REMOVEDIR), 0);
        assert_int_equal(symlinkat("/etc", f.dir.fd, "store/layers"), 0);
        assert_int_equal(store_open(path, runtime, &s, &failure), -EIO);
        assert_non_null(strstr(failure.text, "layers"));
}

static void test_stage_and_discard(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_free_ char *a = NULL, *b = NULL, *gone = NULL;
        _cleanup_close_ int a_fd = -EBADF, b_fd = -EBADF;

        assert_int_equal(store_stage(f.store, &a, &a_fd), 0);
        assert_int_equal(store_stage(f.store, &b, &b_fd), 0);
        assert_string_not_equal(a, b);
        tmpdir_write(a_fd, "x", "");

        assert_int_equal(mkdirat(f.store->layers_fd, HEX_A, 0700), 0);
        assert_int_equal(mkdirat(f.store->layers_fd, HEX_A "/tree", 0700), 0);
        assert_int_equal(store_discard(f.store, f.store->layers_fd, HEX_A, &gone), 0);
        assert_false(tmpdir_exists(f.store->layers_fd, HEX_A));
        assert_true(tmpdir_exists(f.store->staging_fd, gone));
        gone = mfree(gone);
        assert_int_equal(store_discard(f.store, f.store->layers_fd, HEX_A, &gone), -ENOENT);
        assert_null(gone);
}

static void test_sweep(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_free_ char *name = NULL, *path = NULL;
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(store_sweep_staging(f.store, &name), 0);
        assert_null(name);
        tmpdir_write(f.store->staging_fd, "file", "");
        assert_int_equal(mkdirat(f.store->staging_fd, "dir", 0700), 0);
        assert_int_equal(store_sweep_staging(f.store, &name), 1);
        assert_false(tmpdir_exists(f.store->staging_fd, "file"));
        fd = openat(f.store->staging_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(tmpdir_exists(fd, "file"));
        assert_true(tmpdir_exists(fd, "dir"));
        /* what was swept is swept again when its removal did not happen */
        path = TAKE_PTR(name);
        assert_int_equal(store_sweep_staging(f.store, &name), 1);
        assert_false(tmpdir_exists(f.store->staging_fd, path));
}

static int collect(Store *s, const char *name, void *userdata) {
        char ***l = userdata;

        /* adding while it runs must not disturb it */
        tmpdir_write(s->refs_fd, "added", "");
        return strv_extend(l, name);
}

static int stop_at_once(Store *s, const char *name, void *userdata) {
        ++*(unsigned *) userdata;
        return -ECANCELED;
}

static void test_for_each(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_strv_free_ char **l = NULL;
        unsigned n = 0;

        tmpdir_write(f.store->refs_fd, "a", "");
        tmpdir_write(f.store->refs_fd, "b", "");
        tmpdir_write(f.store->refs_fd, ".#b.0123", ""); /* half written by one who died */
        assert_int_equal(store_for_each(f.store, f.store->refs_fd, collect, &l), 0);
        assert_int_equal(strv_length(l), 2);
        assert_true(strv_contains(l, "a") && strv_contains(l, "b"));
        assert_false(tmpdir_exists(f.store->refs_fd, ".#b.0123"));
        assert_int_equal(store_for_each(f.store, f.store->refs_fd, stop_at_once, &n), -ECANCELED);
        assert_int_equal(n, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_layout),
                cmocka_unit_test(test_only_one_at_a_time),
                cmocka_unit_test(test_reopen_keeps_what_is_there),
                cmocka_unit_test(test_a_link_is_no_store),
                cmocka_unit_test(test_stage_and_discard),
                cmocka_unit_test(test_sweep),
                cmocka_unit_test(test_for_each),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
