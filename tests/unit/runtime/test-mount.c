/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "basic/fd.h"
#include "runtime/bind.h"
#include "runtime/mount.h"

#include "child.h"
#include "test.h"

static int new_tmpfs(void) {
        _cleanup_failure_ Failure failure = {};
        MountOptions options = {};
        int fd = -EBADF;

        CHECK(mount_new("tmpfs", "x", &options, &fd, &failure) >= 0);
        return fd;
}

static void refused_option(void) {
        char bad[] = "mode=nonsense", *data[] = { bad, NULL };
        _cleanup_failure_ Failure failure = {};
        MountOptions options = { .data = data };
        int fd = -EBADF;

        CHECK(mount_new("tmpfs", "x", &options, &fd, &failure) < 0);
        CHECK(strstr(failure.text, "mode=nonsense"));
        CHECK(mount_new("nosuchfs", "x", &(MountOptions){}, &fd, &failure) < 0);
        CHECK(strstr(failure.text, "nosuchfs"));
}

/* Longer than fsconfig(2) takes, with a word that is no text. */
static void by_text(void) {
        char longer[400] = "lowerdir=", flag[] = "sync", *data[] = { longer, flag, NULL };
        MountOptions options = { .data = data,
                                 .attr_set = MOUNT_ATTR_NODEV,
                                 .recursive_set = MOUNT_ATTR_RDONLY };
        _cleanup_close_ int fd = -EBADF, tmpfs = -EBADF;
        _cleanup_failure_ Failure failure = {};
        size_t n = strlen(longer);
        struct statvfs sfs;
        struct stat st;

        for (char c = 'a'; c < 'd'; c++) {
                char name[100];

                memset(name, c, sizeof(name));
                name[sizeof(name) - 1] = 0;
                CHECK(mkdir(name, 0755) >= 0);
                n += (size_t) snprintf(longer + n, sizeof(longer) - n, "%s/mnt/%s", c > 'a' ? ":" : "",
                                       name);
        }
        CHECK(mount_new_by_text("overlay", "overlay", &options, &fd, &failure) >= 0);
        CHECK(fstat(fd, &st) >= 0 && S_ISDIR(st.st_mode));
        CHECK(fstatvfs(fd, &sfs) >= 0 && (sfs.f_flag & ST_RDONLY) && (sfs.f_flag & ST_NODEV));
        /* nothing of the making is left */
        CHECK(access("/m", F_OK) < 0 && access("/mnt", F_OK) >= 0);
        CHECK(mount_new_by_text("tmpfs", "x", &(MountOptions){}, &tmpfs, &failure) >= 0);
        CHECK(mount_new_by_text("nosuchfs", "x", &(MountOptions){}, &tmpfs, &failure) < 0);
        CHECK(strstr(failure.text, "nosuchfs"));
}

/* A link is the place, or leads to it. */
static void link_itself(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY), target = -EBADF, other = -EBADF;
        _cleanup_failure_ Failure failure = {};
        struct stat st;

        CHECK(symlink("nowhere", "link") >= 0);
        CHECK(mount_open_target(root, "/link", MOUNT_TARGET_ITSELF, false, &target, &failure) >= 0);
        CHECK(fstat(target, &st) >= 0 && S_ISLNK(st.st_mode) && access("nowhere", F_OK) < 0);
        CHECK(mount_open_target(root, "/new", MOUNT_TARGET_ITSELF, false, &other, &failure) >= 0);
        CHECK(fstat(other, &st) >= 0 && S_ISREG(st.st_mode));
}

/* Beneath a sysfs that was asked for things can be mounted; a link into it leads nowhere. */
static void beneath_sysfs(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY), target = -EBADF;
        _cleanup_failure_ Failure failure = {};

        CHECK(mkdir("host", 0755) >= 0 && mount("/sys", "host", NULL, MS_BIND | MS_REC, NULL) >= 0);
        CHECK(symlink("/host", "link") >= 0);
        CHECK(mount_open_target(root, "/host/kernel", MOUNT_TARGET_INSIDE, true, &target, &failure) >= 0);
        target = fd_close(target);
        CHECK(mount_open_target(root, "/link/kernel", MOUNT_TARGET_INSIDE, true, &target, &failure) < 0);
        CHECK(failure.kind == FAILURE_SECURITY);
}

static void attach(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY), target = -EBADF, fd = new_tmpfs(),
                            found = -EBADF;
        _cleanup_failure_ Failure failure = {};

        CHECK(mkdirat(fd, "inside", 0755) >= 0);
        CHECK(mount_open_target(root, "/a/b", MOUNT_TARGET_INSIDE, true, &target, &failure) >= 0);
        CHECK(mount_attach(fd, target, root, "/a/b", MOUNT_TARGET_INSIDE, &failure) >= 0);
        found = open("/mnt/a/b/inside", O_PATH);
        CHECK(found >= 0);
}

static void links(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY), target = -EBADF;
        _cleanup_failure_ Failure failure = {};
        struct stat st;

        CHECK(mkdir("real", 0755) >= 0 && symlink("/real", "link") >= 0 && symlink("/etc", "out") >= 0);
        CHECK(mount_open_target(root, "/link/sub", MOUNT_TARGET_INSIDE, true, &target, &failure) >= 0);
        CHECK(stat("real/sub", &st) >= 0 && S_ISDIR(st.st_mode));
        target = fd_close(target);
        CHECK(mount_open_target(root, "/link", MOUNT_TARGET_NO_LINKS, true, &target, &failure) < 0);
        CHECK(failure.kind == FAILURE_SECURITY);
        CHECK(mount_open_target(root, "/link/more", MOUNT_TARGET_NO_LINKS, true, &target, &failure) < 0);
        CHECK(mount_open_target(root, "/out/creel-test", MOUNT_TARGET_INSIDE, false, &target, &failure) >=
              0);
        target = fd_close(target);
        CHECK(stat("/etc/creel-test", &st) < 0 && stat("etc/creel-test", &st) >= 0);
        CHECK(mount_open_target(root, "/../../x/..", MOUNT_TARGET_INSIDE, false, &target, &failure) < 0);
}

