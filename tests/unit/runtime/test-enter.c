/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "runtime/cgroup.h"
#include "runtime/enter.h"

#include "child.h"
#include "test.h"

static char cgroup[64];

static int make_cgroup(int *ret_fd) {
        static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        char path[128];

        (void) snprintf(cgroup, sizeof(cgroup), "/creel-test-enter-%d", getpid());
        for (size_t i = 0; i < ELEMENTSOF(roots); i++) {
                (void) snprintf(path, sizeof(path), "%s/cgroup.controllers", roots[i]);
                if (access(path, F_OK) < 0)
                        continue;
                (void) snprintf(path, sizeof(path), "%s%s", roots[i], cgroup);
                if (mkdir(path, 0755) < 0)
                        return -errno;
                return cgroup_open(cgroup, ret_fd);
        }
        return -EOPNOTSUPP;
}

static int setup(void **state) {
        int fd;

        if (make_cgroup(&fd) < 0)
                return -1;
        *state = (void *) (intptr_t) fd;
        return mkdirat(fd, "payload", 0755);
}

static int teardown(void **state) {
        _cleanup_close_ int fd = (int) (intptr_t) *state,
                            parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        (void) unlinkat(fd, "payload", AT_REMOVEDIR);
        return unlinkat(parent, cgroup + 1, AT_REMOVEDIR);
}

/* A process with a host name and a root of its own, which says when it is ready. */
static pid_t make_leader(int *ret_pidfd) {
        int ready[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                CHECK(unshare(CLONE_NEWNS | CLONE_NEWUTS) >= 0);
                CHECK(sethostname("inside", 6) >= 0);
                CHECK(write(ready[1], "x", 1) == 1);
                for (;;)
                        (void) pause();
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        (void) close(ready[0]);
        (void) close(ready[1]);
        *ret_pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
        assert_true(*ret_pidfd >= 0);
        return pid;
}

static void in_container(int out) {
        struct utsname name;
        char text[256] = "";
        _cleanup_close_ int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);

        CHECK(uname(&name) >= 0 && strcmp(name.nodename, "inside") == 0);
        CHECK(fd_read_full(fd, text, sizeof(text) - 1) > 0);
        CHECK(strstr(text, cgroup) && strstr(text, "/payload\n"));
        CHECK(write(out, "y", 1) == 1);
        _exit(0);
}

static void enter(const EnterTarget *target, int out) {
        _cleanup_(enter_done) Enter e = ENTER_NONE;
        _cleanup_failure_ Failure failure = {};
        int pidfd = -EBADF;
        siginfo_t info = {};
        pid_t pid;

        CHECK(enter_open(target, &e, &failure) >= 0);
        CHECK(!e.has_mapping && e.cgroup_ns_fd < 0 && e.payload_fd >= 0 && e.root_uid == 0);
        CHECK(enter_join(target, &e, &failure) >= 0);
        pid = enter_clone(&e, &pidfd);
        if (pid == 0)
                in_container(out);
        CHECK(pid > 0 && pidfd >= 0);
        CHECK(waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED) >= 0 && info.si_status == 0);
        _exit(0);
}

static void test_enter(void **state) {
        EnterTarget target = { .scope_fd = (int) (intptr_t) *state, .cgroup_fd = -EBADF };
        int out[2], status;
        char byte = 0;
        pid_t pid;

        target.leader = make_leader(&target.leader_pidfd);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0)
                enter(&target, out[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(read(out[0], &byte, 1), 1);
        assert_int_equal(byte, 'y');
        (void) close(out[0]);
        (void) close(out[1]);
        assert_int_equal(kill(target.leader, SIGKILL), 0);
        assert_int_equal(waitpid(target.leader, NULL, 0), target.leader);
        (void) close(target.leader_pidfd);
}

static void test_gone(void **state) {
        EnterTarget target = { .scope_fd = (int) (intptr_t) *state, .cgroup_fd = -EBADF };
        _cleanup_(enter_done) Enter e = ENTER_NONE;
        _cleanup_failure_ Failure failure = {};

        target.leader = make_leader(&target.leader_pidfd);
        assert_int_equal(kill(target.leader, SIGKILL), 0);
        assert_int_equal(waitpid(target.leader, NULL, 0), target.leader);
        assert_true(enter_open(&target, &e, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        /* Another process has the number by now. */
        target.leader = getpid();
        assert_true(enter_open(&target, &e, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        (void) close(target.leader_pidfd);
}

static void test_no_payload_cgroup(void **state) {
        EnterTarget target = { .scope_fd = (int) (intptr_t) *state, .cgroup_fd = -EBADF };
        _cleanup_(enter_done) Enter e = ENTER_NONE;
        _cleanup_failure_ Failure failure = {};

        target.leader = getpid();
        target.leader_pidfd = (int) syscall(SYS_pidfd_open, getpid(), 0);
        assert_int_equal(unlinkat(target.scope_fd, "payload", AT_REMOVEDIR), 0);
        assert_true(enter_open(&target, &e, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        (void) close(target.leader_pidfd);
}

static void test_raise_limits(void **state) {
        RuntimeRlimit wanted = { .resource = RLIMIT_CORE, .soft = 0, .hard = 4096 };
        RuntimeSpec spec = { .process = { .rlimits = &wanted, .n_rlimits = 1 } };
        _cleanup_failure_ Failure failure = {};
        struct rlimit before, after;

        assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
        assert_true(enter_raise_limits(&spec, &failure) >= 0);
        assert_int_equal(getrlimit(RLIMIT_CORE, &after), 0);
        /* never lowered: that is for the new process */
        assert_true(after.rlim_max >= before.rlim_max && after.rlim_cur == before.rlim_cur);
}

static void join_as_nobody(void) {
        _cleanup_(enter_done) Enter e = ENTER_NONE;
        _cleanup_failure_ Failure failure = {};
        EnterTarget target = {};
        struct utsname name;
        int ready[2];
        char byte;

        CHECK(setresgid(65534, 65534, 65534) >= 0 && setresuid(65534, 65534, 65534) >= 0);
        CHECK(prctl(PR_SET_DUMPABLE, 1) >= 0);
        CHECK(pipe2(ready, O_CLOEXEC) >= 0);
        target.leader = fork();
        if (target.leader == 0) {
                CHECK(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS) >= 0);
                CHECK(sethostname("inside", 6) >= 0 && write(ready[1], "x", 1) == 1);
                for (;;)
                        (void) pause();
        }
        CHECK(read(ready[0], &byte, 1) == 1);
        target.leader_pidfd = (int) syscall(SYS_pidfd_open, target.leader, 0);
        e.host_proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        e.has_mapping = true;
        CHECK(enter_join(&target, &e, &failure) >= 0);
        CHECK(uname(&name) >= 0 && strcmp(name.nodename, "inside") == 0);
        CHECK(syscall(SYS_pidfd_send_signal, target.leader_pidfd, SIGKILL, NULL, 0) >= 0);
        _exit(0);
}

/* A container of somebody who is not root, which shares the host's network. */
static void test_join_shared(void **state) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                join_as_nobody();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_enter, setup, teardown),
                cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_payload_cgroup, setup, teardown),
                cmocka_unit_test(test_raise_limits),
                cmocka_unit_test(test_join_shared),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
