/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/reference.h"

#define DEFAULT_REGISTRY "docker.io"
#define DEFAULT_TAG "latest"
#define DEFAULT_NAMESPACE "library/"
#define TAG_MAX 128
#define ALPHANUMERIC_LOWER DIGITS LOWERCASE

/* The first component names a registry where it cannot be, or by custom is not, one of a repository. */
static bool component_is_registry(const char *s, size_t n) {
        return memchr(s, '.', n) || memchr(s, ':', n) ||
               (n == strlen("localhost") && strncmp(s, "localhost", n) == 0);
}

static bool port_is_valid(const char *s) {
        uint32_t port;

        return strlen(s) <= 5 && parse_u32(s, &port) >= 0 && port >= 1 && port <= UINT16_MAX;
}

/* Labels of letters, digits and inner dashes, between single dots. */
static bool host_is_valid(const char *s, size_t n) {
        char previous = '.';

        for (size_t i = 0; i < n; i++) {
                if (s[i] == '.'   ? previous == '.' || previous == '-'
                    : s[i] == '-' ? previous == '.'
                                  : !strchr(ALPHANUMERIC, s[i]))
                        return false;
                previous = s[i];
        }
        return n > 0 && previous != '.' && previous != '-';
}

static bool registry_is_valid(const char *s) {
        const char *end;

        if (*s == '[') {
                char address[INET6_ADDRSTRLEN];
                struct in6_addr in6;

                end = strchr(s, ']');
                if (!end || (size_t) (end - s) > sizeof(address))
                        return false;
                *(char *) mempcpy(address, s + 1, (size_t) (end - s - 1)) = 0;
                if (inet_pton(AF_INET6, address, &in6) != 1)
                        return false;
                end++;
        } else {
                end = strchrnul(s, ':');
                if (!host_is_valid(s, (size_t) (end - s)))
                        return false;
        }
        return !*end || (*end == ':' && port_is_valid(end + 1));
}

static bool repository_is_valid(const char *s) {
        for (;;) {
                size_t n = strspn(s, ALPHANUMERIC_LOWER);

                if (n == 0)
                        return false;
                s += n;
                switch (*s) {
                case 0:
                        return true;
                case '/':
                case '.':
                        s++;
                        break;
                case '_':
                        s += s[1] == '_' ? 2 : 1;
                        break;
                case '-':
                        s += strspn(s, "-");
                        break;
                default:
                        return false;
                }
        }
}

static bool tag_is_valid(const char *s) {
        return *s && *s != '.' && *s != '-' && strlen(s) <= TAG_MAX &&
               string_in_charset(s, ALPHANUMERIC "_.-");
}

/* Splits "name[:tag]" where the tag is behind the last slash. */
static int split_tag(char *name, char **ret_tag) {
        char *slash = strrchr(name, '/'), *colon = strchr(slash ?: name, ':');

        *ret_tag = NULL;
        if (!colon)
                return 0;
        *colon = 0;
        *ret_tag = strdup(colon + 1);
        return *ret_tag ? 0 : -ENOMEM;
}

static int split_registry(const char *name, Reference *r) {
        const char *slash = strchr(name, '/');
        bool qualified = slash && component_is_registry(name, (size_t) (slash - name));
        const char *repository = qualified ? slash + 1 : name;
        int q;

        r->registry = qualified ? strndup(name, (size_t) (slash - name)) : strdup(DEFAULT_REGISTRY);
        if (!r->registry)
                return -ENOMEM;
        if (streq(r->registry, "index.docker.io")) {
                q = string_set(&r->registry, DEFAULT_REGISTRY);
                if (q < 0)
                        return q;
        }
        return string_format(&r->repository, "%s%s",
                             streq(r->registry, DEFAULT_REGISTRY) && !strchr(repository, '/')
                                             ? DEFAULT_NAMESPACE
                                             : "",
                             repository);
}

