/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "engine-fixture.h"
#include "engine/apparmor.h"
#include "security/apparmor.h"

/* Where the kernel has none, nothing is available, and nothing is started. */
static void test_look(void **state) {
        _cleanup_engine_ EngineFixture f;

        engine_fixture_init(&f);
        f.engine.apparmor.default_loaded = true;
        if (apparmor_is_available(APPARMOR_ENABLED_PATH))
                return;
        f.engine.apparmor.default_loaded = false;
        engine_begin_apparmor(&f.engine);
        assert_false(f.engine.apparmor.available);
        assert_false(f.engine.apparmor.default_loaded);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_look) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