/* Links that lead nowhere yet are completed, inside. */
static void completed(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY), target = -EBADF, file = -EBADF,
                            up = -EBADF, loop = -EBADF;
        _cleanup_failure_ Failure failure = {};
        struct stat st;

        CHECK(mkdir("var", 0755) >= 0 && symlink("/run/lock", "var/lock") >= 0 &&
              symlink("../../../creel-up", "var/up") >= 0);
        CHECK(symlink("loop", "loop") >= 0);
        CHECK(mount_open_target(root, "/var/lock", MOUNT_TARGET_INSIDE, true, &target, &failure) >= 0);
        CHECK(stat("run/lock", &st) >= 0 && S_ISDIR(st.st_mode));
        CHECK(mount_open_target(root, "/var/up/x/file", MOUNT_TARGET_INSIDE, false, &file, &failure) >= 0);
        CHECK(stat("creel-up/x/file", &st) >= 0 && S_ISREG(st.st_mode) && stat("/creel-up", &st) < 0);
        CHECK(mount_open_target(root, "/var/up", MOUNT_TARGET_NO_LINKS, true, &up, &failure) < 0);
        CHECK(mount_open_target(root, "/loop/x", MOUNT_TARGET_INSIDE, true, &loop, &failure) < 0);
}

static void files(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY), target = -EBADF;
        _cleanup_failure_ Failure failure = {};
        struct stat st;

        CHECK(mount_open_target(root, "/etc/hosts", MOUNT_TARGET_INSIDE, false, &target, &failure) >= 0);
        CHECK(stat("etc/hosts", &st) >= 0 && S_ISREG(st.st_mode) && st.st_size == 0);
        target = fd_close(target);
        CHECK(mount_open_target(root, "/etc", MOUNT_TARGET_INSIDE, false, &target, &failure) < 0);
        CHECK(failure.kind == FAILURE_INVALID_ARGUMENT);
}

/* Links that lead nowhere yet: the file is made where they lead to, inside. */
static void dangling(void) {
        _cleanup_close_ int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF,
                            absolute = -EBADF, refused = -EBADF;
        _cleanup_failure_ Failure failure = {};

        CHECK(mkdir("etc", 0755) >= 0);
        CHECK(symlink("../../../run/systemd/./resolve/stub", "etc/resolv.conf") >= 0);
        CHECK(symlink("/usr/share/zone", "etc/localtime") >= 0 && symlink("b", "etc/a") >= 0 &&
              symlink("a", "etc/b") >= 0 && symlink("/", "etc/root") >= 0);
        CHECK(mount_open_target(root, "/etc/resolv.conf", MOUNT_TARGET_INSIDE, false, &fd, &failure) >= 0);
        CHECK(access("run/systemd/resolve/stub", F_OK) >= 0);
        CHECK(mount_open_target(root, "/etc/localtime", MOUNT_TARGET_INSIDE, false, &absolute, &failure) >=
              0);
        CHECK(access("usr/share/zone", F_OK) >= 0);
        CHECK(mount_open_target(root, "/etc/a", MOUNT_TARGET_INSIDE, false, &refused, &failure) < 0);
        CHECK(mount_open_target(root, "/etc/root", MOUNT_TARGET_INSIDE, false, &refused, &failure) < 0);
        CHECK(unlink("run/systemd/resolve/stub") >= 0);
        CHECK(mount_open_target(root, "/etc/resolv.conf", MOUNT_TARGET_NO_LINKS, false, &refused, &failure) <
              0);
}

static void bind_options(void) {
        static char source[] = "/mnt/src", destination[] = "/x";
        RuntimeMount m = { .destination = destination,
                           .source = source,
                           .options = { .bind = true, .attr_set = MOUNT_ATTR_RDONLY } };
        _cleanup_close_ int fd = -EBADF, made = -EBADF, source_fd = -EBADF;
        _cleanup_failure_ Failure failure = {};

        CHECK(bind_open(&m, &source_fd, &failure) < 0);
        CHECK(failure.kind == FAILURE_INVALID_ARGUMENT && strstr(failure.text, "/mnt/src"));
        CHECK(mkdir("src", 0755) >= 0);
        CHECK(bind_open(&m, &source_fd, &failure) >= 0);
        CHECK(bind_mount(&m, source_fd, -EBADF, &fd, &failure) >= 0);
        made = openat(fd, "new", O_CREAT | O_WRONLY, 0644);
        CHECK(made < 0 && errno == EROFS);
}

#define ISOLATED(name)                                   \
        static void test_##name(void **state) {          \
                assert_int_equal(run_isolated(name), 0); \
        }
ISOLATED(refused_option)
ISOLATED(attach)
ISOLATED(by_text)
ISOLATED(link_itself)
ISOLATED(beneath_sysfs)
ISOLATED(links)
ISOLATED(completed)
ISOLATED(files)
ISOLATED(dangling)
ISOLATED(bind_options)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused_option), cmocka_unit_test(test_attach),
                cmocka_unit_test(test_links),          cmocka_unit_test(test_files),
                cmocka_unit_test(test_dangling),       cmocka_unit_test(test_bind_options),
                cmocka_unit_test(test_completed),      cmocka_unit_test(test_by_text),
                cmocka_unit_test(test_link_itself),    cmocka_unit_test(test_beneath_sysfs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
