/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/namespace.h"

#include "test.h"

static int *own_fds(void) {
        static int fds[_RUNTIME_NAMESPACE_MAX];

        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fds[i] = -EBADF;
        return fds;
}

static void test_flags(void **state) {
        static char path[] = "/proc/self/ns/ipc";
        RuntimeSpec s = {};

        assert_int_equal(namespace_clone_flags(&s), 0);
        s.namespaces[RUNTIME_NAMESPACE_PID].wanted = true;
        s.namespaces[RUNTIME_NAMESPACE_MOUNT].wanted = true;
        s.namespaces[RUNTIME_NAMESPACE_CGROUP].wanted = true;
        s.namespaces[RUNTIME_NAMESPACE_IPC] = (RuntimeNamespace){ .wanted = true, .path = path };
        assert_int_equal(namespace_clone_flags(&s), CLONE_NEWPID | CLONE_NEWNS);
        assert_true(namespace_is_new(&s, RUNTIME_NAMESPACE_CGROUP));
        assert_false(namespace_is_new(&s, RUNTIME_NAMESPACE_IPC));
        assert_false(namespace_is_new(&s, RUNTIME_NAMESPACE_UTS));
}

static void test_host_id(void **state) {
        const RuntimeIdMapping m[] = { { 0, 1000, 10 }, { 100, 5000, 2 } };

        assert_int_equal(namespace_host_id(m, 2, 0), 1000);
        assert_int_equal(namespace_host_id(m, 2, 9), 1009);
        assert_int_equal(namespace_host_id(m, 2, 101), 5001);
        assert_int_equal(namespace_host_id(m, 2, 10), UINT32_MAX);
        assert_int_equal(namespace_host_id(m, 2, 102), UINT32_MAX);
        assert_int_equal(namespace_host_id(NULL, 0, 42), 42);
}

static void test_join_refused(void **state) {
        static char mount[] = "/proc/self/ns/mnt", file[] = "/etc/passwd",
                    absent[] = "/run/no/such/namespace";
        const struct {
                RuntimeNamespaceType type;
                char *path;
        } cases[] = { { RUNTIME_NAMESPACE_MOUNT, mount },
                      { RUNTIME_NAMESPACE_NETWORK, file },
                      { RUNTIME_NAMESPACE_IPC, absent } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure failure = {};
                RuntimeSpec s = {};

                s.namespaces[cases[i].type] = (RuntimeNamespace){ .wanted = true, .path = cases[i].path };
                assert_true(namespace_join(&s, own_fds(), &failure) < 0);
                assert_int_equal(failure.kind, FAILURE_CONFIGURATION);
        }
}

static int join_own_uts(void) {
        static char path[] = "/proc/self/ns/uts";
        _cleanup_failure_ Failure failure = {};
        RuntimeSpec s = {};

        s.namespaces[RUNTIME_NAMESPACE_UTS] = (RuntimeNamespace){ .wanted = true, .path = path };
        return namespace_join(&s, own_fds(), &failure) < 0;
}

static void test_join(void **state) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(join_own_uts());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* The right kind of namespace, and the one that was meant. */
static void test_open(void **state) {
        static char path[] = "/proc/self/ns/ipc";
        _cleanup_failure_ Failure failure = {};
        RuntimeSpec s = {};
        struct stat st;
        int fd = -1;

        assert_int_equal(namespace_open(&s, RUNTIME_NAMESPACE_IPC, &fd, &failure), 0);
        s.namespaces[RUNTIME_NAMESPACE_IPC] = (RuntimeNamespace){ .wanted = true, .path = path };
        s.namespaces[RUNTIME_NAMESPACE_UTS] = (RuntimeNamespace){ .wanted = true, .path = path };
        assert_int_equal(namespace_open(&s, RUNTIME_NAMESPACE_IPC, &fd, &failure), 1);
        assert_int_equal(fstat(fd, &st), 0);
        (void) close(fd);
        assert_true(namespace_open(&s, RUNTIME_NAMESPACE_UTS, &fd, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_CONFIGURATION);
        s.namespaces[RUNTIME_NAMESPACE_IPC].inode = st.st_ino + 1;
        assert_true(namespace_open(&s, RUNTIME_NAMESPACE_IPC, &fd, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_STATE);
        s.namespaces[RUNTIME_NAMESPACE_IPC].inode = st.st_ino;
        assert_int_equal(namespace_open(&s, RUNTIME_NAMESPACE_IPC, &fd, &failure), 1);
        (void) close(fd);
}

static void child_in_userns(void *userdata) {
        struct stat mine;
        ino_t *theirs = userdata;

        _exit(stat("/proc/self/ns/user", &mine) < 0 ? 2 : mine.st_ino == *theirs ? 0 : 1);
}

/* A child of this process, in the user namespace of another one, which shows its mappings. */
static void test_clone_into(void **state) {
        static char uids[] = "0 70000 10\n", gids[] = "0 80000 20\n";
        int ready[2], done[2], status, userns, pidfd = -1, fd;
        _cleanup_failure_ Failure failure = {};
        RuntimeSpec s = {};
        struct stat st;
        char path[64], c = 0;
        pid_t owner, pid;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        assert_int_equal(pipe2(done, O_CLOEXEC), 0);
        owner = fork();
        if (owner == 0) {
                (void) close(done[1]);
                if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], &c, 1) != 1)
                        _exit(1);
                _exit(read(done[0], &c, 1) == 0 ? 0 : 1);
        }
        assert_int_equal(read(ready[0], &c, 1), 1);
        (void) snprintf(path, sizeof(path), "/proc/%d/uid_map", owner);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(fd, uids, strlen(uids)), strlen(uids));
        (void) close(fd);
        (void) snprintf(path, sizeof(path), "/proc/%d/gid_map", owner);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(fd, gids, strlen(gids)), strlen(gids));
        (void) close(fd);
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", owner);
        userns = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(fstat(userns, &st), 0);

        assert_int_equal(namespace_clone_into(userns, -EBADF, -EBADF, CLONE_NEWNS | CLONE_NEWPID,
                                              child_in_userns, &st.st_ino, &pid, &pidfd),
                         0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_true(pidfd >= 0);

        assert_int_equal(namespace_read_maps(owner, &s, &failure), 0);
        assert_int_equal(s.n_uid_mappings, 1);
        assert_int_equal(s.uid_mappings[0].host_id, 70000);
        assert_int_equal(s.gid_mappings[0].size, 20);
        free(s.uid_mappings);
        free(s.gid_mappings);
        (void) close(pidfd);
        (void) close(userns);
        (void) close(done[1]);
        assert_int_equal(waitpid(owner, &status, 0), owner);
}

