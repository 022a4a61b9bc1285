/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/strv.h"
#include "oci/passing.h"
#include "test.h"

/* Each in a process of its own, with 3, 4 and 6 inherited and 5 ours. 0 when @check is content. */
static int in_child(uint64_t preserve, const char *listen, const char *pid,
                    int (*check)(const Passing *p, int r)) {
        pid_t child = fork();
        int status;

        if (child == 0) {
                Passing p = {};
                int r, null_fd = open("/dev/null", O_RDWR);
                char self[16];

                for (int i = 3; i < 7; i++)
                        if (i != null_fd)
                                (void) dup2(null_fd, i);
                for (int i = 7; i < 40; i++)
                        (void) close(i);
                (void) fcntl(5, F_SETFD, FD_CLOEXEC);
                (void) snprintf(self, sizeof(self), "%d", getpid());
                (void) unsetenv("LISTEN_FDS");
                (void) unsetenv("LISTEN_PID");
                if (listen)
                        (void) setenv("LISTEN_FDS", listen, 1);
                if (pid)
                        (void) setenv("LISTEN_PID", strcmp(pid, "self") == 0 ? self : pid, 1);
                r = passing_collect(preserve, &p, NULL);
                _exit(check(&p, r));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int has_none(const Passing *p, int r) {
        return r < 0 || p->n != 0 || p->n_listen != 0 || !(fcntl(3, F_GETFD) & FD_CLOEXEC);
}

static int has_two(const Passing *p, int r) {
        return r < 0 || p->n != 2 || p->fds[0] != 3 || p->numbers[1] != 4 || p->n_listen != 0 ||
               !(fcntl(6, F_GETFD) & FD_CLOEXEC);
}

/* 5 is ours, 7 and what follows is not open */
static int has_three(const Passing *p, int r) {
        return r < 0 || p->n != 3 || p->numbers[2] != 6;
}

static int has_listen(const Passing *p, int r) {
        return r < 0 || p->n != 2 || p->n_listen != 1 || p->fds[1] != 4;
}

static int is_refused(const Passing *p, int r) {
        return r >= 0 || p->fds;
}

static void test_collect(void **state) {
        assert_int_equal(in_child(0, NULL, NULL, has_none), 0);
        assert_int_equal(in_child(2, NULL, NULL, has_two), 0);
        assert_int_equal(in_child(100, NULL, NULL, has_three), 0);
        assert_int_equal(in_child(1, "1", "self", has_listen), 0);
        assert_int_equal(in_child(1, "1", NULL, has_listen), 0);
        /* somebody else's */
        assert_int_equal(in_child(2, "1", "1", has_two), 0);
        assert_int_equal(in_child(2, "1", "x", has_two), 0);
        assert_int_equal(in_child(2, "-1", "self", has_two), 0);
        assert_int_equal(in_child(2, "", "self", has_two), 0);
        assert_int_equal(in_child(PASSING_FDS_MAX + 1, NULL, NULL, is_refused), 0);
        assert_int_equal(in_child(UINT64_MAX, "1", NULL, is_refused), 0);
        assert_int_equal(in_child(0, "18446744073709551615", NULL, is_refused), 0);
}

static void test_environment(void **state) {
        Passing p = {};
        char **env = NULL;

        assert_int_equal(setenv("LISTEN_FDNAMES", "a:b", 1), 0);
        assert_int_equal(passing_set_environment(&p, &env), 0);
        assert_null(env);
        p.n_listen = 2;
        assert_int_equal(passing_set_environment(&p, &env), 0);
        assert_string_equal(strv_env_get(env, "LISTEN_FDS"), "2");
        assert_string_equal(strv_env_get(env, "LISTEN_FDNAMES"), "a:b");
        env = strv_free(env);
        assert_int_equal(unsetenv("LISTEN_FDNAMES"), 0);
        assert_int_equal(passing_set_environment(&p, &env), 0);
        assert_int_equal(strv_length(env), 1);
        strv_free(env);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_collect),
                cmocka_unit_test(test_environment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
