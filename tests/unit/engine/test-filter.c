/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include "engine-fixture.h"
#include "engine/filter.h"

static char profile[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],"
                        "\"action\":\"SCMP_ACT_ERRNO\"}]}";

/* 1: a filter. 0: none. */
static int filter_of(const Engine *e, const char *option, const char *text, bool privileged, Failure *f) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
        _cleanup_close_ int fd = -EBADF;
        const char *hint;
        int r;

        s->privileged = privileged;
        if (option)
                assert_int_equal(container_spec_set_text(s, container_spec_find("security-opt"), option,
                                                         &hint),
                                 0);
        if (text)
                assert_int_equal(container_spec_set_text(s, container_spec_find("seccomp-profile"), text,
                                                         &hint),
                                 0);
        r = container_filter(e, s, false, 0, &fd, f);
        return r < 0 ? r : fd >= 0;
}

static void test_choice(void **state) {
        _cleanup_failure_ Failure failure = {};
        Engine e = { .seccomp_profile = profile, .seccomp_cache_fd = -EBADF };

        assert_int_equal(filter_of(&e, NULL, NULL, false, NULL), 1);
        assert_int_equal(filter_of(&e, "seccomp=unconfined", NULL, false, NULL), 0);
        assert_int_equal(filter_of(&e, NULL, NULL, true, NULL), 0);
        assert_int_equal(filter_of(&e, "seccomp=builtin", NULL, true, NULL), 1);
        assert_int_equal(filter_of(&e, "seccomp=/x.json", profile, true, NULL), 1);
        assert_true(filter_of(&e, "seccomp=/x.json", NULL, false, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        assert_true(filter_of(&e, "seccomp=/x.json", "{}", false, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_choice) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
