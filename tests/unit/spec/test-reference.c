/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/reference.h"

#include "test.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA "@sha256:" HEX

static void test_good(void **state) {
        static const struct {
                const char *s, *full, *brief;
        } cases[] = {
                { "busybox", "docker.io/library/busybox:latest", "busybox:latest" },
                { "busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36" },
                { "team/app", "docker.io/team/app:latest", "team/app:latest" },
                { "docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
                { "index.docker.io/team/app:1", "docker.io/team/app:1", "team/app:1" },
                { "docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest" },
                { "docker.io/foo.bar/x", "docker.io/foo.bar/x:latest", "docker.io/foo.bar/x:latest" },
                { "docker.io/localhost/x", "docker.io/localhost/x:latest", "docker.io/localhost/x:latest" },
                { "localhost/x", "localhost/x:latest", "localhost/x:latest" },
                { "localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000/x:y" },
                { "localhost:5000", "docker.io/library/localhost:5000", "localhost:5000" },
                { "[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest" },
                { "127.0.0.1:5000/a/b/c:t", "127.0.0.1:5000/a/b/c:t", "127.0.0.1:5000/a/b/c:t" },
                { "quay.io/a-b/c__d.e---f", "quay.io/a-b/c__d.e---f:latest",
                  "quay.io/a-b/c__d.e---f:latest" },
                { "busybox" SHA, "docker.io/library/busybox" SHA, "busybox" SHA },
                { "quay.io/x/y:t" SHA, "quay.io/x/y:t" SHA, "quay.io/x/y:t" SHA },
                { "docker.io/library/" HEX, "docker.io/library/" HEX ":latest", "library/" HEX ":latest" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *full = NULL, *brief = NULL, *again = NULL;
                Reference r, s;

                assert_int_equal(reference_parse(cases[i].s, &r, NULL), 0);
                assert_int_equal(reference_format(&r, &full), 0);
                assert_string_equal(full, cases[i].full);
                assert_int_equal(reference_format_short(&r, &brief), 0);
                assert_string_equal(brief, cases[i].brief);
                reference_done(&r);

                /* The short form means the same. */
                assert_int_equal(reference_parse(brief, &s, NULL), 0);
                assert_int_equal(reference_format(&s, &again), 0);
                assert_string_equal(again, full);
                reference_done(&s);
        }
}

static void test_bad(void **state) {
        static const struct {
                const char *s, *part;
        } cases[] = {
                { "", "no name" },
                { ":tag", "no name" },
                { SHA, "no name" },
                { "Busybox", "lower-case" },
                { "a//b", "lower-case" },
                { "/a", "lower-case" },
                { "a/", "lower-case" },
                { "a/../b", "lower-case" },
                { "a___b", "lower-case" },
                { "a._b", "lower-case" },
                { "-a", "lower-case" },
                { "a b", "lower-case" },
                { "a\nb", "lower-case" },
                { "localhost:5000/", "lower-case" },
                { "a:", "tag" },
                { "a:.x", "tag" },
                { "a:x:y", "tag" },
                { "a:x/y", "registry" },
                { "a:0/y", "registry" },
                { "a:65536/y", "registry" },
                { "a..b/y", "registry" },
                { "-a.b/y", "registry" },
                { "[::g]:1/y", "registry" },
                { "[::1/y", "registry" },
                { "[::1]x:1/y", "registry" },
                { "a@sha256:12", "sha256:" },
                { "a@sha512:12", "only sha256" },
                { "a@" HEX, "sha256:" },
                { HEX, "id" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *message = NULL;
                Reference r;

                assert_int_equal(reference_parse(cases[i].s, &r, &message), -EINVAL);
                assert_non_null(message);
                assert_non_null(strstr(message, cases[i].part));
        }
}

static void test_lengths(void **state) {
        char name[400], tag[200];
        Reference r;

        memset(name, 'a', sizeof(name));
        name[REFERENCE_NAME_MAX - strlen("docker.io/library/")] = 0;
        assert_int_equal(reference_parse(name, &r, NULL), 0);
        reference_done(&r);
        name[REFERENCE_NAME_MAX - strlen("docker.io/library/")] = 'a';
        name[REFERENCE_NAME_MAX - strlen("docker.io/library/") + 1] = 0;
        assert_int_equal(reference_parse(name, &r, NULL), -EINVAL);

        memset(tag, 't', sizeof(tag));
        memcpy(tag, "a:", 2);
        tag[2 + 128] = 0;
        assert_int_equal(reference_parse(tag, &r, NULL), 0);
        reference_done(&r);
        tag[2 + 128] = 't';
        tag[2 + 129] = 0;
        assert_int_equal(reference_parse(tag, &r, NULL), -EINVAL);
}

static void test_loopback(void **state) {
        static const char *const yes[] = { "localhost",    "localhost:5000", "127.0.0.1",
                                           "127.8.9.1:80", "[::1]",          "[::1]:5000" };
        static const char *const no[] = { "docker.io",
                                          "localhost.example.org",
                                          "127.0.0.1.example.org",
                                          "128.0.0.1",
                                          "[::2]:1",
                                          "[::1",
                                          "127" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                assert_true(reference_registry_is_loopback(yes[i]));
        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                assert_false(reference_registry_is_loopback(no[i]));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_loopback),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
