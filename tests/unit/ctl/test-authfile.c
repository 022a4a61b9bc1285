/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/authfile.h"
#include "test.h"

static char directory[] = "/tmp/test-authfile-XXXXXX";
static char home[64], config[64], docker[64], runtime[64], given[64];

static void write_file(const char *below, const char *content) {
        _cleanup_close_ int fd = open(directory, O_DIRECTORY | O_CLOEXEC);
        const char *slash = strrchr(below, '/');

        for (const char *p = strchr(below, '/'); p; p = p == slash ? NULL : strchr(p + 1, '/')) {
                _cleanup_free_ char *part = strndup(below, (size_t) (p - below));

                assert_true(mkdirat(fd, part, 0700) == 0 || errno == EEXIST);
        }
        if (slash) {
                _cleanup_free_ char *parent = strndup(below, (size_t) (slash - below));
                int inner = openat(fd, parent, O_DIRECTORY | O_CLOEXEC);

                assert_true(inner >= 0);
                (void) fd_close(fd);
                fd = inner;
                below = slash + 1;
        }
        assert_int_equal(file_write_atomic(fd, below, content, strlen(content), 0600, 0), 0);
}

static void expect(const char *path, const char *want) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *text = NULL;

        assert_int_equal(authfile_open(path, &fd, &f), 0);
        assert_null(f.text);
        if (!want) {
                assert_true(fd < 0);
                return;
        }
        assert_true(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE);
        assert_int_equal(fd_read_file(fd, 4096, &text, NULL), 0);
        assert_string_equal(text, want);
}

static int setup(void **state) {
        assert_non_null(mkdtemp(directory));
        (void) snprintf(home, sizeof(home), "HOME=%s/home", directory);
        (void) snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s/config", directory);
        (void) snprintf(docker, sizeof(docker), "DOCKER_CONFIG=%s/docker", directory);
        (void) snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=%s/run", directory);
        (void) snprintf(given, sizeof(given), "REGISTRY_AUTH_FILE=%s/given.json", directory);
        return 0;
}

static int teardown(void **state) {
        static const char *const names[] = { "given.json",
                                             "run/containers/auth.json",
                                             "home/.config/containers/auth.json",
                                             "home/.docker/config.json",
                                             "config/containers/auth.json",
                                             "docker/config.json",
                                             "run/containers",
                                             "run",
                                             "home/.config/containers",
                                             "home/.config",
                                             "home/.docker",
                                             "home",
                                             "config/containers",
                                             "config",
                                             "docker" };
        _cleanup_close_ int fd = open(directory, O_DIRECTORY | O_CLOEXEC);

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (unlinkat(fd, names[i], 0) < 0)
                        (void) unlinkat(fd, names[i], AT_REMOVEDIR);
        (void) rmdir(directory);
        return 0;
}

/* From the last place to the first: each is preferred to those before. */
static void test_places(void **state) {
        static char *at_home[] = { home, NULL }, *everywhere[] = { home, config, docker, runtime, NULL },
                    *variable[] = { home, runtime, given, NULL };
        _cleanup_free_ char *path = NULL;

        environ = (char *[]){ NULL };
        expect(NULL, NULL);
        environ = at_home;
        expect(NULL, NULL);
        write_file("home/.docker/config.json", "1");
        expect(NULL, "1");
        write_file("home/.config/containers/auth.json", "2");
        expect(NULL, "2");
        environ = everywhere;
        expect(NULL, NULL);
        write_file("docker/config.json", "3");
        expect(NULL, "3");
        write_file("config/containers/auth.json", "4");
        expect(NULL, "4");
        write_file("run/containers/auth.json", "5");
        expect(NULL, "5");
        environ = variable;
        write_file("given.json", "6");
        expect(NULL, "6");
        assert_int_equal(string_format(&path, "%s/docker/config.json", directory), 0);
        expect(path, "3");
}

static void test_refused(void **state) {
        _cleanup_failure_ Failure f = {};
        int fd = -EBADF;

        assert_int_equal(authfile_open("/nonexistent/auth.json", &fd, &f), -ENOENT);
        assert_non_null(strstr(f.text, "/nonexistent/auth.json"));
        assert_true(authfile_seal("/dev", "CA file", &fd, &f) < 0);
        assert_non_null(strstr(f.text, "CA file '/dev'"));
        assert_int_equal(fd, -EBADF);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
