/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "runtime/channel.h"
#include "runtime/lock.h"
#include "security/capability.h"

#include "child.h"
#include "test.h"

static void write_text(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) >= 0);
}

/* A user namespace with a process in it that waits for ever. */
static int open_userns(void) {
        int ready[2], never[2], fd;
        char path[64], byte;
        pid_t pid;

        CHECK(pipe2(ready, O_CLOEXEC) >= 0 && pipe2(never, O_CLOEXEC) >= 0);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
                CHECK(unshare(CLONE_NEWUSER) >= 0 && write(ready[1], "x", 1) == 1);
                (void) fd_close(never[1]);
                (void) read(never[0], &byte, 1);
                _exit(0);
        }
        CHECK(read(ready[0], &byte, 1) == 1);
        (void) snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
        write_text(path, "0 100000 65536");
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        CHECK(fd >= 0);
        return fd;
}

static void prepare(RuntimeMount *m, MountSet *set) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
        int fd;

        CHECK(mkdir("source", 0755) >= 0 && mkdir("source/sub", 0755) >= 0 && mkdir("target", 0755) >= 0);
        write_text("source/sub/hidden", "x");
        CHECK(mount("tmpfs", "source/sub", "tmpfs", 0, "mode=755") >= 0);
        fd = open_tree(AT_FDCWD, "source", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        CHECK(fd >= 0 && mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) >= 0);
        *m = (RuntimeMount){ .destination = (char *) "/x", .options = { .bind = true } };
        *set = (MountSet){};
        CHECK(mount_set_add(set, 0, fd) >= 0);
}

/* What the owner of @userns_fd achieves: bit 0: writable, bit 1: uncovered. */
static int attack(int userns_fd, int mount_fd) {
        struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
        int status;
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0) {
                int won = 0;

                CHECK(setns(userns_fd, CLONE_NEWUSER) >= 0 && unshare(CLONE_NEWNS) >= 0);
                CHECK(move_mount(mount_fd, "", AT_FDCWD, "/mnt/target", MOVE_MOUNT_F_EMPTY_PATH) >= 0);
                won |= mount_setattr(AT_FDCWD, "/mnt/target", 0, &attr, sizeof(attr)) >= 0 ? 1 : 0;
                won |= umount2("/mnt/target/sub", MNT_DETACH) >= 0 ? 2 : 0;
                _exit(won);
        }
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void with_capability(char **names, int expect) {
        RuntimeMount m;
        RuntimeSpec spec = { .mounts = &m, .n_mounts = 1 };
        _cleanup_failure_ Failure f = {};
        int userns = open_userns();
        _cleanup_(mount_set_done) MountSet set;

        spec.process.capabilities[RUNTIME_CAPABILITY_BOUNDING] = names;
        prepare(&m, &set);
        CHECK(lock_binds(&spec, userns, &set, &f) >= 0);
        CHECK(attack(userns, set.fds[0]) == expect);
}

static void is_locked(void) {
        with_capability((char *[]){ (char *) "CAP_SYS_ADMIN", NULL }, 0);
}

/* Who could not change mounts anyway is not waited for: the test has more rights than such a container. */
static void is_left_alone(void) {
        with_capability((char *[]){ (char *) "CAP_CHOWN", NULL }, 3);
}

static void nothing_to_do(void) {
        RuntimeSpec spec = {};
        _cleanup_failure_ Failure f = {};
        int fd = 0;
        short slot = SLOT_DEV;
        MountSet set = { .fds = &fd, .slots = &slot, .n = 1 };

        CHECK(lock_binds(&spec, -EBADF, &set, &f) == 0 && set.fds[0] == 0);
}

static void test_locked(void **state) {
        assert_int_equal(run_isolated(is_locked), 0);
}

static void test_left_alone(void **state) {
        assert_int_equal(run_isolated(is_left_alone), 0);
}

static void test_nothing_to_do(void **state) {
        assert_int_equal(run_isolated(nothing_to_do), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_locked),
                cmocka_unit_test(test_left_alone),
                cmocka_unit_test(test_nothing_to_do),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
