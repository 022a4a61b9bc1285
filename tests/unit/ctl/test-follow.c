/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/macro.h"
#include "ctl/follow.h"
#include "ctl/journal.h"
#include "test.h"

static char directory[] = "/tmp/test-follow-XXXXXX";
static unsigned n_prints;

static int print(sd_journal *j, void *userdata) {
        n_prints++;
        return *(int *) userdata;
}

/* An empty journal: nothing to print, the time ends the loop. */
static void test_until(void **state) {
        _cleanup_(follow_freep) Follow *w = NULL;
        _cleanup_journal_ sd_journal *j = NULL;
        _cleanup_event_ sd_event *event = NULL;
        int result = 0;

        assert_non_null(mkdtemp(directory));
        assert_true(sd_journal_open_directory(&j, directory, 0) >= 0);
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(follow_new(event, j, print, &result, &w), 0);
        assert_int_equal(follow_drain(w), 0);
        assert_int_equal(n_prints, 1);
        result = -EPIPE;
        assert_int_equal(follow_drain(w), -EPIPE);
        assert_true(follow_until(event, clock_now_realtime_usec() + 1000) >= 0);
        assert_int_equal(sd_event_loop(event), 0);
        assert_int_equal(n_prints, 2);
        (void) rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_until),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
