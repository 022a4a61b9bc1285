/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "ctl/describe.h"
#include "ctl/table.h"
#include "test.h"

#define NOW (1000 * USEC_PER_SEC)
#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_id(void **state) {
        char buf[80];

        assert_string_equal(describe_id(buf, sizeof(buf), ID64, false), "0123456789ab");
        assert_string_equal(describe_id(buf, sizeof(buf), "sha256:" ID64, false), "0123456789ab");
        assert_string_equal(describe_id(buf, sizeof(buf), "sha256:" ID64, true), ID64);
        assert_string_equal(describe_id(buf, sizeof(buf), NULL, true), "");
}

static const char *health;

static void expect_status(const char *status, uint64_t since_usec, int exit_code, const char *want) {
        const ContainerInfo info = { .state = (char *) status,
                                     .started_usec = since_usec,
                                     .finished_usec = since_usec,
                                     .health = (char *) health,
                                     .exit_code = exit_code };
        char buf[128];

        assert_string_equal(describe_status(buf, sizeof(buf), &info, NOW), want);
}

static void test_status(void **state) {
        expect_status("running", NOW - 300 * USEC_PER_SEC, -1, "Up 5 minutes");
        expect_status("running", NOW, -1, "Up less than a second");
        expect_status("paused", NOW - USEC_PER_SEC, -1, "Up 1 second (Paused)");
        expect_status("stopped", NOW - 120 * USEC_PER_SEC, 137, "Exited (137) 2 minutes ago");
        expect_status("stopped", NOW, 0, "Exited (0) just now");
        expect_status("dead", NOW, 1, "Dead (1) just now");
        health = "healthy";
        expect_status("running", NOW - 300 * USEC_PER_SEC, -1, "Up 5 minutes (healthy)");
        expect_status("paused", NOW - USEC_PER_SEC, -1, "Up 1 second (healthy) (Paused)");
        health = NULL;
        expect_status("created", 0, -1, "Created");
        expect_status("restarting", NOW - 2 * USEC_PER_SEC, 1, "Restarting (1) 2 seconds ago");
}

static void expect_command(char *const *command, size_t max, const char *want) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(describe_command(command, max, &text), 0);
        assert_string_equal(text, want);
}

static void test_command(void **state) {
        expect_command((char *[]){ (char *) "sh", (char *) "-c", (char *) "echo \"$x\"", (char *) "", NULL },
                       0, "sh -c \"echo \\\"\\$x\\\"\" \"\"");
        expect_command(NULL, 0, "");
        expect_command((char *[]){ (char *) "0123456789", NULL }, 10, "0123456789");
        expect_command((char *[]){ (char *) "01234567890", NULL }, 10, "0123456...");
        expect_command((char *[]){ (char *) "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", NULL }, 5,
                       "\xc3\xa4\xc3\xa4...");
        expect_command((char *[]){ (char *) "a\nb", NULL }, 0, "\"a b\"");
}

static void expect_split(const char *reference, const char *repository, const char *tag) {
        _cleanup_free_ char *r = NULL;
        const char *t = NULL;

        assert_int_equal(describe_split_tag(reference, &r, &t), 0);
        assert_string_equal(r, repository);
        if (tag)
                assert_string_equal(t, tag);
        else
                assert_null(t);
}

static void test_split(void **state) {
        expect_split("docker.io/library/busybox:1.36", "docker.io/library/busybox", "1.36");
        expect_split("localhost:5000/x", "localhost:5000/x", NULL);
        expect_split("localhost:5000/x:v1", "localhost:5000/x", "v1");
        expect_split("localhost:5000/x@sha256:00", "localhost:5000/x", NULL);
        expect_split("localhost:5000/x:v1@sha256:00", "localhost:5000/x", NULL);
        expect_split("busybox:latest", "busybox", "latest");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_id),
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_command),
                cmocka_unit_test(test_split),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
