/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/resolv-conf.h"

#define BLANKS " \t\r"

static bool is_loopback(const char *address) {
        return startswith(address, "127.") || streq(address, "::1") || startswith(address, "::ffff:127.");
}

/* Collects the words behind each line that begins with @key; where not @all, only the last such line
 * counts. */
static int collect(const char *text, const char *key, const char *other_key, bool all, char ***ret) {
        _cleanup_strv_free_ char **found = NULL;
        int r;

        while (*text) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n);
                _cleanup_strv_free_ char **words = NULL;

                if (!line)
                        return -ENOMEM;
                text += n + (text[n] == '\n');
                line[strcspn(line, "#;")] = 0;
                r = strv_split(line, BLANKS, &words);
                if (r < 0)
                        return r;
                if (!words || !words[0] || (!streq(words[0], key) && !streq_ptr(words[0], other_key)))
                        continue;
                if (!all)
                        found = strv_free(found);
                r = strv_extend_strv(&found, words + 1);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(found);
        return 0;
}

bool resolv_conf_is_local(const char *text) {
        _cleanup_strv_free_ char **servers = NULL;

        if (collect(text, "nameserver", NULL, true, &servers) < 0 || !servers)
                return false;
        STRV_FOREACH(i, servers)
                if (!is_loopback(*i))
                        return false;
        return true;
}

static int words_of(const ResolvConf *c, const char *key, const char *other_key, char *const *given,
                    bool all, char ***ret) {
        if (given && *given)
                return strv_copy(given, ret);
        return collect(c->host, key, other_key, all, ret);
}

static void write_line(FILE *f, const char *key, char *const *words) {
        if (!words || !*words || (streq(words[0], ".") && !words[1]))
                return;
        (void) fputs(key, f);
        STRV_FOREACH(i, words)
                (void) fprintf(f, " %s", *i);
        (void) fputc('\n', f);
}

int resolv_conf_compose(const ResolvConf *c, char **ret) {
        _cleanup_strv_free_ char **servers = NULL, **search = NULL, **options = NULL;
        bool given = c->servers && *c->servers;
        _cleanup_free_ char *out = NULL;
        size_t size;
        FILE *f;
        int r;

        r = words_of(c, "nameserver", NULL, c->servers, true, &servers);
        if (r >= 0)
                r = words_of(c, "search", "domain", c->search, false, &search);
        if (r >= 0)
                r = words_of(c, "options", NULL, c->options, true, &options);
        if (r < 0)
                return r;
        f = open_memstream(&out, &size);
        if (!f)
                return -ENOMEM;
        write_line(f, "search", search);
        STRV_FOREACH(i, servers)
                if (given || c->loopback || !is_loopback(*i))
                        (void) fprintf(f, "nameserver %s\n", *i);
        write_line(f, "options", options);
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(out);
        return 0;
}
