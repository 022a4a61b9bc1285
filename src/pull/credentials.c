/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <nettle/base64.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "pull/credentials.h"
#include "spec/json.h"

#define AUTH_MAX 16384

/* "https://index.docker.io/v1/" -> "index.docker.io": keys of old were addresses. */
static int normalise_key(const char *key, char **ret) {
        const char *rest = startswith(key, "https://") ?: startswith(key, "http://") ?: key;
        size_t n = strlen(rest);

        while (n > 0 && rest[n - 1] == '/')
                n--;
        if (n > 3 && (strncmp(rest + n - 3, "/v1", 3) == 0 || strncmp(rest + n - 3, "/v2", 3) == 0))
                n -= 3;
        *ret = strndup(rest, n);
        return *ret ? 0 : -ENOMEM;
}

/* Borrowed; NULL: no such key. */
static json_object *find_entry(json_object *auths, const char *wanted) {
        json_object_object_foreach(auths, key, value) {
                _cleanup_free_ char *name = NULL;

                if (normalise_key(key, &name) >= 0 && streq(name, wanted) &&
                    json_object_is_type(value, json_type_object))
                        return value;
        }
        return NULL;
}

/* registry/a/b, registry/a, registry */
static json_object *find_most_specific(json_object *auths, const char *registry, const char *repository) {
        _cleanup_free_ char *path = NULL;
        char *slash;

        if (string_format(&path, "%s/%s", registry, repository) < 0)
                return NULL;
        for (;;) {
                json_object *entry = find_entry(auths, path);

                if (entry)
                        return entry;
                slash = strrchr(path, '/');
                if (!slash)
                        return NULL;
                *slash = 0;
        }
}

static int decode_user(const char *auth, char **ret_user) {
        size_t n = strlen(auth), n_decoded = 0;
        _cleanup_free_ char *decoded = NULL;
        struct base64_decode_ctx context;
        char *colon;

        if (n > AUTH_MAX || !string_in_charset(auth, ALPHANUMERIC "+/="))
                return -EBADMSG;
        decoded = malloc(BASE64_DECODE_LENGTH(n) + 1);
        if (!decoded)
                return -ENOMEM;
        n_decoded = BASE64_DECODE_LENGTH(n);
        base64_decode_init(&context);
        if (!base64_decode_update(&context, &n_decoded, (uint8_t *) decoded, n, auth) ||
            !base64_decode_final(&context))
                return -EBADMSG;
        decoded[n_decoded] = 0;
        colon = memchr(decoded, ':', n_decoded);
        if (!colon || colon == decoded)
                return -EBADMSG;
        /* The name appears in messages. */
        for (const char *p = decoded; p < colon; p++)
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        return -EBADMSG;
        *ret_user = strndup(decoded, (size_t) (colon - decoded));
        explicit_bzero(decoded, n_decoded);
        return *ret_user ? 0 : -ENOMEM;
}

int credentials_find(const char *data, size_t n_bytes, const char *registry, const char *repository,
                     char **ret, char **ret_user) {
        static const char *const docker_hub[] = { "docker.io", "index.docker.io", "registry-1.docker.io" };
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *user = NULL;
        json_object *auths, *entry;
        const char *auth;
        char *copy;
        int r;

        r = json_parse(data, n_bytes, CREDENTIALS_BYTES_MAX, &o);
        if (r < 0)
                return r;
        r = json_get(o, "auths", json_type_object, &auths);
        if (r < 0)
                return r == -ENODATA ? -ENOENT : r;
        entry = find_most_specific(auths, registry, repository);
        for (size_t i = 0; !entry && streq(registry, docker_hub[0]) && i < ELEMENTSOF(docker_hub); i++)
                entry = find_most_specific(auths, docker_hub[i], repository);
        if (!entry)
                return -ENOENT;
        r = json_get_string(entry, "auth", &auth);
        if (r < 0)
                return r == -ENODATA ? -ENOENT : r;
        r = decode_user(auth, &user);
        if (r < 0)
                return r;
        copy = strdup(auth);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        *ret_user = TAKE_PTR(user);
        return 0;
}
