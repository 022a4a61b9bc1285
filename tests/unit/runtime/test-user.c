/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/user.h"

#include "child.h"
#include "test.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "short:x:1\n"
                             "bad:x:-1:0:::\n"
                             "huge:x:4294967295:0:::\n"
                             "app:x:1000:1001::/home/app:/bin/sh\n"
                             "1234:x:77:78::/odd:\n"
                             "late:x:5:6::/late:";
static const char group[] =
                "root:x:0:\nadm:x:4:app,late\naudio:x:29:other,app\nvideo:x:44:application\n99:x:7:\n";

static void put(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) >= 0);
}

static int make_root(void) {
        CHECK(mkdir("etc", 0755) >= 0);
        put("etc/passwd", passwd);
        put("etc/group", group);
        return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void found(void) {
        static const struct {
                const char *user;
                uint32_t uid, gid;
                size_t n_gids;
                const char *home;
        } cases[] = {
                        {"root", 0, 0, 0, "/root"},           {"app", 1000, 1001, 2, "/home/app"},
                        {"1000", 1000, 1001, 2, "/home/app"}, {"app:video", 1000, 44, 0, "/home/app"},
                        {"app:5", 1000, 5, 0, "/home/app"},   {"42", 42, 0, 0, NULL},
                        {"42:43", 42, 43, 0, NULL},           {"1234", 1234, 0, 0, NULL},
                        {"late", 5, 6, 1, "/late"},           {"app:99", 1000, 99, 0, "/home/app"},
        };
        _cleanup_close_ int root = make_root();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure failure = {};
                _cleanup_(user_done) User u = {};

                CHECK(user_resolve(root, cases[i].user, &u, &failure) >= 0);
                CHECK(u.uid == cases[i].uid && u.gid == cases[i].gid && u.n_gids == cases[i].n_gids);
                CHECK(!u.home == !cases[i].home && (!u.home || strcmp(u.home, cases[i].home) == 0));
        }
}

static void refused(void) {
        static const char *const cases[] = {
                "",   ":",  "app:", ":4", "nobody", "app:nogroup", "bad",          "huge",     "short",
                "-1", "+1", " 1",   "1 ", "0x1",    "4294967295",  "1:4294967295", "1000:1:2", "root\n"
        };
        _cleanup_close_ int root = make_root();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure failure = {};
                _cleanup_(user_done) User u = {};

                CHECK(user_resolve(root, cases[i], &u, &failure) < 0);
                CHECK(failure.kind == FAILURE_INVALID_ARGUMENT);
        }
}

static void without_files(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_failure_ Failure failure = {};
        _cleanup_free_ char *home = NULL;
        _cleanup_(user_done) User u = {};

        CHECK(user_resolve(root, "7:8", &u, &failure) >= 0 && u.uid == 7 && u.gid == 8);
        CHECK(user_resolve(root, "app", &u, &failure) < 0);
        CHECK(user_find_home(root, 0, &home) >= 0 && !home);
}

static void hostile_files(void) {
        _cleanup_close_ int root = make_root();
        _cleanup_failure_ Failure failure = {};
        _cleanup_free_ char *home = NULL;
        _cleanup_(user_done) User u = {};

        CHECK(user_find_home(root, 1000, &home) >= 0 && strcmp(home, "/home/app") == 0);
        CHECK(unlink("etc/passwd") >= 0 && mkfifo("etc/passwd", 0644) >= 0);
        CHECK(user_resolve(root, "app", &u, &failure) < 0 && failure.kind == FAILURE_STORAGE);
        CHECK(unlink("etc/passwd") >= 0 && symlink("/../../../../../../etc/passwd", "etc/passwd") >= 0);
        CHECK(user_resolve(root, "root", &u, &failure) < 0);
        /* a number needs no file */
        CHECK(user_resolve(root, "7", &u, &failure) >= 0 && u.uid == 7 && u.gid == 0 && u.n_gids == 0);
        put("etc/passwd.plain", passwd);
        CHECK(rename("etc/passwd.plain", "etc/passwd") >= 0);
        CHECK(unlink("etc/group") >= 0 && mkfifo("etc/group", 0644) >= 0);
        user_done(&u);
        CHECK(user_resolve(root, "1000", &u, &failure) >= 0 && u.gid == 1001 && u.n_gids == 0);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(found)
ISOLATED(refused)
ISOLATED(without_files)
ISOLATED(hostile_files)

/* Whoever made a user namespace alone keeps its groups, and is known to. */
static void fixed_groups(void) {
        _cleanup_close_ int fd = -EBADF;
        gid_t one = 0;

        CHECK(!user_groups_are_fixed(0) && !user_groups_are_fixed(getpid()));
        CHECK(user_set_groups(&one, 1, false) >= 0);
        CHECK(unshare(CLONE_NEWUSER) >= 0);
        fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
        CHECK(fd >= 0 && fd_write_all(fd, "deny", 4) >= 0);
        CHECK(user_groups_are_fixed(0) && user_groups_are_fixed(getpid()));
        CHECK(user_set_groups(&one, 1, false) == -EPERM && user_set_groups(&one, 1, true) == 0);
        CHECK(getgroups(0, NULL) == 1);
}

static void test_fixed_groups(void **state) {
        assert_int_equal(run_isolated(fixed_groups), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_without_files),
                cmocka_unit_test(test_hostile_files),
                cmocka_unit_test(test_fixed_groups),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
