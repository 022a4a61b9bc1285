/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit/scope.h"
#include "pid1.h"
#include "unit/systemd-internal.h"

#include <signal.h>
#include <sys/mman.h>

#include "test.h"

typedef struct Outcome {
        bool done;
        unsigned n;
        int error;
        char text[256];
} Outcome;

typedef struct World {
        Pid1 *pid1;
        Systemd *systemd;
} World;

static int setup(void **state) {
        World *w = calloc(1, sizeof(World));

        if (!w || !(w->pid1 = pid1_new()) || pid1_listen(w->pid1) < 0 ||
            systemd_new_at(w->pid1->event, w->pid1->address, &w->systemd) < 0)
                return -1;
        *state = w;
        return 0;
}

static int teardown(void **state) {
        World *w = *state;

        systemd_free(w->systemd);
        pid1_free(w->pid1);
        free(w);
        return 0;
}

static void on_outcome(int error, const char *text, void *userdata) {
        Outcome *o = userdata;

        o->done = true;
        o->n++;
        o->error = error;
        (void) snprintf(o->text, sizeof(o->text), "%s", text ?: "");
}

static const ScopeSpec web = {.unit = "creel-web.scope", .pid = 42, .pidfd = -1};

static void finish(World *w, Outcome *o) {
        assert_true(peer_run_until(w->pid1->event, &o->done));
        peer_settle(w->pid1->event);
        assert_int_equal(o->n, 1);
}

static void test_start_stop_kill(void **state) {
        _cleanup_(scope_job_freep) ScopeJob *start = NULL, *stop = NULL, *gone = NULL;
        Outcome a = {}, b = {}, c = {}, d = {};
        World *w = *state;

        /* Asked for before the connection stands. */
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &a, &start), 0);
        finish(w, &a);
        assert_int_equal(a.error, 0);
        assert_string_equal(a.text, "");
        assert_int_equal(scope_kill(w->systemd, "creel-web.scope", SIGUSR1, on_outcome, &b, NULL), 0);
        finish(w, &b);
        assert_int_equal(w->pid1->n_kill, 1);
        assert_int_equal(scope_stop(w->systemd, "creel-web.scope", on_outcome, &c, &stop), 0);
        finish(w, &c);
        assert_int_equal(scope_stop(w->systemd, "creel-none.scope", on_outcome, &d, &gone), 0);
        finish(w, &d);
        assert_int_equal(d.error, 0);
        assert_int_equal(scope_stop(w->systemd, "creel-none.scope", NULL, NULL, NULL), 0);
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_stop, 3);
        assert_int_equal(w->systemd->n_jobs, 0);
}

static void test_update(void **state) {
        _cleanup_(unit_properties_done) UnitProperties p = {};
        _cleanup_(scope_job_freep) ScopeJob *update = NULL, *refused = NULL;
        Outcome a = {}, b = {};
        World *w = *state;

        assert_int_equal(unit_properties_add_number(&p, "TasksMax", 7), 0);
        assert_int_equal(unit_properties_add_device(&p, "IOReadIOPSMax", "/dev/vda", 9), 0);
        assert_int_equal(scope_update(w->systemd, "creel-web.scope", &p, on_outcome, &a, &update), 0);
        finish(w, &a);
        assert_int_equal(a.error, 0);
        assert_int_equal(w->pid1->n_set, 1);
        /* a list is emptied first, so that it takes the place of the one before */
        assert_int_equal(w->pid1->n_set_properties, 3);

        /* a unit that is gone is no success here */
        w->pid1->refuse_properties = true;
        assert_int_equal(scope_update(w->systemd, "creel-web.scope", &p, on_outcome, &b, &refused), 0);
        finish(w, &b);
        assert_int_equal(b.error, -EIO);
        assert_non_null(strstr(b.text, "creel-web.scope"));
}

static void test_failed_job(void **state) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        Outcome o = {};
        World *w = *state;

        w->pid1->result = "failed";
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        finish(w, &o);
        assert_int_equal(o.error, -EIO);
        assert_non_null(strstr(o.text, "creel-web.scope"));
}

static void test_pidfd(void **state) {
        _cleanup_close_ int fd = memfd_create("stands-for-a-pidfd", MFD_CLOEXEC);
        const ScopeSpec spec = {.unit = "creel-web.scope", .pid = 42, .pidfd = fd};
        World *w = *state;

        w->pid1->version = "257.7-1";
        for (unsigned round = 0; round < 3; round++) {
                _cleanup_(scope_job_freep) ScopeJob *j = NULL;
                Outcome o = {};

                w->pid1->refuse_pidfds = round > 0;
                assert_int_equal(scope_start(w->systemd, &spec, on_outcome, &o, &j), 0);
                finish(w, &o);
                assert_int_equal(o.error, 0);
                assert_int_equal(w->pid1->with_pidfd, round == 0);
        }
        assert_int_equal(w->pid1->n_start, 4); /* the refusal is remembered */
}

static void test_waits_for_the_last_one_to_go(void **state) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        Outcome o = {};
        World *w = *state;

        w->pid1->exists = true;
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        peer_settle(w->pid1->event);
        assert_false(o.done);
        assert_true(pid1_unit_removed(w->pid1, "creel-other.scope") >= 0);
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_start, 1);
        w->pid1->exists = false;
        assert_true(pid1_unit_removed(w->pid1, "creel-web.scope") >= 0);
        finish(w, &o);
        assert_int_equal(o.error, 0);
        assert_int_equal(w->pid1->n_start, 2);
}

