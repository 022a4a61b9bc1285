/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "tmpdir.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "test.h"

/* <tmp>/secret, and <tmp>/root as the untrusted root. */
typedef struct Jail {
        TmpDir outside;
        int fd;
} Jail;

static Jail jail_new(void) {
        Jail j = { .outside = tmpdir_new() };

        tmpdir_write(j.outside.fd, "secret", "secret");
        assert_int_equal(mkdirat(j.outside.fd, "root", 0755), 0);
        j.fd = openat(j.outside.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(mkdirat(j.fd, "etc", 0755), 0);
        tmpdir_write(j.fd, "etc/inside", "inside");
        return j;
}

static void jail_done(Jail *j) {
        (void) fd_close(j->fd);
        tmpdir_done(&j->outside);
}

#define _cleanup_jail_ __attribute__((__cleanup__(jail_done)))

static void test_reading_never_leaves_the_root(void **state) {
        _cleanup_jail_ Jail j = jail_new();
        _cleanup_free_ char *absolute = NULL, *magic = NULL;
        static const char *const ways_out[] = { "../secret",   "/../secret", "etc/../../secret",
                                                "up",          "up/../up",   "to-file",
                                                "to-absolute", "chain",      "magic" };
        int r;

        assert_int_equal(string_format(&absolute, "%s/secret", j.outside.path), 0);
        assert_int_equal(string_format(&magic, "/proc/self/fd/%d/secret", j.outside.fd), 0);
        assert_int_equal(symlinkat("../secret", j.fd, "up"), 0);
        assert_int_equal(symlinkat("../../../../../secret", j.fd, "to-file"), 0);
        assert_int_equal(symlinkat(absolute, j.fd, "to-absolute"), 0);
        assert_int_equal(symlinkat("to-absolute", j.fd, "chain"), 0);
        assert_int_equal(symlinkat(magic, j.fd, "magic"), 0);

        for (size_t i = 0; i < ELEMENTSOF(ways_out); i++) {
                _cleanup_free_ char *text = NULL;

                r = path_read_in_root(j.fd, ways_out[i], 100, &text);
                assert_true(r < 0);
                assert_null(text);
        }
}

static void test_links_inside_the_root_are_followed(void **state) {
        _cleanup_jail_ Jail j = jail_new();
        static const char *const ways[] = { "etc/inside", "/etc/inside", "../../etc/inside",
                                            "absolute",   "up",          "dir/inside" };

        assert_int_equal(symlinkat("/etc/inside", j.fd, "absolute"), 0);
        assert_int_equal(symlinkat("../../../etc/inside", j.fd, "up"), 0);
        assert_int_equal(symlinkat("/etc", j.fd, "dir"), 0);
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                _cleanup_free_ char *text = NULL;

                assert_int_equal(path_read_in_root(j.fd, ways[i], 100, &text), 0);
                assert_string_equal(text, "inside");
        }
}

static void test_magic_links_of_proc(void **state) {
        _cleanup_close_ int host = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;

        /* the link itself, in a root that has a proc */
        assert_int_equal(path_open_in_root(host, "/proc/self/root", O_RDONLY | O_DIRECTORY, &fd), -ELOOP);
        assert_int_equal(fd, -EBADF);
}

