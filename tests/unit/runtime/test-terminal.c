/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "runtime/mount.h"
#include "runtime/terminal.h"

#include "child.h"
#include "test.h"

static int new_devpts(void) {
        char mode[] = "ptmxmode=0666", *data[] = { mode, NULL };
        MountOptions options = { .data = data };
        _cleanup_failure_ Failure failure = {};
        int fd = -EBADF;

        CHECK(mount_new("devpts", "devpts", &options, &fd, &failure) >= 0);
        CHECK(mkdir("dev", 0755) >= 0 && mkdir("dev/pts", 0755) >= 0);
        CHECK(move_mount(fd, "", AT_FDCWD, "dev/pts", MOVE_MOUNT_F_EMPTY_PATH) >= 0);
        return fd;
}

static void pair(void) {
        _cleanup_close_ int devpts = new_devpts(), master = -EBADF, peer = -EBADF,
                            root = open(".", O_PATH | O_DIRECTORY);
        _cleanup_failure_ Failure failure = {};
        struct stat st, console;
        struct winsize ws;

        CHECK(terminal_open(devpts, 1000, 80, 24, &master, &peer, &failure) >= 0);
        CHECK(fstat(peer, &st) >= 0 && st.st_uid == 1000 && S_ISCHR(st.st_mode));
        CHECK(ioctl(peer, TIOCGWINSZ, &ws) >= 0 && ws.ws_col == 80 && ws.ws_row == 24);
        CHECK(terminal_bind_console(peer, root, &failure) >= 0);
        CHECK(stat("dev/console", &console) >= 0 && console.st_rdev == st.st_rdev &&
              console.st_dev == st.st_dev);
        CHECK(setsid() >= 0 && terminal_take(peer) >= 0 && isatty(0) && isatty(1) && isatty(2));
        CHECK(open("/dev/tty", O_RDWR) >= 0);
        _exit(0); /* with the master gone, SIGHUP would come */
}

static void not_devpts(void) {
        _cleanup_close_ int fd = open(".", O_PATH | O_DIRECTORY);
        _cleanup_failure_ Failure failure = {};
        int master = -EBADF, peer = -EBADF;

        CHECK(symlink("/dev/ptmx", "ptmx") >= 0);
        CHECK(terminal_open(fd, 0, 0, 0, &master, &peer, &failure) < 0);
        CHECK(unlink("ptmx") >= 0 && open("ptmx", O_CREAT | O_RDWR, 0666) >= 0);
        CHECK(terminal_open(fd, 0, 0, 0, &master, &peer, &failure) < 0);
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(pair)
ISOLATED(not_devpts)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pair),
                cmocka_unit_test(test_not_devpts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
