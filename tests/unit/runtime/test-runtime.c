/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "runtime/runtime.h"

#include "child.h"
#include "test.h"

#define BUSYBOX "/usr/bin/busybox" /* statically linked */

static void make_root(void) {
        _cleanup_close_ int from = open(BUSYBOX, O_RDONLY | O_CLOEXEC), to = -EBADF;
        struct stat st;

        CHECK(from >= 0 && fstat(from, &st) >= 0);
        CHECK(mkdir("bin", 0755) >= 0);
        to = open("bin/sh", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        CHECK(to >= 0 && sendfile(to, from, NULL, (size_t) st.st_size) == st.st_size);
}

static RuntimeSpec *parse(const char *command) {
        _cleanup_failure_ Failure failure = {};
        RuntimeSpec *s = NULL;
        char text[2048];

        (void) snprintf(text, sizeof(text),
                        "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"/bin/"
                        "sh\",\"-c\",\"%s\"],\"cwd\":\"/"
                        "\"},\"hostname\":\"box\","
                        "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],"
                        "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":"
                        "\"uts\"},{"
                        "\"type\":\"ipc\"}]}}",
                        command);
        CHECK(runtime_spec_parse(text, strlen(text), &s, &failure) >= 0);
        return s;
}

static RuntimeOptions options(void) {
        return (RuntimeOptions) {
                .root = { .directory_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) },
                .stdio = { -EBADF, -EBADF, -EBADF },
                .seccomp_fd = -EBADF, .cgroup_fd = -EBADF, .start_fd = -EBADF, .result_fd = -EBADF,
        };
}

static void runs(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o;
        siginfo_t info = {};

        make_root();
        s = parse("exit 23");
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(runtime_pid(rt) > 1 && runtime_pidfd(rt) >= 0);
        CHECK(runtime_launch(rt, -EBADF, &failure) >= 0);
        CHECK(runtime_take_terminal(rt) < 0);
        CHECK(waitid(P_PIDFD, (id_t) runtime_pidfd(rt), &info, WEXITED) >= 0);
        CHECK(info.si_code == CLD_EXITED && info.si_status == 23);
}

static void fails(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o;

        s = parse("true");
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(runtime_launch(rt, -EBADF, &failure) < 0);
        CHECK(failure.kind == FAILURE_COMMAND_NOT_FOUND && strstr(failure.text, "/bin/sh"));
}

/* Freed before its launch: nothing of it is left. */
static void given_up(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};
        Runtime *rt = NULL;
        RuntimeOptions o;

        s = parse("true");
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(!runtime_free(rt));
        CHECK(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
}

static void needs_mount_namespace(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};
        Runtime *rt = NULL;
        RuntimeOptions o;

        s = parse("true");
        s->namespaces[RUNTIME_NAMESPACE_MOUNT].wanted = false;
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) < 0 && failure.kind == FAILURE_CONFIGURATION);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(runs)
ISOLATED(fails)
ISOLATED(given_up)
ISOLATED(needs_mount_namespace)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_runs),
                cmocka_unit_test(test_fails),
                cmocka_unit_test(test_given_up),
                cmocka_unit_test(test_needs_mount_namespace),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
