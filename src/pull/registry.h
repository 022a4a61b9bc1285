/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "pull/http.h"
#include "spec/digest.h"
#include "spec/reference.h"

/* One repository of one registry: addresses, login, and requests for its documents. */

typedef struct Registry Registry;

typedef struct RegistryParameters {
        const Reference *reference; /* borrowed for the life of the registry */
        const char *name;           /* the reference as text, for messages; borrowed too */
        bool plain_http;
        int ca_fd;               /* -EBADF: none */
        const char *credentials; /* auth.json, or NULL */
        size_t n_credentials;
        int wake_fd; /* a pause between two attempts ends when this becomes readable or hangs up */
} RegistryParameters;

int registry_new(const RegistryParameters *p, Registry **ret, Failure *reterr);
Registry *registry_free(Registry *r);
DEFINE_CLEANUP(Registry, registry_free)

const char *registry_host(const Registry *r);

typedef struct RegistryResponse {
        long status;
        HttpBody body;
        char *content_type; /* NULL: not told */
        char *digest;       /* Docker-Content-Digest, as it came; NULL: not told */
} RegistryResponse;

void registry_response_done(RegistryResponse *p);
#define _cleanup_registry_response_ _cleanup_(registry_response_done)

/* GET or HEAD of @path beneath the repository ("manifests/latest"), logging in where asked to, trying again
 * what is worth it. Bodies beyond @max_bytes are refused. Statuses other than 401 are the caller's to judge.
 */
int registry_request(Registry *r, bool head, const char *path, size_t max_bytes, RegistryResponse *ret,
                     Failure *reterr);

/* The failure for a response that is not what was asked for. @what names the thing: "manifest", "layer
 * 0123". */
int registry_status_failure(const Registry *r, long status, const char *body, size_t n_bytes,
                            const char *what, Failure *reterr);

/* For requests that the caller runs himself: prepares @easy for @path with the present login; *ret_headers
 * must live as long as the request. *ret_login names the login that was used. */
int registry_prepare(Registry *r, CURL *easy, const char *path, struct curl_slist **ret_headers,
                     unsigned *ret_login);
/* Answers the 401 that @easy got with login @login: afterwards it is worth asking again. Blocks while a
 * token is fetched. */
int registry_login(Registry *r, CURL *easy, unsigned login, Failure *reterr);

/* How long to wait before attempt @attempt (from 1 on), with jitter. @easy: a response that may carry
 * Retry-After, or NULL. -ETIME: longer than makes sense. */
int registry_backoff_usec(CURL *easy, unsigned attempt, uint64_t *ret_usec);
