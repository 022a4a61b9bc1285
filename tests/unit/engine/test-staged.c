/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "engine-fixture.h"
#include "engine/staged.h"

static void test_goes_with_the_last_hold(void **state) {
        _cleanup_engine_ EngineFixture f;
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = -EBADF;
        StagedTree *t;
        struct stat st;

        engine_fixture_init(&f);
        assert_int_equal(store_stage(f.store.store, &name, &fd), 0);
        assert_int_equal(mkdirat(fd, "inside", 0700), 0);
        t = staged_tree_new(&f.engine, name);
        assert_non_null(t);
        (void) staged_tree_hold(t);
        staged_tree_release(t);
        assert_int_equal(fstatat(f.store.store->staging_fd, name, &st, 0), 0);
        staged_tree_release(t);
        assert_int_equal(fstatat(f.store.store->staging_fd, name, &st, 0), -1);
        staged_tree_release(NULL);
        assert_null(staged_tree_hold(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_goes_with_the_last_hold),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
