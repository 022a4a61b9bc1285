/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "config.h"
#include "pull/error-body.h"
#include "pull/http.h"

#define CA_BYTES_MAX (16 * 1024 * 1024)
#define REDIRECTS_MAX 10L
#define CONNECT_TIMEOUT_SEC 30L
#define LOW_SPEED_BYTES 512L /* slower than this for LOW_SPEED_SEC counts as a dead connection */
#define LOW_SPEED_SEC 60L

struct Http {
        CURLSH *share; /* names and TLS sessions */
        bool plain;
        int ca_fd;
        char *ca_path;
};

Http *http_free(Http *h) {
        if (!h)
                return NULL;
        if (h->share)
                (void) curl_share_cleanup(h->share);
        (void) fd_close(h->ca_fd);
        free(h->ca_path);
        return mfree(h);
}

static int append_file(int to, int from, size_t max) {
        _cleanup_free_ char *data = NULL;
        size_t n;
        int r;

        r = fd_read_file(from, max, &data, &n);
        if (r >= 0)
                r = fd_write_all(to, data, n);
        return r < 0 ? r : fd_write_all(to, "\n", 1);
}

/* libcurl takes one file of certificates: the system's and the given ones go into one. */
static int http_set_ca(Http *h, int ca_fd, Failure *reterr) {
        const char *system =
                        curl_version_info(CURLVERSION_NOW)->cainfo ?: "/etc/ssl/certs/ca-certificates.crt";
        _cleanup_close_ int system_fd = -EBADF;
        int r;

        h->ca_fd = memfd_create("ca", MFD_CLOEXEC);
        if (h->ca_fd < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot create a memory file");
        r = append_file(h->ca_fd, ca_fd, CA_BYTES_MAX);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                         "the given CA certificates cannot be read");
        system_fd = open(system, O_RDONLY | O_CLOEXEC);
        if (system_fd >= 0)
                r = append_file(h->ca_fd, system_fd, CA_BYTES_MAX);
        if (system_fd < 0 || r < 0)
                log_debug("%s cannot be read, trusting the given CA certificates alone.", system);
        return string_format(&h->ca_path, "/proc/self/fd/%i", h->ca_fd);
}

int http_new(bool plain, int ca_fd, Http **ret, Failure *reterr) {
        _cleanup_(http_freep) Http *h = new0(Http, 1);
        int r;

        if (!h)
                return -ENOMEM;
        h->plain = plain;
        h->ca_fd = -EBADF;
        h->share = curl_share_init();
        if (!h->share || curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK ||
            curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
                return -ENOMEM;
        if (ca_fd >= 0) {
                r = http_set_ca(h, ca_fd, reterr);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(h);
        return 0;
}

int http_prepare(const Http *h, CURL *easy, const char *url) {
        const char *protocols = h->plain ? "http,https" : "https";

        curl_easy_reset(easy);
        if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols) != CURLE_OK ||
            (h->ca_path && curl_easy_setopt(easy, CURLOPT_CAINFO, h->ca_path) != CURLE_OK))
                return -ENOMEM;
        (void) curl_easy_setopt(easy, CURLOPT_SHARE, h->share);
        (void) curl_easy_setopt(easy, CURLOPT_USERAGENT, "creel/" CREEL_VERSION);
        (void) curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        (void) curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
        (void) curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_SEC);
        (void) curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
        (void) curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SEC);
        (void) curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        return 0;
}

void http_body_done(HttpBody *b) {
        free(b->data);
        *b = (HttpBody) { .max = b->max };
}

size_t http_body_write(char *data, size_t size, size_t n, void *body) {
        HttpBody *b = body;

        if (n > b->max - b->n_bytes) {
                b->overflow = true;
                return 0;
        }
        if (!GREEDY_REALLOC(b->data, b->n_allocated, b->n_bytes + n + 1))
                return 0;
        memcpy(b->data + b->n_bytes, data, n);
        b->n_bytes += n;
        b->data[b->n_bytes] = 0;
        return n;
}

const char *http_header(CURL *easy, const char *name) {
        struct curl_header *header;

        return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value
                                                                                       : NULL;
}

long http_status(CURL *easy) {
        long status = 0;

        (void) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        return status;
}

bool http_was_redirected(CURL *easy) {
        long n = 0;

        return curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &n) == CURLE_OK && n > 0;
}

bool http_code_is_transient(CURLcode code) {
        switch (code) {
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
                return true;
        default:
                return false;
        }
}

bool http_status_is_transient(long status) {
        return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
               status == 504;
}

static int connect_failure(Failure *reterr, CURL *easy, const char *registry) {
        long error = 0;

        (void) curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
        if (error == ECONNREFUSED)
                return failure_set(reterr, FAILURE_NETWORK,
                                   "registry %s does not answer: connection refused; is it running?",
                                   registry);
        return failure_set(reterr, FAILURE_NETWORK,
                           "registry %s cannot be reached: %s; check the network and the name", registry,
                           error ? strerrordesc_np((int) error) ?: "unknown error" : "no connection");
}

int http_failure(Failure *reterr, CURLcode code, CURL *easy, const char *registry) {
        switch (code) {
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
                return failure_set(reterr, FAILURE_NETWORK,
                                   "registry %s is unknown: its name does not resolve; check the spelling "
                                   "and the name server",
                                   registry);
        case CURLE_COULDNT_CONNECT:
                return connect_failure(reterr, easy, registry);
        case CURLE_OPERATION_TIMEDOUT:
                return failure_set(reterr, FAILURE_NETWORK,
                                   "registry %s does not answer in time; try again later", registry);
        case CURLE_PEER_FAILED_VERIFICATION:
                return failure_set(reterr, FAILURE_SECURITY,
                                   "registry %s: its TLS certificate is not trusted; give the CA that "
                                   "signed it, or use the name that the certificate is for",
                                   registry);
        case CURLE_SSL_CACERT_BADFILE:
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "registry %s: the CA certificates cannot be loaded; give a file in PEM "
                                   "format",
                                   registry);
        case CURLE_SSL_CONNECT_ERROR:
                return failure_set(reterr, FAILURE_NETWORK,
                                   "registry %s does not complete the TLS handshake; if it speaks plain "
                                   "HTTP, switch TLS verification off",
                                   registry);
        case CURLE_TOO_MANY_REDIRECTS:
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "registry %s redirects without end; is it a container registry?",
                                   registry);
        case CURLE_UNSUPPORTED_PROTOCOL:
                if (http_was_redirected(easy))
                        return failure_set(reterr, FAILURE_SECURITY,
                                           "registry %s redirects to an address that is not https; its "
                                           "configuration must be mended",
                                           registry);
                __attribute__((fallthrough)); /* what answers without a status line is taken for HTTP/0.9 */
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING:
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "registry %s does not speak HTTP; is it a container registry, and is the "
                                   "port right?",
                                   registry);
        default:
                return failure_set(reterr, FAILURE_NETWORK,
                                   "the connection to registry %s failed: %s; try again", registry,
                                   curl_easy_strerror(code));
        }
}
