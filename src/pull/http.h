/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "basic/failure.h"
#include "basic/macro.h"

/* What all requests have in common: TLS trust, the protocols that may be spoken, timeouts, and how libcurl's
 * errors read. */

typedef struct Http Http;

/* @plain: http may be spoken besides https. @ca_fd (borrowed, -EBADF: none): PEM certificates trusted
 * besides the system's. */
int http_new(bool plain, int ca_fd, Http **ret, Failure *reterr);
Http *http_free(Http *h);
DEFINE_CLEANUP(Http, http_free)

/* Sets up @easy for one request: everything that an earlier one left behind is reset. @easy must be cleaned
 * up before @h is freed. */
int http_prepare(const Http *h, CURL *easy, const char *url);

/* A body collected in memory, at most @max bytes; more makes libcurl stop with CURLE_WRITE_ERROR and sets
 * @overflow. */
typedef struct HttpBody {
        char *data; /* NUL-terminated besides, once something came */
        size_t n_bytes, n_allocated, max;
        bool overflow;
} HttpBody;

void http_body_done(HttpBody *b);
size_t http_body_write(char *data, size_t size, size_t n, void *body);

/* The value of a header of the last response, or NULL. Valid until the next request. */
const char *http_header(CURL *easy, const char *name);
long http_status(CURL *easy);
/* The answer came from where a redirect led, not from the address that was asked. */
bool http_was_redirected(CURL *easy);

/* Failures that another attempt may mend. */
bool http_code_is_transient(CURLcode code);
bool http_status_is_transient(long status);

/* The failure for @code, naming the registry. */
int http_failure(Failure *reterr, CURLcode code, CURL *easy, const char *registry);
