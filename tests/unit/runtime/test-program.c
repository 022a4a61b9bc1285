/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "runtime/program.h"

#include "child.h"
#include "test.h"

static void put(const char *path, const char *text, mode_t mode) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

        CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) >= 0);
}

static void make_programs(void) {
        CHECK(mkdir("a", 0755) >= 0 && mkdir("b", 0755) >= 0 && mkdir("a/directory", 0755) >= 0);
        put("a/plain", "text", 0644);
        put("a/lost", "#!/no/such/interpreter\n", 0755);
        put("a/odd", "\177ELF?", 0755);
        put("b/both", "#!/bin/sh\nexit 0\n", 0755);
        put("a/both", "#!/bin/sh\nexit 1\n", 0644);
}

static void refused(void) {
        static const struct {
                const char *program;
                FailureKind kind;
                const char *says;
        } cases[] = {
                { "nothing", FAILURE_COMMAND_NOT_FOUND, "PATH (/mnt/a:/mnt/b)" },
                { "/mnt/nothing", FAILURE_COMMAND_NOT_FOUND, "/mnt/nothing" },
                { "/mnt/a/plain/x", FAILURE_COMMAND_NOT_FOUND, "/mnt/a/plain/x" },
                { "lost", FAILURE_COMMAND_NOT_FOUND, "PATH" },
                { "/mnt/a/lost", FAILURE_COMMAND_NOT_FOUND, "interpreter" },
                { "plain", FAILURE_COMMAND_NOT_EXECUTABLE, "/mnt/a/plain" },
                { "/mnt/a/directory", FAILURE_COMMAND_NOT_EXECUTABLE, "directory" },
                { "nothing", FAILURE_COMMAND_NOT_FOUND, "executable file not found in $PATH" },
                { "/mnt/nothing", FAILURE_COMMAND_NOT_FOUND, "no such file or directory" },
                { "/mnt/a/lost", FAILURE_COMMAND_NOT_FOUND, "no such file or directory" },
                { "plain", FAILURE_COMMAND_NOT_EXECUTABLE, "permission denied" },
                { "/mnt/a/directory", FAILURE_COMMAND_NOT_EXECUTABLE, "permission denied" },
                { "", FAILURE_COMMAND_NOT_FOUND, "not found" },
                { "odd", FAILURE_COMMAND_NOT_EXECUTABLE, "architecture" },
        };
        char path[] = "PATH=/mnt/a:/mnt/b", *env[] = { path, NULL };

        make_programs();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *args[] = { (char *) cases[i].program, NULL };
                _cleanup_failure_ Failure failure = {};

                CHECK(program_execute(args, env, &failure) < 0);
                CHECK(failure.kind == cases[i].kind && strstr(failure.text, cases[i].says));
        }
}

/* Without executing anything; what only the kernel can tell passes. */
static void found(void) {
        static const struct {
                const char *program, *says;
        } cases[] = {
                { "both", NULL },
                { "/mnt/b/both", NULL },
                { "lost", NULL },
                { "odd", NULL },
                { "nothing", "executable file not found in $PATH" },
                { "/mnt/a/plain", "permission denied" },
                { "a/directory", "permission denied" },
        };
        char path[] = "PATH=/mnt/a:/mnt/b", *env[] = { path, NULL };

        make_programs();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *args[] = { (char *) cases[i].program, NULL };
                _cleanup_failure_ Failure failure = {};
                int r = program_find(args, env, &failure);

                CHECK(cases[i].says ? r < 0 && strstr(failure.text, cases[i].says) : r == 0);
        }
}

/* What is there but may not be executed does not hide what comes later in PATH. */
static void executes(void) {
        char program[] = "both", *args[] = { program, NULL }, path[] = "PATH=/mnt/a:/mnt/b",
             *env[] = { path, NULL };
        _cleanup_failure_ Failure failure = {};

        make_programs();
        (void) program_execute(args, env, &failure);
        CHECK(false);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(refused)
ISOLATED(found)
ISOLATED(executes)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_executes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
