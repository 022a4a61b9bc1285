/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/authfile.h"
#include "ctl/pull-source.h"
#include "spec/json.h"
#include "spec/platform.h"
#include "spec/reference.h"

#define CERTIFICATES_MAX 256

int pull_source_platform(const char *platform, const char *os, const char *arch, const char *variant,
                         char **ret, Failure *f) {
        _cleanup_free_ char *text = NULL;
        struct utsname here;
        Platform parsed;
        int r;

        *ret = NULL;
        if (!os && !arch && !variant)
                return 0;
        if (platform)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "options --platform and --%s exclude each other; give one",
                                   arch ? "arch"
                                   : os ? "os"
                                        : "variant");
        if (uname(&here) < 0)
                return negative_errno();
        r = string_format(&text, "%s/%s%s%s", os ?: "linux", arch ?: here.machine, variant ? "/" : "",
                          strempty(variant));
        if (r < 0)
                return r;
        if (strchr(strempty(os), '/') || strchr(strempty(arch), '/') || platform_parse(text, &parsed) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "options --os, --arch and --variant make '%s', which is no platform; "
                                   "they are "
                                   "words such as linux, arm64 and v8",
                                   text);
        *ret = TAKE_PTR(text);
        return 0;
}

static int base64_encode(const char *text, char **ret) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t n = strlen(text), k = 0;
        char *s = malloc((n + 2) / 3 * 4 + 1);

        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < n; i += 3) {
                uint32_t v = (uint32_t) (uint8_t) text[i] << 16;

                v |= i + 1 < n ? (uint32_t) (uint8_t) text[i + 1] << 8 : 0;
                v |= i + 2 < n ? (uint32_t) (uint8_t) text[i + 2] : 0;
                s[k++] = digits[v >> 18];
                s[k++] = digits[v >> 12 & 63];
                s[k++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
                s[k++] = i + 2 < n ? digits[v & 63] : '=';
        }
        s[k] = 0;
        *ret = s;
        return 0;
}

/* { "auths": { REGISTRY: { "auth": ... } } } */
static int make_document(const char *registry, const char *auth, char **ret) {
        _cleanup_json_ json_object *root = json_object_new_object();
        json_object *auths = json_object_new_object(), *entry = json_object_new_object();
        int r;

        if (!root || !auths || !entry) {
                (void) json_object_put(auths);
                (void) json_object_put(entry);
                return -ENOMEM;
        }
        r = json_add(root, "auths", auths);
        if (r < 0) {
                (void) json_object_put(entry);
                return r;
        }
        r = json_add(auths, registry, entry);
        if (r >= 0)
                r = json_add_string(entry, "auth", auth);
        return r < 0 ? r : json_format(root, false, ret);
}

int pull_source_credentials(const char *credentials, const char *reference, int *ret_fd, Failure *f) {
        _cleanup_(reference_done) Reference parsed = {};
        _cleanup_free_ char *auth = NULL, *text = NULL;
        const char *colon = strchr(credentials, ':');
        int r;

        if (!colon || colon == credentials)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--creds' must be USER:PASSWORD");
        /* creeld says what is wrong with a reference. */
        if (reference_parse(reference, &parsed, NULL) < 0) {
                *ret_fd = -EBADF;
                return 0;
        }
        r = base64_encode(credentials, &auth);
        if (r >= 0)
                r = make_document(parsed.registry, auth, &text);
        if (r >= 0)
                r = fd_new_sealed("credentials", text, strlen(text), ret_fd);
        if (auth)
                explicit_bzero(auth, strlen(auth));
        if (text)
                explicit_bzero(text, strlen(text));
        return r;
}

static int select_certificate(const struct dirent *de) {
        return endswith(de->d_name, ".crt") || endswith(de->d_name, ".cert");
}

/* Appends one file and a newline, so that no certificate begins in the last line of another. */
static int append_certificate(const char *path, char **text, size_t *n_bytes, Failure *f) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        _cleanup_free_ char *more = NULL;
        char *joined;
        size_t size;
        int r;

        r = fd < 0 ? negative_errno() : fd_read_file(fd, AUTHFILE_BYTES_MAX, &more, &size);
        if (r >= 0 && *n_bytes + size > AUTHFILE_BYTES_MAX)
                r = -EFBIG;
        if (r < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r,
                                         "option '--cert-dir': cannot read '%s'", path);
        joined = realloc(*text, *n_bytes + size + 1);
        if (!joined)
                return -ENOMEM;
        memcpy(joined + *n_bytes, more, size);
        joined[*n_bytes + size] = '\n';
        *text = joined;
        *n_bytes += size + 1;
        return 0;
}

static int append_certificates(const char *directory, struct dirent **entries, int n, char **text,
                               size_t *n_bytes, Failure *f) {
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = NULL;
                int r;

                if (endswith(entries[i]->d_name, ".cert"))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--cert-dir': %s/%s is the certificate of a client, "
                                           "which is not "
                                           "used; log in with a password (--authfile)",
                                           directory, entries[i]->d_name);
                r = string_format(&path, "%s/%s", directory, entries[i]->d_name);
                if (r >= 0)
                        r = append_certificate(path, text, n_bytes, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

int pull_source_certificates(const char *directory, int *ret_fd, Failure *f) {
        _cleanup_free_ char *text = NULL;
        struct dirent **entries = NULL;
        size_t n_bytes = 0;
        int n, r;

        n = scandir(directory, &entries, select_certificate, alphasort);
        if (n < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno,
                                         "option '--cert-dir': cannot read '%s'", directory);
        r = n > CERTIFICATES_MAX ? -E2BIG : append_certificates(directory, entries, n, &text, &n_bytes, f);
        for (int i = 0; i < n; i++)
                free(entries[i]);
        free(entries);
        if (r < 0)
                return r;
        *ret_fd = -EBADF;
        return n_bytes > 0 ? fd_new_sealed("certificates", text, n_bytes, ret_fd) : 0;
}