static void test_failed_leftover_is_reset(void **state) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        Outcome o = {};
        World *w = *state;

        w->pid1->exists = true;
        w->pid1->active_state = "failed";
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        finish(w, &o);
        assert_int_equal(o.error, 0);
        assert_int_equal(w->pid1->n_reset_failed, 1);
}

static void test_name_of_somebody_else(void **state) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        Outcome o = {};
        World *w = *state;

        w->pid1->exists = true;
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        finish(w, &o);
        assert_int_equal(o.error, -EEXIST);
        assert_non_null(strstr(o.text, "creel-web.scope exists already and is active"));
}

static void test_reexec_in_the_middle(void **state) {
        World *w = *state;

        for (unsigned owner = 0; owner < 2; owner++) {
                _cleanup_(scope_job_freep) ScopeJob *j = NULL;
                Outcome o = {};

                w->pid1->mute = true;
                assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
                peer_settle(w->pid1->event);
                assert_false(o.done);
                pid1_reexec(w->pid1);
                w->pid1->mute = false;
                /* The first time it had no effect, the second time the scope is there and our process is in
                 * it. */
                w->pid1->exists = w->pid1->owner = owner;
                assert_int_equal(pid1_listen(w->pid1), 0);
                finish(w, &o);
                assert_int_equal(o.error, 0);
                assert_int_equal(w->pid1->n_owner, owner);
        }
}

static void test_cancelled_jobs_say_nothing(void **state) {
        Outcome o = {};
        World *w = *state;
        ScopeJob *j;

        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        scope_job_free(j);
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_start, 0);
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        scope_job_free(j);
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_start, 1);
        assert_int_equal(o.n, 0);
        assert_int_equal(w->systemd->n_jobs, 0);
}

static void test_abandoned_start(void **state) {
        Outcome o = {};
        World *w = *state;
        ScopeJob *j;

        /* nothing is asked of systemd yet */
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        assert_null(scope_job_abandon(j));
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_start, 0);
        assert_int_equal(w->pid1->n_stop, 0);

        /* it is on its way: what comes of it goes */
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        assert_null(scope_job_abandon(j));
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_start, 1);
        assert_int_equal(w->pid1->n_stop, 1);

        /* somebody else's is left alone */
        w->pid1->exists = true;
        assert_int_equal(scope_start(w->systemd, &web, on_outcome, &o, &j), 0);
        assert_null(scope_job_abandon(j));
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_stop, 1);
        assert_int_equal(o.n, 0);
        assert_int_equal(w->systemd->n_jobs, 0);
}

static void test_starts_are_bounded(void **state) {
        Outcome o[SCOPE_STARTS_IN_FLIGHT_MAX + 3] = {};
        World *w = *state;

        w->pid1->mute = true;
        for (size_t i = 0; i < ELEMENTSOF(o); i++)
                assert_int_equal(scope_start(w->systemd, &web, on_outcome, o + i, NULL), 0);
        peer_settle(w->pid1->event);
        assert_int_equal(w->pid1->n_start, SCOPE_STARTS_IN_FLIGHT_MAX);
        for (unsigned i = 1; i <= ELEMENTSOF(o); i++) {
                assert_true(pid1_job_removed(w->pid1, i, "creel-web.scope") >= 0);
                finish(w, o + i - 1);
        }
        assert_int_equal(w->pid1->n_start, ELEMENTSOF(o));
        assert_int_equal(w->systemd->n_jobs, 0);
}

static void test_names(void **state) {
        _cleanup_free_ char *unit = NULL;
        char *other, name[300] = {};

        assert_int_equal(scope_unit_name("web-1.a_b", &unit), 0);
        assert_string_equal(unit, "creel-web-1.a_b.scope");
        assert_int_equal(scope_unit_name("", &other), -EINVAL);
        assert_int_equal(scope_unit_name("a/b", &other), -EINVAL);
        memset(name, 'a', 250);
        assert_int_equal(scope_unit_name(name, &other), -EINVAL);

        for (const char *const *s = (const char *const[]){"machine.slice", "-.slice", "a-b.slice",
                                                          "x_1.slice", NULL};
             *s; s++)
                assert_true(scope_slice_is_valid(*s));
        for (const char *const *s = (const char *const[]){"", ".slice", "machine", "-a.slice", "a-.slice",
                                                          "a--b.slice", "a/b.slice", "a.service", NULL};
             *s; s++)
                assert_false(scope_slice_is_valid(*s));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_start_stop_kill, setup, teardown),
                cmocka_unit_test_setup_teardown(test_update, setup, teardown),
                cmocka_unit_test_setup_teardown(test_failed_job, setup, teardown),
                cmocka_unit_test_setup_teardown(test_pidfd, setup, teardown),
                cmocka_unit_test_setup_teardown(test_waits_for_the_last_one_to_go, setup, teardown),
                cmocka_unit_test_setup_teardown(test_failed_leftover_is_reset, setup, teardown),
                cmocka_unit_test_setup_teardown(test_name_of_somebody_else, setup, teardown),
                cmocka_unit_test_setup_teardown(test_reexec_in_the_middle, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cancelled_jobs_say_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_abandoned_start, setup, teardown),
                cmocka_unit_test_setup_teardown(test_starts_are_bounded, setup, teardown),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
