/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/reaper.h"

static void on_gone(void *userdata) {
        (void) sd_event_exit(userdata, 7);
}

static void test_collects_a_child(void **state) {
        sd_event *event = NULL;
        pid_t pid;
        int pidfd;

        assert_true(sd_event_new(&event) >= 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(0);
        pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
        assert_true(pidfd >= 0);
        reaper_add(event, pid, pidfd, on_gone, event);
        assert_int_equal(sd_event_loop(event), 7);
        assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        (void) sd_event_unref(event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_collects_a_child),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
