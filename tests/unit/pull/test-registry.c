/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "pull/registry.h"

#include "test.h"

#include "canned.h"

typedef struct Case {
        Canned server;
        Reference reference;
        Registry *registry;
        Failure failure;
        RegistryResponse response;
        int wake[2];
} Case;

static void begin(Case *c, const char *const *answers) {
        RegistryParameters p = { .name = "the image", .plain_http = true, .ca_fd = -EBADF };
        char text[64];

        *c = (Case) {};
        canned_start(&c->server, answers);
        (void) snprintf(text, sizeof(text), "%s/team/app:1", c->server.host);
        assert_int_equal(reference_parse(text, &c->reference, NULL), 0);
        assert_int_equal(pipe2(c->wake, O_CLOEXEC), 0);
        p.reference = &c->reference;
        p.wake_fd = c->wake[0];
        assert_int_equal(registry_new(&p, &c->registry, &c->failure), 0);
        assert_string_equal(registry_host(c->registry), c->server.host);
}

static int request(Case *c, bool head, size_t max) {
        return registry_request(c->registry, head, "manifests/1", max, &c->response, &c->failure);
}

static void end(Case *c) {
        registry_response_done(&c->response);
        (void) registry_free(c->registry);
        reference_done(&c->reference);
        failure_done(&c->failure);
        (void) fd_close(c->wake[0]);
        (void) fd_close(c->wake[1]);
        canned_stop(&c->server);
}

static void test_document(void **state) {
        static const char *const answers[] = {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: a/b\r\nDocker-Content-Digest: "
                "sha256:x\r\nContent-Length: 2\r\n\r\n{}",
                NULL
        };
        const char *asked;
        Case c;

        begin(&c, answers);
        assert_int_equal(request(&c, false, 10), 0);
        assert_int_equal(c.response.status, 200);
        assert_string_equal(c.response.content_type, "a/b");
        assert_string_equal(c.response.digest, "sha256:x");
        assert_string_equal(c.response.body.data, "{}");
        asked = canned_request(&c.server);
        assert_non_null(startswith(asked, "GET /v2/team/app/manifests/1 HTTP/1.1\r\n"));
        assert_non_null(strstr(asked, "application/vnd.oci.image.index.v1+json"));
        assert_null(strstr(asked, "Authorization"));
        end(&c);
}

static void test_busy_then_well(void **state) {
        static const char *const answers[] = {
                "HTTP/1.1 429 Too Many\r\nConnection: close\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 503 Busy\r\nConnection: close\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", NULL
        };
        Case c;

        begin(&c, answers);
        assert_int_equal(request(&c, true, 10), 0);
        assert_int_equal(c.response.status, 200);
        assert_non_null(startswith(canned_request(&c.server), "HEAD "));
        end(&c);
}

static void test_cancelled_while_waiting(void **state) {
        static const char *const answers[] = {
                "HTTP/1.1 503 Busy\r\nConnection: close\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n",
                NULL
        };
        Case c;

        begin(&c, answers);
        c.wake[1] = fd_close(c.wake[1]);
        assert_true(request(&c, false, 10) < 0);
        assert_int_equal(c.failure.kind, FAILURE_CANCELLED);
        end(&c);
}

static void test_too_long(void **state) {
        static const char *const answers[] = { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345678901",
                                               NULL };
        Case c;

        begin(&c, answers);
        assert_true(request(&c, false, 10) < 0);
        assert_int_equal(c.failure.kind, FAILURE_REGISTRY);
        assert_non_null(strstr(c.failure.text, "the image"));
        end(&c);
}

static void test_statuses(void **state) {
        static const char *const none[] = { NULL };
        static const struct {
                long status;
                const char *what;
                FailureKind kind;
        } cases[] = {
                { 404, "manifest", FAILURE_NO_SUCH_IMAGE },
                { 404, "layer x", FAILURE_REGISTRY },
                { 401, "manifest", FAILURE_AUTHENTICATION_REQUIRED },
                { 403, "layer x", FAILURE_AUTHENTICATION_REQUIRED },
                { 429, "manifest", FAILURE_REGISTRY },
                { 500, "manifest", FAILURE_REGISTRY },
        };
        const char *body = "{\"errors\":[{\"code\":\"SOME_REASON\"}]}";
        Case c;

        begin(&c, none);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_true(registry_status_failure(c.registry, cases[i].status, body, strlen(body),
                                                    cases[i].what, &c.failure) < 0);
                assert_int_equal(c.failure.kind, cases[i].kind);
                assert_non_null(strstr(c.failure.text, "the image"));
                assert_non_null(strstr(c.failure.text, "some reason"));
        }
        end(&c);
}

static void test_backoff_grows(void **state) {
        uint64_t first, fourth;

        assert_int_equal(registry_backoff_usec(NULL, 1, &first), 0);
        assert_int_equal(registry_backoff_usec(NULL, 4, &fourth), 0);
        assert_in_range(first, 250 * USEC_PER_MSEC, 313 * USEC_PER_MSEC);
        assert_in_range(fourth, 2000 * USEC_PER_MSEC, 2500 * USEC_PER_MSEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_document),
                cmocka_unit_test(test_busy_then_well),
                cmocka_unit_test(test_cancelled_while_waiting),
                cmocka_unit_test(test_too_long),
                cmocka_unit_test(test_statuses),
                cmocka_unit_test(test_backoff_grows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