static void test_reading_odd_files(void **state) {
        _cleanup_jail_ Jail j = jail_new();
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(mkfifoat(j.fd, "fifo", 0600), 0);
        assert_int_equal(symlinkat("loop", j.fd, "loop"), 0);
        assert_int_equal(path_read_in_root(j.fd, "fifo", 100, &text),
                         -EBADMSG); /* and nobody waits for a writer */
        assert_int_equal(path_read_in_root(j.fd, "etc", 100, &text), -EBADMSG);
        assert_int_equal(path_read_in_root(j.fd, "loop", 100, &text), -ELOOP);
        assert_int_equal(path_read_in_root(j.fd, "absent", 100, &text), -ENOENT);
        assert_int_equal(path_read_in_root(j.fd, "etc/inside", 5, &text), -EFBIG);
        assert_int_equal(path_open_in_root(j.fd, "etc/inside", O_RDONLY, &fd), 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void test_mkdir_in_root(void **state) {
        _cleanup_jail_ Jail j = jail_new();
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        (void) umask(0077);
        assert_int_equal(path_mkdir_in_root(j.fd, "/a//b/c/", 0751, 1234, 5678, &fd), 0);
        (void) umask(0022);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0751);
        assert_int_equal(st.st_uid, 1234);
        assert_int_equal(st.st_gid, 5678);
        assert_int_equal(fstatat(j.fd, "a", &st, 0), 0);
        assert_int_equal(st.st_uid, 1234);

        /* what exists keeps its owner and mode */
        fd = fd_close(fd);
        assert_int_equal(path_mkdir_in_root(j.fd, "etc/new", 0700, 1, 1, &fd), 0);
        assert_int_equal(fstatat(j.fd, "etc", &st, 0), 0);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(st.st_mode & 07777, 0755);
        assert_int_equal(write(fd, "x", 1), -1); /* O_PATH */

        fd = fd_close(fd);
        assert_int_equal(path_mkdir_in_root(j.fd, "/", 0700, 1, 1, &fd), 0);
}

static void test_mkdir_never_leaves_the_root(void **state) {
        _cleanup_jail_ Jail j = jail_new();
        _cleanup_close_ int fd = -EBADF;
        struct stat here, there;

        assert_int_equal(symlinkat("../../..", j.fd, "up"), 0);
        assert_int_equal(symlinkat("/nowhere/at/all", j.fd, "dangling"), 0);
        assert_int_equal(symlinkat("/etc", j.fd, "link"), 0);

        assert_int_equal(path_mkdir_in_root(j.fd, "../x", 0755, 0, 0, &fd), -EINVAL);
        assert_int_equal(path_mkdir_in_root(j.fd, "a/../../x", 0755, 0, 0, &fd), -EINVAL);
        assert_int_equal(path_mkdir_in_root(j.fd, "./x", 0755, 0, 0, &fd), -EINVAL);
        assert_int_equal(path_mkdir_in_root(j.fd, "etc/inside/x", 0755, 0, 0, &fd), -ENOTDIR);
        assert_true(path_mkdir_in_root(j.fd, "dangling/x", 0755, 0, 0, &fd) < 0);
        assert_false(tmpdir_exists(j.fd, "nowhere"));

        /* a link upwards means the root itself */
        assert_int_equal(path_mkdir_in_root(j.fd, "up/made", 0755, 0, 0, &fd), 0);
        assert_true(tmpdir_exists(j.fd, "made"));
        assert_false(tmpdir_exists(j.outside.fd, "made"));

        fd = fd_close(fd);
        assert_int_equal(path_mkdir_in_root(j.fd, "link/below", 0755, 0, 0, &fd), 0);
        assert_int_equal(fstat(fd, &here), 0);
        assert_int_equal(fstatat(j.fd, "etc/below", &there, 0), 0);
        assert_int_equal(here.st_ino, there.st_ino);
}

static void test_mkdir_parents(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();

        assert_int_equal(path_mkdir_parents(d.fd, "a/b/c", 0755), 0);
        assert_int_equal(path_mkdir_parents(d.fd, "a/b/c", 0755), 0);
        assert_true(tmpdir_exists(d.fd, "a/b/c"));
        tmpdir_write(d.fd, "f", "");
        assert_int_equal(path_mkdir_parents(d.fd, "f/x", 0755), -ENOTDIR);
}

static void test_components(void **state) {
        char longest[257];

        (void) memset(longest, 'a', 256);
        longest[256] = 0;
        assert_true(path_component_is_valid("a"));
        assert_true(path_component_is_valid("..."));
        assert_true(path_component_is_valid(longest + 1));
        assert_false(path_component_is_valid(longest));
        assert_false(path_component_is_valid(NULL));
        assert_false(path_component_is_valid(""));
        assert_false(path_component_is_valid("."));
        assert_false(path_component_is_valid(".."));
        assert_false(path_component_is_valid("a/b"));
        assert_false(path_component_is_valid("/"));
}

static void test_join(void **state) {
        static const struct {
                const char *a, *b, *joined;
        } rows[] = { { "a", "b", "a/b" },
                     { "a//", "//b", "a/b" },
                     { "/", "b", "/b" },
                     { "", "b", "/b" },
                     { "a", "", "a/" } };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *joined = NULL;

                assert_int_equal(path_join(rows[i].a, rows[i].b, &joined), 0);
                assert_string_equal(joined, rows[i].joined);
        }
}

