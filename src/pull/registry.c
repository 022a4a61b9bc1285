/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <sys/random.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "pull/credentials.h"
#include "pull/error-body.h"
#include "pull/login.h"
#include "pull/registry.h"
#include "spec/manifest.h"

#define ATTEMPTS_MAX 5
#define LOGINS_MAX 2
#define DOCUMENT_TIMEOUT_SEC 120L
#define BACKOFF_FIRST_USEC (250 * USEC_PER_MSEC)
#define BACKOFF_BUSY_USEC USEC_PER_SEC /* where the registry said that it is busy */
#define BACKOFF_MAX_SEC 120

struct Registry {
        const Reference *reference;
        const char *name;
        const char *host; /* as people know it */
        char *base;       /* https://host/v2/repository */
        Http *http;
        CURL *easy;
        Login *login;
        int wake_fd;
};

static const char accept_header[] = "Accept: " MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_LIST
                                    ", " MEDIA_DOCKER_MANIFEST ", */*";

Registry *registry_free(Registry *r) {
        if (!r)
                return NULL;
        curl_easy_cleanup(r->easy);
        (void) login_free(r->login);
        (void) http_free(r->http);
        free(r->base);
        return mfree(r);
}

const char *registry_host(const Registry *r) {
        return r->host;
}

static int registry_add_login(Registry *r, const RegistryParameters *p, Failure *reterr) {
        _cleanup_free_ char *auth = NULL, *user = NULL, *scope = NULL;
        int q = -ENOENT;

        if (p->credentials)
                q = credentials_find(p->credentials, p->n_credentials, r->host, p->reference->repository,
                                     &auth, &user);
        if (q < 0 && q != -ENOENT)
                return q == -ENOMEM ? q
                                    : failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                                  "%s: the given credentials cannot be read; they must be "
                                                  "an auth.json document as 'podman login' writes it",
                                                  r->name);
        q = string_format(&scope, "repository:%s:pull", p->reference->repository);
        if (q < 0)
                return q;
        return login_new(r->http, r->host, r->name, auth, user, scope, p->plain_http, &r->login);
}

int registry_new(const RegistryParameters *p, Registry **ret, Failure *reterr) {
        _cleanup_(registry_freep) Registry *r = new0(Registry, 1);
        const char *address;
        int q;

        if (!r)
                return -ENOMEM;
        r->reference = p->reference;
        r->name = p->name;
        r->host = p->reference->registry;
        r->wake_fd = p->wake_fd;
        /* Docker Hub answers under another name than its images carry. */
        address = streq(r->host, "docker.io") ? "registry-1.docker.io" : r->host;
        r->easy = curl_easy_init();
        if (!r->easy)
                return -ENOMEM;
        q = string_format(&r->base, "%s://%s/v2/%s", p->plain_http ? "http" : "https", address,
                          p->reference->repository);
        if (q >= 0)
                q = http_new(p->plain_http, p->ca_fd, &r->http, reterr);
        if (q >= 0)
                q = registry_add_login(r, p, reterr);
        if (q < 0)
                return q;
        *ret = TAKE_PTR(r);
        return 0;
}

void registry_response_done(RegistryResponse *p) {
        http_body_done(&p->body);
        p->content_type = mfree(p->content_type);
        p->digest = mfree(p->digest);
}

int registry_prepare(Registry *r, CURL *easy, const char *path, struct curl_slist **ret_headers,
                     unsigned *ret_login) {
        const char *authorization = login_header(r->login, ret_login);
        struct curl_slist *headers;
        _cleanup_free_ char *url = NULL;
        int q;

        q = string_format(&url, "%s/%s", r->base, path);
        if (q >= 0)
                q = http_prepare(r->http, easy, url);
        if (q < 0)
                return q;
        headers = curl_slist_append(NULL, startswith(path, "manifests/") ? accept_header : "Accept: */*");
        /* libcurl sends this one to the registry alone, never to where a redirect leads. */
        if (headers && authorization && !curl_slist_append(headers, authorization)) {
                curl_slist_free_all(headers);
                headers = NULL;
        }
        if (!headers)
                return -ENOMEM;
        (void) curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        *ret_headers = headers;
        return 0;
}

int registry_login(Registry *r, CURL *easy, unsigned login, Failure *reterr) {
        if (http_was_redirected(easy))
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "%s: registry %s redirects to a server that refuses the request (status "
                                   "401)",
                                   r->name, r->host);
        return login_answer(r->login, easy, login, reterr);
}

int registry_backoff_usec(CURL *easy, unsigned attempt, uint64_t *ret_usec) {
        bool busy = easy && (http_status(easy) == 429 || http_status(easy) == 503);
        uint64_t usec = (busy ? BACKOFF_BUSY_USEC : BACKOFF_FIRST_USEC) << (attempt - 1);
        curl_off_t after = 0;
        uint8_t jitter = 0;

        if (busy && http_header(easy, "Retry-After") &&
            curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after) == CURLE_OK) {
                if (after > BACKOFF_MAX_SEC)
                        return -ETIME;
                usec = (uint64_t) after * USEC_PER_SEC;
        }
        /* Up to a quarter more, so that many clients do not come back together. */
        (void) getrandom(&jitter, sizeof(jitter), GRND_NONBLOCK);
        *ret_usec = usec + usec / 4 * jitter / UINT8_MAX;
        return 0;
}

