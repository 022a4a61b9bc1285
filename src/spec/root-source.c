/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/root-source.h"

#define PATH_BYTES_MAX 4095
#define NAME_BYTES_MAX 64

const char *const root_source_search_path[] = {
        "/etc/machines",           "/run/machines",     "/var/lib/machines",
        "/usr/local/lib/machines", "/usr/lib/machines", NULL,
};

void root_source_done(RootSource *s) {
        s->path = mfree(s->path);
}

static bool path_is_fine(const char *path) {
        return *path == '/' && strlen(path) <= PATH_BYTES_MAX && !strpbrk(path, "\n\r");
}

static int set_options(RootSource *s, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        int r;

        r = strv_split(text, ",", &words);
        if (r < 0)
                return r;
        STRV_FOREACH(i, words)
                if (streq(*i, "O"))
                        s->overlay = true;
                else if (streq(*i, "idmap"))
                        s->idmap = true;
                else if (streq(*i, "ro"))
                        s->read_only = true;
                else if (!streq(*i, "rw"))
                        return -EINVAL;
        return words && *words ? 0 : -EINVAL;
}

int root_source_parse_rootfs(const char *text, RootSource *ret, const char **reterr_hint) {
        RootSource s = {};
        const char *colon = strchr(text, ':');
        int r;

        s.path = strndup(text, colon ? (size_t) (colon - text) : strlen(text));
        if (!s.path)
                return -ENOMEM;
        r = path_is_fine(s.path) ? 0 : -EINVAL;
        if (r >= 0 && colon)
                r = set_options(&s, colon + 1);
        if (r < 0) {
                root_source_done(&s);
                *reterr_hint = "must be an absolute path to a directory, with :O, :idmap or :ro behind it "
                               "if "
                               "you like";
                return r;
        }
        *ret = s;
        return 0;
}

int root_source_parse_directory(const char *text, RootSource *ret, const char **reterr_hint) {
        bool is_name = *text && strlen(text) <= NAME_BYTES_MAX && *text != '.' &&
                       string_in_charset(text, ALPHANUMERIC "_.-");

        if (!is_name && !path_is_fine(text)) {
                *reterr_hint = "must be a directory, or the name of a tree in /var/lib/machines";
                return -EINVAL;
        }
        *ret = (RootSource){ .path = strdup(text) };
        return ret->path ? 0 : -ENOMEM;
}
