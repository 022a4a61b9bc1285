/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/fill-lock.h"

#include "test.h"
#include "tmpdir.h"

static bool is_free(const TmpDir *d, const char *name) {
        _cleanup_close_ int fd = openat(d->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return flock(fd, LOCK_EX | LOCK_NB) >= 0;
}

/* The empty one is kept until it is let go; the full one, one that is not filled, and one that is missing
 * are not. */
static void test_take(void **state) {
        static const char *const names[] = { "empty", "full", "plain", "absent" };
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        RuntimeMount mounts[ELEMENTSOF(names)] = {};
        const RuntimeSpec spec = { .mounts = mounts, .n_mounts = ELEMENTSOF(mounts) };
        FillLock lock = {};

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                mounts[i].options.bind = true;
                mounts[i].fill = !streq(names[i], "plain");
                assert_true(string_format(&mounts[i].source, "%s/%s/data", d.path, names[i]) >= 0);
                if (streq(names[i], "absent"))
                        continue;
                assert_int_equal(mkdirat(d.fd, names[i], 0755), 0);
                assert_int_equal(mkdir(mounts[i].source, 0755), 0);
        }
        tmpdir_write(d.fd, "full/data/file", "text");

        assert_int_equal(fill_lock_take(&spec, &lock), 0);
        assert_int_equal(lock.n, 1);
        assert_false(is_free(&d, "empty"));
        assert_true(is_free(&d, "full"));
        assert_true(is_free(&d, "plain"));
        fill_lock_release(&lock);
        assert_true(is_free(&d, "empty"));

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                free(mounts[i].source);
}

/* Who comes second waits, and then finds nothing to do. */
static void test_wait(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        char source[96];
        RuntimeMount mount = { .options.bind = true, .fill = true, .source = source };
        const RuntimeSpec spec = { .mounts = &mount, .n_mounts = 1 };
        FillLock lock = {};
        int fd, pipe[2], status = 0;
        pid_t pid;
        char byte;

        (void) snprintf(source, sizeof(source), "%s/data", d.path);
        assert_int_equal(mkdir(source, 0755), 0);
        fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                if (write(pipe[1], "", 1) != 1 || fill_lock_take(&spec, &lock) < 0)
                        _exit(EXIT_FAILURE);
                _exit(lock.n > 0 || faccessat(d.fd, "data/file", F_OK, 0) < 0);
        }
        assert_int_equal(read(pipe[0], &byte, 1), 1);
        tmpdir_write(d.fd, "data/file", "text");
        assert_int_equal(flock(fd, LOCK_UN), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        (void) close(fd);
        (void) close(pipe[0]);
        (void) close(pipe[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_take),
                cmocka_unit_test(test_wait),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
