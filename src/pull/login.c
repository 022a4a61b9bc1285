/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "pull/challenge.h"
#include "pull/error-body.h"
#include "pull/login.h"
#include "spec/json.h"

#define TOKEN_DOCUMENT_MAX (256 * 1024)
#define TOKEN_TIMEOUT_SEC 30L
#define CHALLENGE_HEADERS_MAX 8

struct Login {
        const Http *http;
        const char *registry, *name;
        char *auth, *user, *scope;
        bool plain;
        char *header;
        ChallengeScheme scheme; /* of the header */
        unsigned generation;
};

Login *login_free(Login *l) {
        if (!l)
                return NULL;
        free(l->auth);
        free(l->user);
        free(l->scope);
        free(l->header);
        return mfree(l);
}

int login_new(const Http *http, const char *registry, const char *name, const char *auth, const char *user,
              const char *scope, bool plain, Login **ret) {
        _cleanup_(login_freep) Login *l = new0(Login, 1);

        if (!l)
                return -ENOMEM;
        l->http = http;
        l->registry = registry;
        l->name = name;
        l->plain = plain;
        if (string_set(&l->auth, auth) < 0 || string_set(&l->user, user) < 0 ||
            string_set(&l->scope, scope) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(l);
        return 0;
}

const char *login_header(const Login *l, unsigned *ret_generation) {
        *ret_generation = l->generation;
        return l->header;
}

int login_refused(const Login *l, Failure *reterr) {
        if (l->user)
                return failure_set(reterr, FAILURE_AUTHENTICATION_REQUIRED,
                                   "%s: registry %s refuses the login of %s; check the password, and "
                                   "whether the account may pull this image",
                                   l->name, l->registry, l->user);
        return failure_set(reterr, FAILURE_AUTHENTICATION_REQUIRED,
                           "%s: the registry asks for a login; the image does not exist or needs "
                           "credentials: log in to %s and try again",
                           l->name, l->registry);
}

static int login_set_header(Login *l, ChallengeScheme scheme, const char *word, const char *value) {
        char *header;
        int r;

        r = string_format(&header, "Authorization: %s %s", word, value);
        if (r < 0)
                return r;
        free(l->header);
        l->header = header;
        l->scheme = scheme;
        l->generation++;
        return 0;
}

static int answer_basic(Login *l, Failure *reterr) {
        if (!l->auth || l->scheme == CHALLENGE_BASIC)
                return login_refused(l, reterr);
        return login_set_header(l, CHALLENGE_BASIC, "Basic", l->auth);
}

static bool set_query(CURLU *url, const char *key, const char *value) {
        _cleanup_free_ char *pair = NULL;

        return isempty(value) ||
               (string_format(&pair, "%s=%s", key, value) >= 0 &&
                curl_url_set(url, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE) == CURLUE_OK);
}

/* realm?service=...&scope=... */
static int token_address(const Login *l, const Challenge *c, char **ret, Failure *reterr) {
        CURLU *url = curl_url();
        char *scheme = NULL, *text = NULL;
        int r = 0;

        if (!url)
                return -ENOMEM;
        if (curl_url_set(url, CURLUPART_URL, c->realm, 0) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
            (!streq(scheme, "https") && !streq(scheme, "http")))
                r = failure_set(reterr, FAILURE_REGISTRY,
                                "%s: registry %s names a token server that is no address", l->name,
                                l->registry);
        else if (streq(scheme, "http") && !l->plain)
                r = failure_set(reterr, FAILURE_SECURITY,
                                "%s: registry %s wants the login sent over plain HTTP, which is refused",
                                l->name, l->registry);
        else if (!set_query(url, "service", c->service) ||
                 !set_query(url, "scope", isempty(c->scope) ? l->scope : c->scope) ||
                 curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK)
                r = -ENOMEM;
        else
                r = string_set(ret, text);
        curl_free(scheme);
        curl_free(text);
        curl_url_cleanup(url);
        return r;
}

static int read_token(const Login *l, const HttpBody *body, json_object **ret_document,
                      const char **ret_token, Failure *reterr) {
        _cleanup_json_ json_object *o = NULL;
        const char *token = "";

        if (json_parse(strempty(body->data), body->n_bytes, TOKEN_DOCUMENT_MAX, &o) >= 0 &&
            json_get_string(o, "token", &token) < 0)
                (void) json_get_string(o, "access_token", &token);
        /* It becomes part of a header line. */
        if (isempty(token) || !string_in_charset(token, ALPHANUMERIC "!#$%&'*+-.^_`|~/=:"))
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "%s: the token server of registry %s answers without a token", l->name,
                                   l->registry);
        *ret_token = token;
        *ret_document = TAKE_PTR(o);
        return 0;
}