/* A message for what is wrong, or NULL. */
static const char *reference_complaint(const Reference *r, const char *name) {
        if (!registry_is_valid(r->registry))
                return "the registry must be HOST or HOST:PORT";
        if (digest_hex_is_valid(name))
                return "64 hexadecimal digits are an image's id, not a name";
        if (!repository_is_valid(r->repository))
                return "the name must be lower-case letters and digits, separated by single '.', '_', '-' "
                       "or '/'";
        if (strlen(r->registry) + 1 + strlen(r->repository) > REFERENCE_NAME_MAX)
                return "the name is longer than 255 characters";
        if (r->tag && !tag_is_valid(r->tag))
                return "the tag must be at most 128 letters, digits, '_', '.' and '-', not starting with "
                       "'.' or '-'";
        return NULL;
}

static int reference_split(const char *s, Reference *r, const char **reterr_message) {
        const char *at = strchrnul(s, '@'), *complaint = NULL;
        _cleanup_free_ char *name = NULL;
        int q;

        name = strndup(s, (size_t) (at - s));
        if (!name)
                return -ENOMEM;
        if (*at) {
                q = digest_parse(at + 1, &r->digest);
                r->has_digest = q >= 0;
                if (q < 0)
                        complaint = q == -EPROTONOSUPPORT ? "only sha256 digests are supported"
                                                          : "the digest must be 'sha256:' and 64 lower-case "
                                                            "hexadecimal digits";
        }
        q = split_tag(name, &r->tag);
        if (q < 0)
                return q;
        q = split_registry(name, r);
        if (q < 0)
                return q;
        complaint = complaint ?: isempty(name) ? "it has no name" : reference_complaint(r, name);
        if (complaint) {
                if (reterr_message)
                        *reterr_message = complaint;
                return -EINVAL;
        }
        return !r->tag && !r->has_digest ? string_set(&r->tag, DEFAULT_TAG) : 0;
}

int reference_parse(const char *s, Reference *ret, const char **reterr_message) {
        Reference r = {};
        int q;

        q = reference_split(s, &r, reterr_message);
        if (q < 0) {
                reference_done(&r);
                return q;
        }
        *ret = r;
        return 0;
}

void reference_done(Reference *r) {
        r->registry = mfree(r->registry);
        r->repository = mfree(r->repository);
        r->tag = mfree(r->tag);
        r->has_digest = false;
}

static int format_with(const char *registry, const char *slash, const char *repository, const Reference *r,
                       char **ret) {
        return string_format(ret, "%s%s%s%s%s%s%s", registry, slash, repository, r->tag ? ":" : "",
                             strempty(r->tag), r->has_digest ? "@" : "",
                             r->has_digest ? r->digest.string : "");
}

int reference_format(const Reference *r, char **ret) {
        return format_with(r->registry, "/", r->repository, r, ret);
}

int reference_format_short(const Reference *r, char **ret) {
        const char *rest;

        if (!streq(r->registry, DEFAULT_REGISTRY))
                return reference_format(r, ret);
        rest = startswith(r->repository, DEFAULT_NAMESPACE);
        if (rest && !strchr(rest, '/') && !digest_hex_is_valid(rest))
                return format_with("", "", rest, r, ret);
        /* What would read as a registry keeps the real one in front. */
        if (component_is_registry(r->repository, strcspn(r->repository, "/")))
                return reference_format(r, ret);
        return format_with("", "", r->repository, r, ret);
}

bool reference_registry_is_loopback(const char *registry) {
        _cleanup_free_ char *host = NULL;
        struct in_addr in;
        const char *rest;

        rest = startswith(registry, "[::1]");
        if (rest)
                return !*rest || *rest == ':';
        host = strndup(registry, strcspn(registry, ":"));
        if (!host)
                return false;
        return streq(host, "localhost") ||
               (inet_pton(AF_INET, host, &in) == 1 && ntohl(in.s_addr) >> 24 == 127);
}
