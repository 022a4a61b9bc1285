/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "runtime/account.h"

#include "child.h"
#include "test.h"

static void put(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) >= 0);
}

static void expect(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *found = NULL;

        CHECK(fd >= 0 && fd_read_file(fd, 10000, &found, NULL) >= 0);
        CHECK(strcmp(found, text) == 0);
}

static int make_root(void) {
        static const char passwd[] = "root:x:0:0:root:/root:/bin/sh", group[] = "root:x:0:\nwheel:x:10:\n";

        CHECK(mkdir("etc", 0755) >= 0 && mkdir("dev", 0755) >= 0);
        put("etc/passwd", passwd);
        put("etc/group", group);
        return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void lines(void) {
        static const struct {
                const char *username, *template, *passwd, *group;
        } rows[] = {
                { "1000", NULL, "1000:*:1000:5:container user:/srv:/bin/sh", "1000:x:1000:1000" },
                { "1000:10", NULL, "1000:*:1000:5:container user:/srv:/bin/sh", NULL },
                { "root:77", NULL, NULL, "77:x:77:root" },
                { "0", NULL, NULL, NULL },
                { "root", NULL, NULL, NULL },
                { "1000:wheel", "$USERNAME-$UID-$GID-$NAME-$HOME$X", "1000-1000-5-container user-/srv$X",
                  NULL },
        };
        int root = make_root();

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *passwd = NULL, *group = NULL;
                const User u = { .uid = 1000, .gid = 5 };

                CHECK(account_passwd_line(root, rows[i].username, &u, "/srv", rows[i].template, &passwd) >=
                      0);
                CHECK(account_group_line(root, rows[i].username, NULL, &group) >= 0);
                CHECK(!passwd == !rows[i].passwd && (!passwd || strcmp(passwd, rows[i].passwd) == 0));
                CHECK(!group == !rows[i].group && (!group || strcmp(group, rows[i].group) == 0));
        }
}

static void completes(void) {
        static char username[] = "1000", cwd[] = "/srv";
        RuntimeSpec spec = { .accounts = true, .process = { .username = username, .cwd = cwd } };
        int root = make_root(), scratch = open("dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
        User u = { .uid = 1000 };
        _cleanup_failure_ Failure failure = {};

        CHECK(mount("dev", "dev", NULL, MS_BIND, NULL) >= 0);
        (void) close(scratch);
        scratch = open("dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK(unlink("etc/group") >= 0);
        CHECK(account_complete(&spec, root, scratch, &u, &failure) >= 0);
        CHECK(fchdir(root) >= 0);
        expect("etc/passwd",
               "root:x:0:0:root:/root:/bin/sh\n1000:*:1000:0:container user:/srv:/bin/sh\n");
        CHECK(strcmp(u.home, "/srv") == 0);
        /* a file that the image does not have is not made */
        CHECK(access("etc/group", F_OK) < 0);
        user_done(&u);
}

static void leaves_mounts_alone(void) {
        static char username[] = "1000", cwd[] = "/", destination[] = "/etc/passwd";
        RuntimeMount m = { .destination = destination };
        RuntimeSpec spec = { .accounts = true,
                             .mounts = &m,
                             .n_mounts = 1,
                             .process = { .username = username, .cwd = cwd } };
        int root = make_root();
        User u = { .uid = 1000 };
        _cleanup_failure_ Failure failure = {};

        CHECK(unlink("etc/group") >= 0);
        CHECK(account_complete(&spec, root, -1, &u, &failure) >= 0);
        expect("etc/passwd", "root:x:0:0:root:/root:/bin/sh");
        user_done(&u);
}

#define ISOLATED(name)                                   \
        static void test_##name(void **state) {          \
                assert_int_equal(run_isolated(name), 0); \
        }
ISOLATED(lines)
ISOLATED(completes)
ISOLATED(leaves_mounts_alone)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_completes),
                cmocka_unit_test(test_leaves_mounts_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
