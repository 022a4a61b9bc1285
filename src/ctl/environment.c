/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/environment.h"

/* "PREFIX*": all of the caller's that begin so. */
static int add_matching(char ***env, const char *prefix, size_t n, char *const *caller) {
        STRV_FOREACH(i, caller) {
                int r;

                if (strncmp(*i, prefix, n) != 0 || !strchr(*i, '='))
                        continue;
                r = strv_env_set(env, *i);
                if (r < 0)
                        return r;
        }
        return 0;
}

int environment_add_defaults(char ***env, bool all, bool proxies, char *const *caller) {
        static const char *const proxy_names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy" },
                                 *const own[] = { "LISTEN_PID",     "LISTEN_FDS",    "LISTEN_FDNAMES",
                                                  "LISTEN_PIDFDID", "NOTIFY_SOCKET", "WATCHDOG_PID",
                                                  "WATCHDOG_USEC" };
        int r;

        STRV_FOREACH(i, caller) {
                const char *equals = strchr(*i, '=');
                bool wanted = all;

                if (!equals || equals == *i)
                        continue;
                for (size_t k = 0; k < ELEMENTSOF(own); k++)
                        if (strlen(own[k]) == (size_t) (equals - *i) && startswith(*i, own[k]))
                                wanted = false;
                for (size_t k = 0; proxies && k < ELEMENTSOF(proxy_names); k++)
                        wanted |= strlen(proxy_names[k]) == (size_t) (equals - *i) &&
                                  strncasecmp(*i, proxy_names[k], strlen(proxy_names[k])) == 0;
                if (!wanted)
                        continue;
                r = strv_env_set(env, *i);
                if (r < 0)
                        return r;
        }
        return 0;
}

int environment_add(char ***env, const char *word, char *const *caller) {
        _cleanup_free_ char *assignment = NULL;
        const char *value;
        int r;

        if (!*word || *word == '=')
                return -EINVAL;
        if (strchr(word, '='))
                return strv_env_set(env, word);
        if (endswith(word, "*") && caller)
                return add_matching(env, word, strlen(word) - 1, caller);
        value = caller ? strv_env_get(caller, word) : "";
        if (!value)
                return 0;
        r = string_format(&assignment, "%s=%s", word, value);
        return r < 0 ? r : strv_env_set(env, assignment);
}

int environment_parse(const char *text, const char *origin, char *const *caller, char ***env, Failure *f) {
        for (unsigned number = 1; *text; number++) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n);
                const char *name;
                size_t n_name;
                int r;

                if (!line)
                        return -ENOMEM;
                text += n + (text[n] == '\n');
                if (n > 0 && line[n - 1] == '\r')
                        line[n - 1] = 0;
                name = line + strspn(line, " \t");
                if (!*name || *name == '#')
                        continue;
                n_name = strcspn(name, "=");
                if (memchr(name, ' ', n_name) || memchr(name, '\t', n_name))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "%s:%u: the name '%.*s' holds a blank; write NAME=VALUE", origin,
                                           number, (int) n_name, name);
                r = environment_add(env, name, caller);
                if (r == -EINVAL)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "%s:%u: there is no name before '='; write NAME=VALUE", origin,
                                           number);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Reads to the end, because the file may be a pipe: --env-file <(...). */
static int read_stream(int fd, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t allocated = 0, size = 0;

        for (;;) {
                ssize_t n;

                if (size > ENVIRONMENT_FILE_BYTES_MAX)
                        return -EFBIG;
                if (!GREEDY_REALLOC(text, allocated, size + 4096))
                        return -ENOMEM;
                n = fd_read_full(fd, text + size, allocated - size - 1);
                if (n < 0)
                        return (int) n;
                if (n == 0)
                        break;
                size += (size_t) n;
        }
        text[size] = 0;
        if (strlen(text) != size)
                return -EBADMSG;
        *ret = TAKE_PTR(text);
        return 0;
}

int environment_read_file(const char *option, const char *path, char *const *caller, char ***env,
                          Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        int r;

        if (!streq(path, "-")) {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (fd < 0)
                        return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno,
                                                 "cannot open the --%s '%s'", option, path);
        }
        r = read_stream(fd >= 0 ? fd : STDIN_FILENO, &text);
        if (r == -EBADMSG)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "the --%s '%s' is not text: it holds a NUL byte", option,
                                   path);
        if (r < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot read the --%s '%s'", option, path);
        return environment_parse(text, path, caller, env, f);
}