static int read_response(Registry *r, RegistryResponse *ret) {
        const char *type = http_header(r->easy, "Content-Type"),
                   *digest = http_header(r->easy, "Docker-Content-Digest");
        int q;

        ret->status = http_status(r->easy);
        q = string_set(&ret->content_type, type);
        return q < 0 ? q : string_set(&ret->digest, digest);
}

/* 1: 401. */
static int request_once(Registry *r, bool head, const char *path, RegistryResponse *ret, CURLcode *ret_code,
                        unsigned *ret_login) {
        struct curl_slist *headers = NULL;
        int q;

        http_body_done(&ret->body);
        q = registry_prepare(r, r->easy, path, &headers, ret_login);
        if (q < 0)
                return q;
        (void) curl_easy_setopt(r->easy, CURLOPT_NOBODY, head ? 1L : 0L);
        (void) curl_easy_setopt(r->easy, CURLOPT_TIMEOUT, DOCUMENT_TIMEOUT_SEC);
        (void) curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, http_body_write);
        (void) curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, &ret->body);
        *ret_code = curl_easy_perform(r->easy);
        (void) curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, NULL);
        curl_slist_free_all(headers);
        if (*ret_code != CURLE_OK)
                return 0;
        q = read_response(r, ret);
        return q < 0 ? q : ret->status == 401;
}

/* The pause between two attempts; -ECANCELED where creeld went away meanwhile. */
static int registry_wait(const Registry *r, uint64_t usec) {
        struct pollfd p = { .fd = r->wake_fd, .events = POLLIN };
        int n;

        n = poll(&p, 1, (int) (usec / USEC_PER_MSEC) + 1);
        return n > 0 ? -ECANCELED : 0;
}

/* 1: waited, try again. 0: not worth it. */
static int request_again(Registry *r, const RegistryResponse *p, CURLcode code, unsigned attempt,
                         Failure *reterr) {
        uint64_t usec;
        int q;

        if (code == CURLE_OK ? !http_status_is_transient(p->status)
                             : p->body.overflow || !http_code_is_transient(code))
                return 0;
        if (attempt >= ATTEMPTS_MAX)
                return 0;
        q = registry_backoff_usec(code == CURLE_OK ? r->easy : NULL, attempt, &usec);
        if (q < 0)
                return 0;
        log_debug("Registry %s: attempt %u failed, trying again in %" PRIu64 " ms.", r->host, attempt,
                  usec / USEC_PER_MSEC);
        q = registry_wait(r, usec);
        return q < 0 ? failure_set(reterr, FAILURE_CANCELLED, "%s: cancelled", r->name) : 1;
}

int registry_request(Registry *r, bool head, const char *path, size_t max_bytes, RegistryResponse *ret,
                     Failure *reterr) {
        _cleanup_registry_response_ RegistryResponse p = { .body.max = max_bytes };
        unsigned login = 0, n_logins = 0;
        CURLcode code = CURLE_OK;
        int q;

        for (unsigned attempt = 1;; attempt++) {
                while ((q = request_once(r, head, path, &p, &code, &login)) == 1) {
                        if (++n_logins > LOGINS_MAX)
                                return login_refused(r->login, reterr);
                        q = registry_login(r, r->easy, login, reterr);
                        if (q < 0)
                                return q;
                }
                if (q >= 0)
                        q = request_again(r, &p, code, attempt, reterr);
                if (q < 0)
                        return q;
                if (q == 0)
                        break;
        }
        if (p.body.overflow)
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "%s: registry %s sent a document larger than %zu bytes", r->name, r->host,
                                   max_bytes);
        if (code != CURLE_OK)
                return http_failure(reterr, code, r->easy, r->host);
        *ret = p;
        p = (RegistryResponse) {};
        return 0;
}

int registry_status_failure(const Registry *r, long status, const char *body, size_t n_bytes,
                            const char *what, Failure *reterr) {
        _cleanup_free_ char *said = NULL;

        (void) error_body_describe(strempty(body), n_bytes, &said);
        if (status == 404 && streq(what, "manifest"))
                return failure_set(reterr, FAILURE_NO_SUCH_IMAGE,
                                   "%s: no such image on registry %s (%s); check the name and the tag",
                                   r->name, r->host, said ?: "status 404");
        if (status == 401 || status == 403)
                return failure_set(reterr, FAILURE_AUTHENTICATION_REQUIRED,
                                   "%s: registry %s denies access to the %s (%s); log in with an account "
                                   "that may pull it",
                                   r->name, r->host, what, said ?: "forbidden");
        if (status == 429)
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "%s: registry %s refuses more requests for now (%s); try again later, or "
                                   "log in for a higher limit",
                                   r->name, r->host, said ?: "too many requests");
        return failure_set(reterr, FAILURE_REGISTRY,
                           "%s: registry %s answers the request for the %s with status %ld%s%s; %s", r->name,
                           r->host, what, status, said ? ": " : "", strempty(said),
                           status >= 500   ? "try again later"
                           : status == 404 ? "the image is incomplete there: push it again"
                                           : "is it a container registry?");
}
