/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "pull/login.h"

#include "test.h"

#include "canned.h"

#define CHALLENGE(value)                                                                                  \
        "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\nWWW-Authenticate: " value \
        "\r\n\r\n"
#define TOKEN(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

typedef struct Case {
        Http *http;
        Login *login;
        CURL *easy;
        Canned server;
        unsigned generation;
        Failure failure;
} Case;

/* Makes the server answer and asks it once, so that @easy holds its 401. */
static void begin(Case *c, const char *auth, bool plain, const char *const *answers) {
        char url[64];

        *c = (Case) { .easy = curl_easy_init() };
        canned_start(&c->server, answers);
        (void) snprintf(url, sizeof(url), "http://%s/v2/", c->server.host);
        assert_int_equal(http_new(true, -EBADF, &c->http, NULL), 0);
        assert_int_equal(login_new(c->http, "reg.example", "reg.example/x:1", auth, auth ? "anna" : NULL,
                                   "repository:x:pull", plain, &c->login),
                         0);
        assert_null(login_header(c->login, &c->generation));
        assert_int_equal(http_prepare(c->http, c->easy, url), 0);
        assert_int_equal(curl_easy_perform(c->easy), CURLE_OK);
        assert_int_equal(http_status(c->easy), 401);
        (void) canned_request(&c->server);
}

static int answer(Case *c) {
        return login_answer(c->login, c->easy, c->generation, &c->failure);
}

static void end(Case *c) {
        curl_easy_cleanup(c->easy);
        (void) login_free(c->login);
        (void) http_free(c->http);
        failure_done(&c->failure);
        canned_stop(&c->server);
}

static void test_basic(void **state) {
        static const char *const answers[] = { CHALLENGE("Basic realm=\"x\""), NULL };
        unsigned generation;
        Case c;

        begin(&c, "YW5uYTp4", true, answers);
        assert_int_equal(answer(&c), 0);
        assert_string_equal(login_header(c.login, &generation), "Authorization: Basic YW5uYTp4");
        assert_true(generation != c.generation);
        /* A late 401 of a request from before the login asks again at no cost. */
        assert_int_equal(answer(&c), 0);
        /* One from after it means that the password is wrong. */
        c.generation = generation;
        assert_true(answer(&c) < 0);
        assert_int_equal(c.failure.kind, FAILURE_AUTHENTICATION_REQUIRED);
        assert_non_null(strstr(c.failure.text, "anna"));
        end(&c);

        begin(&c, NULL, true, answers);
        assert_true(answer(&c) < 0);
        assert_int_equal(c.failure.kind, FAILURE_AUTHENTICATION_REQUIRED);
        assert_non_null(strstr(c.failure.text, "asks for a login"));
        end(&c);
}

static void test_kinds_that_are_refused(void **state) {
        static const char *const strange[] = { CHALLENGE("Negotiate"), NULL };
        static const char *const plain[] = { CHALLENGE("Bearer realm=\"http://127.0.0.1:1/\""), NULL };
        static const char *const file[] = { CHALLENGE("Bearer realm=\"file:///etc/passwd\""), NULL };
        Case c;

        begin(&c, NULL, true, strange);
        assert_true(answer(&c) < 0);
        assert_int_equal(c.failure.kind, FAILURE_AUTHENTICATION_REQUIRED);
        end(&c);
        begin(&c, "YW5uYTp4", false, plain);
        assert_true(answer(&c) < 0);
        assert_int_equal(c.failure.kind, FAILURE_SECURITY);
        end(&c);
        begin(&c, NULL, true, file);
        assert_true(answer(&c) < 0);
        assert_int_equal(c.failure.kind, FAILURE_REGISTRY);
        end(&c);
}

static void test_bearer(void **state) {
        static const char *const tokens[] = { TOKEN("{\"token\": \"abc.def\"}"), NULL };
        static const char *const bad[] = { TOKEN("{\"token\": \"a b\"}"), NULL };
        _cleanup_free_ char *challenge = NULL, *broken = NULL;
        unsigned generation;
        const char *request;
        Canned server;
        Case c;

        canned_start(&server, tokens);
        assert_int_equal(string_format(&challenge,
                                       CHALLENGE("Bearer realm=\"http://%s/t?a=b\",service=\"r & s\""),
                                       server.host),
                         0);
        begin(&c, "YW5uYTp4", true, (const char *const[]) { challenge, NULL });
        assert_int_equal(answer(&c), 0);
        assert_string_equal(login_header(c.login, &generation), "Authorization: Bearer abc.def");
        request = canned_request(&server);
        assert_non_null(startswith(request,
                                   "GET /t?a=b&service=r+%26+s&scope=repository%3ax%3apull HTTP/1.1\r\n"));
        assert_non_null(strstr(request, "Authorization: Basic YW5uYTp4\r\n"));
        end(&c);
        canned_stop(&server);

        canned_start(&server, bad);
        assert_int_equal(string_format(&broken, CHALLENGE("Bearer realm=\"http://%s/\""), server.host), 0);
        begin(&c, NULL, true, (const char *const[]) { broken, NULL });
        assert_true(answer(&c) < 0);
        assert_int_equal(c.failure.kind, FAILURE_REGISTRY);
        assert_null(login_header(c.login, &generation));
        end(&c);
        canned_stop(&server);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_basic),
                cmocka_unit_test(test_kinds_that_are_refused),
                cmocka_unit_test(test_bearer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
