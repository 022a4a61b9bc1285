/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/volumes-from.h"

#include "test.h"

static void test_parse(void **state) {
        _cleanup_free_ char *name = NULL;
        VolumesFromMode mode;

        assert_int_equal(volumes_from_parse("web:ro,z", &name, &mode), 0);
        assert_string_equal(name, "web");
        assert_int_equal(mode, VOLUMES_FROM_READ_ONLY);
        assert_int_equal(volumes_from_parse("web", NULL, &mode), 0);
        assert_int_equal(mode, VOLUMES_FROM_AS_THERE);
        assert_int_equal(volumes_from_parse("web:rw", NULL, &mode), 0);
        assert_int_equal(mode, VOLUMES_FROM_WRITABLE);
        assert_int_equal(volumes_from_parse("", NULL, NULL), -EINVAL);
        assert_int_equal(volumes_from_parse("web:", NULL, NULL), -EINVAL);
        assert_int_equal(volumes_from_parse("web:ro,rw", NULL, NULL), -EINVAL);
        assert_int_equal(volumes_from_parse("we/b", NULL, NULL), -EINVAL);
        assert_int_equal(volumes_from_parse("web:moon", NULL, NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
