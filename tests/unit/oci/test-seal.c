/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/log.h"
#include "basic/str.h"
#include "oci/seal.h"

#include "test.h"

static char **arguments;

/* The program executes itself: what comes out runs from memory that nobody can write to. */
static int sealed(char **argv) {
        char link[64] = "", name[32] = "";

        log_setup("creel-test", LOG_WARNING);
        if (seal_program(argv, NULL) < 0)
                return 2;
        if (readlink("/proc/self/exe", link, sizeof(link) - 1) < 0 || !startswith(link, "/memfd:creel-test"))
                return 3;
        if (open("/proc/self/exe", O_RDWR | O_CLOEXEC) >= 0)
                return 4;
        if (prctl(PR_GET_DUMPABLE) != 0)
                return 5;
        if (prctl(PR_GET_NAME, name) < 0 || !streq(name, "creel-test"))
                return 6;
        return streq(argv[2], "argument") ? 0 : 7;
}

static void test_seal(void **state) {
        char *argv[] = { arguments[0], (char *) "sealed", (char *) "argument", NULL };
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(execv("/proc/self/exe", argv));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_seal) };

        if (argc > 2 && streq(argv[1], "sealed"))
                return sealed(argv);
        arguments = argv;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
