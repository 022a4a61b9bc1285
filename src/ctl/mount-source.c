/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/mount-source.h"
#include "spec/mount-split.h"

/* How many of the parts at colons are paths of the host, and whether every word there is one. */
static size_t count_paths(MountSyntax syntax, size_t n_parts, bool *ret_any_word) {
        *ret_any_word = syntax != MOUNT_SYNTAX_VOLUME;
        switch (syntax) {
        case MOUNT_SYNTAX_VOLUME:
                return n_parts > 1;
        case MOUNT_SYNTAX_BIND:
        case MOUNT_SYNTAX_BIND_RO:
                *ret_any_word = n_parts > 1; /* one alone is the place in the container, too */
                return 1;
        case MOUNT_SYNTAX_OVERLAY:
        case MOUNT_SYNTAX_OVERLAY_RO:
                return n_parts - (n_parts > 2);
        default:
                return 0;
        }
}

/* Said before anything is made. What the caller may not see is for creeld to judge. */
static int check_source(const char *path, Failure *f) {
        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
            (errno == ENOENT || errno == ENOTDIR))
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno, "cannot mount %s", path);
        return 0;
}

static int complete_paths(MountSyntax syntax, const char *text, const char *directory, char ***ret,
                          Failure *f) {
        _cleanup_strv_free_ char **parts = NULL;
        _cleanup_free_ char *whole = NULL;
        size_t n_paths, n_sources, n = 0;
        bool any_word;
        int r;

        r = mount_split_paths(text, &parts);
        if (r < 0)
                return r;
        n_paths = count_paths(syntax, strv_length(parts), &any_word);
        /* An overlay's upper directory may still be missing. */
        n_sources = syntax == MOUNT_SYNTAX_OVERLAY && n_paths > 0 ? n_paths - 1 : n_paths;
        if (n_paths == 0 && (syntax == MOUNT_SYNTAX_BIND || syntax == MOUNT_SYNTAX_BIND_RO))
                n_sources = 1;
        STRV_FOREACH(i, parts) {
                bool relative = n < n_paths && **i && **i != '/' && **i != '+' && (any_word || **i == '.');
                _cleanup_free_ char *path = NULL;

                r = relative ? path_join(directory, *i, &path) : string_set(&path, *i);
                if (r >= 0 && n < n_sources && *path == '/')
                        r = check_source(path, f);
                if (r >= 0)
                        r = mount_join_path(&whole, path, n++ > 0);
                if (r < 0)
                        return r;
        }
        r = strv_consume(ret, TAKE_PTR(whole));
        return r;
}

/* The value of one of the @names, which end with NULL. */
static const char *find_value(char *const *fields, const char *const *names) {
        STRV_FOREACH(i, fields)
                for (size_t k = 0; names[k]; k++) {
                        const char *rest = startswith(*i, names[k]);

                        if (rest && *rest == '=')
                                return rest + 1;
                }
        return NULL;
}

/* The fields again, with another type, source and destination. */
static int build(char *const *fields, const char *type, const char *source, const char *destination,
                 char **ret) {
        static const char *const replaced[] = { "type=", "source=", "src=", NULL }, *const places[] = {
                "target=", "destination=", "dst=", NULL
        };
        _cleanup_free_ char *text = NULL;
        int r;

        r = mount_join_field(&text, "type", type);
        if (r >= 0)
                r = mount_join_field(&text, "source", source);
        if (r >= 0 && destination)
                r = mount_join_field(&text, "target", destination);
        STRV_FOREACH(i, fields) {
                bool skip = false;

                for (size_t k = 0; replaced[k]; k++)
                        skip = skip || startswith(*i, replaced[k]) ||
                               (destination && startswith(*i, places[k]));
                if (r >= 0 && !skip)
                        r = mount_join_field(&text, *i, NULL);
        }
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}

static int expand(char *const *fields, const char *pattern, const char *destination, char ***ret,
                  Failure *f) {
        glob_t found = {};
        int r = 0;

        if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0) {
                globfree(&found);
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "nothing matches the pattern %s", pattern);
        }
        for (size_t i = 0; i < found.gl_pathc && r >= 0; i++) {
                const char *path = found.gl_pathv[i], *name = strrchr(path, '/');
                _cleanup_free_ char *place = NULL;
                char *text = NULL;

                r = destination ? path_join(destination, name ? name + 1 : path, &place)
                                : string_set(&place, path);
                if (r >= 0)
                        r = build(fields, "bind", path, place, &text);
                if (r >= 0)
                        r = strv_consume(ret, text);
        }
        globfree(&found);
        return r;
}

static int complete_fields(const char *text, const char *directory, char ***ret, Failure *f) {
        static const char *const types[] = { "type", NULL }, *const sources[] = { "source", "src", NULL },
                                 *const places[] = { "target", "destination", "dst", NULL };
        _cleanup_strv_free_ char **fields = NULL;
        _cleanup_free_ char *path = NULL;
        const char *type, *source;
        char *whole = NULL;
        bool pattern;
        int r;

        r = mount_split_fields(text, &fields);
        if (r < 0)
                return r == -EINVAL ? strv_extend(ret, text) : r;
        type = find_value(fields, types);
        source = find_value(fields, sources);
        pattern = type && streq(type, "glob");
        if (!type || isempty(source) || (!pattern && !streq(type, "bind")))
                return strv_extend(ret, text);
        r = *source == '/' ? string_set(&path, source) : path_join(directory, source, &path);
        if (r < 0)
                return r;
        if (pattern)
                return expand(fields, path, find_value(fields, places), ret, f);
        r = check_source(path, f);
        if (r >= 0 && *source == '/')
                return strv_extend(ret, text);
        if (r >= 0)
                r = build(fields, type, path, NULL, &whole);
        return r < 0 ? r : strv_consume(ret, whole);
}

int mount_source_complete(MountSyntax syntax, const char *text, const char *directory, char ***ret,
                          Failure *f) {
        if (syntax == MOUNT_SYNTAX_MOUNT)
                return complete_fields(text, directory, ret, f);
        if (syntax == MOUNT_SYNTAX_TMPFS || syntax == MOUNT_SYNTAX_INACCESSIBLE)
                return strv_extend(ret, text);
        return complete_paths(syntax, text, directory, ret, f);
}