static int read_uts(void *userdata) {
        struct stat st;

        if (stat("/proc/thread-self/ns/uts", &st) < 0)
                return -errno;
        *(ino_t *) userdata = st.st_ino;
        return 7;
}

static void test_call_in(void **state) {
        struct stat before, after;
        ino_t inside = 0;

        assert_int_equal(stat("/proc/self/ns/uts", &before), 0);
        assert_int_equal(namespace_call_in(getpid(), read_uts, &inside), 7);
        assert_int_equal(inside, before.st_ino);
        assert_int_equal(stat("/proc/self/ns/uts", &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        assert_true(namespace_call_in(INT_MAX, read_uts, &inside) < 0);
}

/* Who is in there already need not be root to stay. */
static void test_join_own(void **state) {
        static char *const paths[] = {
                [RUNTIME_NAMESPACE_PID] = (char *) "/proc/self/ns/pid",
                [RUNTIME_NAMESPACE_NETWORK] = (char *) "/proc/self/ns/net",
                [RUNTIME_NAMESPACE_IPC] = (char *) "/proc/self/ns/ipc",
                [RUNTIME_NAMESPACE_UTS] = (char *) "/proc/self/ns/uts",
                [RUNTIME_NAMESPACE_TIME] = (char *) "/proc/self/ns/time",
        };
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                _cleanup_failure_ Failure failure = {};
                RuntimeSpec s = {};
                int *own = own_fds();

                for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                        s.namespaces[i] = (RuntimeNamespace){ .wanted = paths[i], .path = paths[i] };
                if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0 ||
                    namespace_join(&s, own, &failure) < 0)
                        _exit(1);
                for (size_t i = 0; i < _RUNTIME_NAMESPACE_MAX; i++)
                        if (own[i] >= 0)
                                _exit(2);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_forget_own_user(void **state) {
        RuntimeNamespace *user;
        _cleanup_failure_ Failure failure = {};
        RuntimeSpec s = {};
        char path[64];
        int ready[2];
        pid_t pid;
        char byte;

        user = s.namespaces + RUNTIME_NAMESPACE_USER;
        assert_int_equal(namespace_forget_own_user(&s, &failure), 0);
        *user = (RuntimeNamespace){ .wanted = true, .path = strdup("/proc/self/ns/user") };
        s.uid_mappings = calloc(1, sizeof(*s.uid_mappings));
        s.n_uid_mappings = 1;
        assert_int_equal(namespace_forget_own_user(&s, &failure), 0);
        assert_false(user->wanted);
        assert_null(user->path);
        assert_int_equal(s.n_uid_mappings, 0);

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], "x", 1) != 1)
                        _exit(1);
                for (;;)
                        (void) pause();
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
        *user = (RuntimeNamespace){ .wanted = true, .path = path };
        assert_int_equal(namespace_forget_own_user(&s, &failure), 0);
        assert_true(user->wanted && user->path == path);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        (void) close(ready[0]);
        (void) close(ready[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_flags),        cmocka_unit_test(test_host_id),
                cmocka_unit_test(test_join_refused), cmocka_unit_test(test_join),
                cmocka_unit_test(test_open),         cmocka_unit_test(test_clone_into),
                cmocka_unit_test(test_call_in),      cmocka_unit_test(test_join_own),
                cmocka_unit_test(test_forget_own_user),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
