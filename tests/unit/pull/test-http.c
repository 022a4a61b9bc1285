/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "pull/http.h"

#include "test.h"

#include "canned.h"

static void test_body_is_bounded(void **state) {
        HttpBody b = { .max = 5 };
        char data[] = "abcdef";

        assert_int_equal(http_body_write(data, 1, 3, &b), 3);
        assert_int_equal(http_body_write(data + 3, 1, 2, &b), 2);
        assert_string_equal(b.data, "abcde");
        assert_false(b.overflow);
        assert_int_equal(http_body_write(data, 1, 1, &b), 0);
        assert_true(b.overflow);
        http_body_done(&b);
        assert_int_equal(b.max, 5);
        assert_int_equal(b.n_bytes, 0);
        assert_false(b.overflow);
}

static void test_what_is_worth_another_attempt(void **state) {
        assert_true(http_status_is_transient(429));
        assert_true(http_status_is_transient(503));
        assert_false(http_status_is_transient(404));
        assert_false(http_status_is_transient(501));
        assert_true(http_code_is_transient(CURLE_RECV_ERROR));
        assert_false(http_code_is_transient(CURLE_COULDNT_CONNECT));
        assert_false(http_code_is_transient(CURLE_PEER_FAILED_VERIFICATION));
}

static void test_request(void **state) {
        static const char *const answers[] = {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\nX-Thing: one\r\n\r\nhi", NULL
        };
        _cleanup_(http_freep) Http *h = NULL;
        HttpBody body = { .max = 100 };
        CURL *easy = curl_easy_init();
        char url[64];
        Canned c;

        assert_non_null(easy);
        canned_start(&c, answers);
        (void) snprintf(url, sizeof(url), "http://%s/x", c.host);

        /* Only https, unless told otherwise. */
        assert_int_equal(http_new(false, -EBADF, &h, NULL), 0);
        assert_int_equal(http_prepare(h, easy, url), 0);
        assert_int_equal(curl_easy_perform(easy), CURLE_UNSUPPORTED_PROTOCOL);
        curl_easy_cleanup(easy);
        h = http_free(h);
        easy = curl_easy_init();
        assert_non_null(easy);

        assert_int_equal(http_new(true, -EBADF, &h, NULL), 0);
        assert_int_equal(http_prepare(h, easy, url), 0);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_body_write);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
        assert_int_equal(curl_easy_perform(easy), CURLE_OK);
        assert_int_equal(http_status(easy), 200);
        assert_string_equal(http_header(easy, "x-thing"), "one");
        assert_null(http_header(easy, "X-Other"));
        assert_false(http_was_redirected(easy));
        assert_string_equal(body.data, "hi");
        assert_non_null(strstr(canned_request(&c), "User-Agent: creel/"));

        canned_stop(&c);
        curl_easy_cleanup(easy);
        http_body_done(&body);
}

static void test_failures_name_the_registry(void **state) {
        static const CURLcode codes[] = { CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
                                          CURLE_OPERATION_TIMEDOUT,   CURLE_PEER_FAILED_VERIFICATION,
                                          CURLE_SSL_CONNECT_ERROR,    CURLE_SSL_CACERT_BADFILE,
                                          CURLE_TOO_MANY_REDIRECTS,   CURLE_UNSUPPORTED_PROTOCOL,
                                          CURLE_WEIRD_SERVER_REPLY,   CURLE_RECV_ERROR };
        CURL *easy = curl_easy_init();

        for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
                _cleanup_failure_ Failure f = {};

                assert_true(http_failure(&f, codes[i], easy, "r.example:5000") < 0);
                assert_non_null(strstr(f.text, "r.example:5000"));
        }
        assert_int_equal(http_failure(NULL, CURLE_OUT_OF_MEMORY, easy, "x"), -ENOMEM);
        curl_easy_cleanup(easy);
}

static void test_ca(void **state) {
        _cleanup_close_ int fd = memfd_create("ca", MFD_CLOEXEC),
                            directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(http_freep) Http *h = NULL;
        _cleanup_failure_ Failure f = {};

        assert_int_equal(fd_write_all(fd, "x", 1), 0);
        assert_int_equal(http_new(false, fd, &h, &f), 0);
        h = http_free(h);
        assert_true(http_new(false, directory, &h, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_body_is_bounded),
                cmocka_unit_test(test_what_is_worth_another_attempt),
                cmocka_unit_test(test_request),
                cmocka_unit_test(test_failures_name_the_registry),
                cmocka_unit_test(test_ca),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
