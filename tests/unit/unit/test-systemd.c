/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit/systemd.h"
#include "unit/systemd-internal.h"
#include "pid1.h"

#include "test.h"

static int setup(void **state) {
        *state = pid1_new();
        return *state && pid1_listen(*state) >= 0 ? 0 : -1;
}

static int teardown(void **state) {
        pid1_free(*state);
        return 0;
}

static void test_version(void **state) {
        static const struct {
                const char *text;
                unsigned version;
        } versions[] = {{"252.36-1~deb12u1", 252}, {"v257-rc2", 257}, {"261", 261}, {"strange", 0}};
        Pid1 *p = *state;

        for (size_t i = 0; i < ELEMENTSOF(versions); i++) {
                _cleanup_(systemd_freep) Systemd *s = NULL;

                p->version = versions[i].text;
                assert_int_equal(systemd_new_at(p->event, p->address, &s), 0);
                assert_int_equal(systemd_version(s), 0);
                assert_true(peer_run_until(p->event, &s->ready));
                assert_int_equal(systemd_version(s), versions[i].version);
        }
}

static void test_connects_again(void **state) {
        _cleanup_(systemd_freep) Systemd *s = NULL;
        Pid1 *p = *state;

        assert_int_equal(systemd_new_at(p->event, p->address, &s), 0);
        assert_true(peer_run_until(p->event, &s->ready));
        pid1_reexec(p);
        peer_settle(p->event);
        assert_false(s->ready);
        assert_int_equal(pid1_listen(p), 0);
        assert_true(peer_run_until(p->event, &s->ready));
        assert_int_equal(p->n_connections, 2);
}

static void test_starts_before_pid1_listens(void **state) {
        _cleanup_(systemd_freep) Systemd *s = NULL;
        Pid1 *p = *state;

        pid1_reexec(p);
        assert_int_equal(systemd_new_at(p->event, p->address, &s), 0);
        peer_settle(p->event);
        assert_int_equal(pid1_listen(p), 0);
        assert_true(peer_run_until(p->event, &s->ready));
}

static void on_gone(const char *unit, void *userdata) {
        (void) snprintf(userdata, 64, "%s", unit);
}

static void test_units_that_go(void **state) {
        _cleanup_(systemd_freep) Systemd *s = NULL;
        char gone[64] = "";
        Pid1 *p = *state;

        assert_int_equal(systemd_new_at(p->event, p->address, &s), 0);
        systemd_watch_units(s, on_gone, gone);
        assert_true(peer_run_until(p->event, &s->ready));
        assert_true(pid1_unit_removed(p, "other.service") >= 0);
        peer_settle(p->event);
        assert_string_equal(gone, "");
        assert_true(pid1_unit_removed(p, "creel-web.scope") >= 0);
        peer_settle(p->event);
        assert_string_equal(gone, "creel-web.scope");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                        cmocka_unit_test_setup_teardown(test_version, setup, teardown),
                        cmocka_unit_test_setup_teardown(test_connects_again, setup, teardown),
                        cmocka_unit_test_setup_teardown(test_starts_before_pid1_listens, setup, teardown),
                        cmocka_unit_test_setup_teardown(test_units_that_go, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