static void test_remove_follows_no_links(void **state) {
        _cleanup_jail_ Jail j = jail_new();

        assert_int_equal(mkdirat(j.fd, "tree", 0755), 0);
        assert_int_equal(mkdirat(j.fd, "tree/full", 0755), 0);
        assert_int_equal(mkdirat(j.fd, "tree/empty", 0), 0);
        tmpdir_write(j.fd, "tree/full/f", "");
        assert_int_equal(symlinkat("../..", j.fd, "tree/up"), 0);
        assert_int_equal(symlinkat("/", j.fd, "tree/top"), 0);
        assert_int_equal(mknodat(j.fd, "tree/whiteout", S_IFCHR, 0), 0);
        assert_int_equal(path_remove_tree(j.fd, "tree", 100), 0);
        assert_false(tmpdir_exists(j.fd, "tree"));
        assert_true(tmpdir_exists(j.fd, "etc/inside"));
        assert_true(tmpdir_exists(j.outside.fd, "secret"));
        assert_int_equal(path_remove_tree(j.fd, "tree", 100), -ENOENT);

        /* the name itself may be a link, or a file */
        assert_int_equal(symlinkat("etc", j.fd, "link"), 0);
        assert_int_equal(path_remove_tree(j.fd, "link", 100), 0);
        assert_true(tmpdir_exists(j.fd, "etc/inside"));
}

static void test_remove_is_bounded(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        char name[32];

        assert_int_equal(mkdirat(d.fd, "t", 0755), 0);
        for (int i = 0; i < 10; i++) {
                (void) snprintf(name, sizeof(name), "t/%d", i);
                tmpdir_write(d.fd, name, "");
        }
        assert_int_equal(path_remove_tree(d.fd, "t", 10), -E2BIG);
        assert_true(tmpdir_exists(d.fd, "t"));
        assert_int_equal(path_remove_tree(d.fd, "t", 11), 0);
}

static void test_remove_deep(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        int fd = fcntl(d.fd, F_DUPFD_CLOEXEC, 3);

        for (int i = 0; i < 400; i++) {
                int next;

                assert_int_equal(mkdirat(fd, "d", 0755), 0);
                next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                (void) fd_close(fd);
                fd = next;
        }
        (void) fd_close(fd);
        assert_int_equal(path_remove_tree(d.fd, "d", UINT64_MAX), 0);
        assert_false(tmpdir_exists(d.fd, "d"));
}

/* What is mounted somewhere inside is not ours to empty. In a child, for its own mount namespace. */
static void test_remove_stops_at_mounts(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        int status;
        pid_t pid;

        assert_int_equal(mkdirat(d.fd, "keep", 0755), 0);
        tmpdir_write(d.fd, "keep/f", "");
        assert_int_equal(mkdirat(d.fd, "t", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "t/bind", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "t2", 0755), 0);
        assert_int_equal(mkdirat(d.fd, "t2/tmpfs", 0755), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                        _exit(77);
                if (chdir(d.path) < 0 || mount("keep", "t/bind", NULL, MS_BIND, NULL) < 0 ||
                    mount("t", "t2/tmpfs", "tmpfs", 0, NULL) < 0)
                        _exit(77);
                tmpdir_write(AT_FDCWD, "t2/tmpfs/f", "");
                /* the same file system through another mount, and another file system */
                _exit(path_remove_tree(AT_FDCWD, "t", 100) < 0 &&
                                                      path_remove_tree(AT_FDCWD, "t2", 100) < 0 &&
                                                      access("keep/f", F_OK) == 0 &&
                                                      access("t2/tmpfs/f", F_OK) == 0
                                      ? 0
                                      : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                skip(); /* no right to mount */
        assert_int_equal(status, 0);
        assert_true(tmpdir_exists(d.fd, "keep/f"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reading_never_leaves_the_root),
                cmocka_unit_test(test_links_inside_the_root_are_followed),
                cmocka_unit_test(test_magic_links_of_proc),
                cmocka_unit_test(test_reading_odd_files),
                cmocka_unit_test(test_mkdir_in_root),
                cmocka_unit_test(test_mkdir_never_leaves_the_root),
                cmocka_unit_test(test_mkdir_parents),
                cmocka_unit_test(test_components),
                cmocka_unit_test(test_join),
                cmocka_unit_test(test_remove_follows_no_links),
                cmocka_unit_test(test_remove_is_bounded),
                cmocka_unit_test(test_remove_deep),
                cmocka_unit_test(test_remove_stops_at_mounts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