static int token_failure(const Login *l, long status, const HttpBody *body, Failure *reterr) {
        _cleanup_free_ char *said = NULL;

        if (status == 401 || status == 403)
                return login_refused(l, reterr);
        (void) error_body_describe(strempty(body->data), body->n_bytes, &said);
        return failure_set(
                        reterr, FAILURE_REGISTRY,
                        "%s: the token server of registry %s answers with status %ld%s%s; try again later",
                        l->name, l->registry, status, said ? ": " : "", strempty(said));
}

static int fetch_token(const Login *l, CURL *easy, const char *address, HttpBody *body, Failure *reterr) {
        _cleanup_free_ char *authorization = NULL;
        struct curl_slist *headers = NULL;
        CURLcode code;
        long status;
        int r;

        r = http_prepare(l->http, easy, address);
        if (r >= 0 && l->auth)
                r = string_format(&authorization, "Authorization: Basic %s", l->auth);
        if (r >= 0 && authorization && !(headers = curl_slist_append(NULL, authorization)))
                r = -ENOMEM;
        if (r < 0)
                return r;
        (void) curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        (void) curl_easy_setopt(easy, CURLOPT_TIMEOUT, TOKEN_TIMEOUT_SEC);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_body_write);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
        code = curl_easy_perform(easy);
        status = http_status(easy);
        curl_slist_free_all(headers);
        if (body->overflow)
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "%s: the token server of registry %s sends more than a token", l->name,
                                   l->registry);
        if (code != CURLE_OK) {
                _cleanup_free_ char *server = NULL;

                r = string_format(&server, "%s's token server", l->registry);
                return r < 0 ? r : http_failure(reterr, code, easy, server);
        }
        return status == 200 ? 0 : token_failure(l, status, body, reterr);
}

static int answer_bearer(Login *l, const Challenge *c, Failure *reterr) {
        HttpBody body = { .max = TOKEN_DOCUMENT_MAX };
        _cleanup_json_ json_object *document = NULL;
        _cleanup_free_ char *address = NULL;
        const char *token = NULL;
        CURL *easy;
        int r;

        r = token_address(l, c, &address, reterr);
        if (r < 0)
                return r;
        easy = curl_easy_init();
        if (!easy)
                return -ENOMEM;
        log_debug("Registry %s: fetching a token.", l->registry);
        r = fetch_token(l, easy, address, &body, reterr);
        if (r >= 0)
                r = read_token(l, &body, &document, &token, reterr);
        if (r >= 0)
                r = login_set_header(l, CHALLENGE_BEARER, "Bearer", token);
        curl_easy_cleanup(easy);
        http_body_done(&body);
        return r;
}

int login_answer(Login *l, CURL *easy, unsigned generation, Failure *reterr) {
        _cleanup_challenge_ Challenge c = {};
        struct curl_header *header;

        /* Another request has logged in meanwhile. */
        if (generation != l->generation)
                return 0;
        for (size_t i = 0; i < CHALLENGE_HEADERS_MAX; i++) {
                if (curl_easy_header(easy, "WWW-Authenticate", i, CURLH_HEADER, -1, &header) != CURLHE_OK)
                        break;
                if (challenge_parse(header->value, &c) == -ENOMEM)
                        return -ENOMEM;
        }
        switch (c.scheme) {
        case CHALLENGE_BASIC:
                return answer_basic(l, reterr);
        case CHALLENGE_BEARER:
                return answer_bearer(l, &c, reterr);
        case CHALLENGE_NONE:
        default:
                return failure_set(reterr, FAILURE_AUTHENTICATION_REQUIRED,
                                   "%s: registry %s asks for a login of a kind that is not supported "
                                   "(neither Basic nor Bearer)",
                                   l->name, l->registry);
        }
}
