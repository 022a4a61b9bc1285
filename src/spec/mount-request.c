/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/table.h"
#include "spec/mount-request.h"
#include "spec/mount-split.h"
#include "spec/mount-word.h"

#define VOLUME_NAME_MAX 255

static const char *const mount_kind_table[] = {
        [MOUNT_KIND_BIND] = "bind",
        [MOUNT_KIND_GLOB] = "glob",
        [MOUNT_KIND_VOLUME] = "volume",
        [MOUNT_KIND_TMPFS] = "tmpfs",
        [MOUNT_KIND_RAMFS] = "ramfs",
        [MOUNT_KIND_DEVPTS] = "devpts",
        [MOUNT_KIND_IMAGE] = "image",
        [MOUNT_KIND_OVERLAY] = "overlay",
        [MOUNT_KIND_INACCESSIBLE] = "inaccessible",
};
DEFINE_STRING_TABLE(mount_kind, MountKind, _MOUNT_KIND_MAX)

void mount_request_done(MountRequest *m) {
        free(m->source);
        free(m->destination);
        free(m->subpath);
        free(m->upper);
        free(m->work);
        free(m->uids);
        free(m->gids);
        (void) strv_free(m->lowers);
        (void) strv_free(m->options);
        *m = (MountRequest){};
}

bool volume_name_is_valid(const char *s) {
        return !isempty(s) && strlen(s) <= VOLUME_NAME_MAX && strchr(ALPHANUMERIC, *s) &&
               string_in_charset(s, ALPHANUMERIC "_.-");
}

int mount_path_clean(const char *path, char **ret) {
        _cleanup_free_ char *clean = NULL;
        size_t n = 0;

        if (*path != '/')
                return -EINVAL;
        clean = malloc(strlen(path) + 2);
        if (!clean)
                return -ENOMEM;
        while (*path) {
                size_t length;

                path += strspn(path, "/");
                length = strcspn(path, "/");
                if (length == 2 && memcmp(path, "..", 2) == 0) {
                        while (n > 0 && clean[--n] != '/')
                                ;
                } else if (length > 0 && !(length == 1 && *path == '.')) {
                        clean[n++] = '/';
                        memcpy(clean + n, path, length);
                        n += length;
                }
                path += length;
        }
        if (n == 0)
                clean[n++] = '/';
        clean[n] = 0;
        *ret = TAKE_PTR(clean);
        return 0;
}

static int apply_one(MountReader *d, const char *word) {
        _cleanup_free_ char *name = strdup(word);
        char *equals;

        if (!name)
                return -ENOMEM;
        equals = strchr(name, '=');
        if (equals)
                *equals++ = 0;
        return mount_word_apply(d, name, equals);
}

static int apply_list(MountReader *d, const char *list) {
        _cleanup_strv_free_ char **l = NULL;
        int r;

        r = mount_split_fields(list, &l);
        if (r == -EINVAL)
                return mount_reader_refuse(d, "must have its quotes in pairs around whole fields");
        STRV_FOREACH(i, l) {
                if (r < 0)
                        return r;
                r = **i ? apply_one(d, *i) : mount_reader_refuse(d, "must not have an empty option");
        }
        return r;
}

static int set_destination(MountReader *d, const char *path) {
        MountRequest *m = d->request;
        char *clean;
        int r;

        r = mount_path_clean(path, &clean);
        if (r == -EINVAL)
                return mount_reader_refuse(d, "'%s' must be an absolute path inside the container", path);
        if (r < 0)
                return r;
        free(m->destination);
        m->destination = clean;
        return streq(clean, "/") ? mount_reader_refuse(d, "nothing can be mounted over the container's /")
                                 : 0;
}

static int add_default(MountReader *d, MountWordGroup group, const char *word) {
        return mount_reader_saw(d, group) ? 0 : strv_extend(&d->request->options, word);
}

/* What podman adds to options that are silent about it; systemd-nspawn leaves set-user-ID programs and
 * devices alone. */
static int add_defaults(MountReader *d) {
        static const unsigned binds =
                        1U << MOUNT_KIND_BIND | 1U << MOUNT_KIND_GLOB | 1U << MOUNT_KIND_VOLUME;
        const MountRequest *m = d->request;
        bool is_bind = binds & 1U << m->kind,
             is_dev = m->destination &&
                      (streq(m->destination, "/dev") || startswith(m->destination, "/dev/"));
        int r = 0;

        if (d->syntax == MOUNT_SYNTAX_BIND_RO)
                r = strv_extend(&d->request->options, "rro");
        if (r >= 0 && is_bind)
                r = add_default(d, MOUNT_WORD_RECURSION, "rbind");
        if (r >= 0 && is_bind)
                r = add_default(d, MOUNT_WORD_PROPAGATION, "rprivate");
        if (r >= 0 && d->syntax <= MOUNT_SYNTAX_TMPFS) {
                r = add_default(d, MOUNT_WORD_SUID, "nosuid");
                if (r >= 0 && m->kind == MOUNT_KIND_DEVPTS)
                        r = add_default(d, MOUNT_WORD_EXEC, "noexec");
                else if (r >= 0 && (!is_bind || !is_dev))
                        r = add_default(d, MOUNT_WORD_DEV, "nodev");
        }
        return r;
}

static int finish(MountReader *d) {
        MountRequest *m = d->request;
        int r;

        if (m->destination) {
                _cleanup_free_ char *path = TAKE_PTR(m->destination);

                r = set_destination(d, path);
                if (r < 0)
                        return r;
        } else if (m->kind != MOUNT_KIND_GLOB)
                return mount_reader_refuse(d, "must say where to mount: target=/PATH");
        if (!m->source &&
            (m->kind == MOUNT_KIND_BIND || m->kind == MOUNT_KIND_GLOB || m->kind == MOUNT_KIND_IMAGE))
                return mount_reader_refuse(d, "must say what to mount: source=%s",
                                           m->kind == MOUNT_KIND_IMAGE ? "IMAGE" : "/PATH");
        if (m->kind == MOUNT_KIND_VOLUME && m->source && !volume_name_is_valid(m->source))
                return mount_reader_refuse(
                                d,
                                "'%s' must be a path with a '/' or '.' in front, or a volume's name: a "
                                "letter or digit, then those, '_', '.' and '-'",
                                m->source);
        if (m->source && *m->source != '/' && (m->kind == MOUNT_KIND_BIND || m->kind == MOUNT_KIND_GLOB))
                return mount_reader_refuse(d, "'%s' must be an absolute path on the host", m->source);
        STRV_FOREACH(i, m->lowers)
                for (char *const *other = m->lowers; other < i; other++)
                        if (streq(*i, *other))
                                return mount_reader_refuse(d, "'%s' must be there once", *i);
        STRV_FOREACH(i, m->lowers)
                if (**i != '/')
                        return mount_reader_refuse(d, "'%s' must be an absolute path on the host", *i);
        if (m->upper && *m->upper != '/')
                return mount_reader_refuse(d, "'%s' must be an absolute path on the host", m->upper);
        if (!m->upper != !m->work)
                return mount_reader_refuse(d, "'upperdir' and 'workdir' go together");
        return add_defaults(d);
}

static int parse_volume(MountReader *d, const char *text) {
        _cleanup_strv_free_ char **parts = NULL, **words = NULL;
        MountRequest *m = d->request;
        size_t n;
        int r;

        r = mount_split_paths(text, &parts);
        if (r < 0)
                return r;
        n = strv_length(parts);
        if (n > 3 || (n > 1 && !*parts[0]) || (n > 2 && !*parts[2]))
                return mount_reader_refuse(d, "must be [SOURCE:]DESTINATION[:OPTION,...]");
        r = n > 2 ? strv_split(parts[2], ",", &words) : 0;
        if (r >= 0 && n > 1)
                r = string_set(&m->source, parts[0]);
        if (r < 0)
                return r;
        m->kind = strv_contains(words, "O")                           ? MOUNT_KIND_OVERLAY
                  : n > 1 && (*m->source == '/' || *m->source == '.') ? MOUNT_KIND_BIND
                                                                      : MOUNT_KIND_VOLUME;
        m->writable = m->kind == MOUNT_KIND_OVERLAY;
        r = set_destination(d, parts[n > 1]);
        if (r >= 0 && n > 2)
                r = apply_list(d, parts[2]);
        if (r >= 0 && m->kind == MOUNT_KIND_OVERLAY) {
                if (n == 1)
                        return mount_reader_refuse(d, "an overlay needs a source");
                if (*m->source == '/' || *m->source == '.')
                        r = strv_consume(&m->lowers, TAKE_PTR(m->source));
        }
        return r;
}

static int find_type(MountReader *d, char *const *fields) {
        const char *type = NULL;
        int kind;

        STRV_FOREACH(i, fields) {
                const char *value = startswith(*i, "type=");

                if (value && type)
                        return mount_reader_refuse(d, "must say 'type=' once");
                type = value ?: type;
        }
        if (!type)
                return mount_reader_refuse(
                                d, "must say type=bind, volume, tmpfs, ramfs, image, glob or devpts");
        kind = mount_kind_from_string(type);
        if (kind < 0 || kind >= MOUNT_KIND_OVERLAY)
                return mount_reader_refuse(
                                d, "'type=%s' must be bind, volume, tmpfs, ramfs, image, glob or devpts",
                                type);
        d->request->kind = (MountKind) kind;
        return 0;
}

static int parse_mount(MountReader *d, const char *text) {
        _cleanup_strv_free_ char **fields = NULL;
        int r;

        r = mount_split_fields(text, &fields);
        if (r == -EINVAL)
                return mount_reader_refuse(d, "must have its quotes in pairs around whole fields");
        if (r >= 0)
                r = find_type(d, fields);
        STRV_FOREACH(i, fields) {
                if (r < 0)
                        return r;
                if (!startswith(*i, "type="))
                        r = **i ? apply_one(d, *i) : mount_reader_refuse(d, "must not have an empty field");
        }
        return r;
}

static int parse_tmpfs(MountReader *d, const char *text) {
        _cleanup_strv_free_ char **parts = NULL;
        size_t n;
        int r;

        d->request->kind = MOUNT_KIND_TMPFS;
        r = mount_split_paths(text, &parts);
        if (r < 0)
                return r;
        n = strv_length(parts);
        if (n > 2 || (n == 2 && !*parts[1]))
                return mount_reader_refuse(d, "must be DESTINATION[:OPTION,...]");
        r = set_destination(d, parts[0]);
        return r < 0 || n < 2 ? r : apply_list(d, parts[1]);
}

static int parse_bind(MountReader *d, const char *text) {
        _cleanup_strv_free_ char **parts = NULL;
        size_t n;
        int r;

        d->request->kind = MOUNT_KIND_BIND;
        r = mount_split_paths(text, &parts);
        if (r < 0)
                return r;
        n = strv_length(parts);
        if (n > 3 || !*parts[0] || (n > 2 && !*parts[2]))
                return mount_reader_refuse(d, "must be SOURCE[:DESTINATION[:OPTION,...]]");
        r = string_set(&d->request->source, parts[0]);
        if (r >= 0)
                r = set_destination(d, n > 1 && *parts[1] ? parts[1] : parts[0]);
        return r < 0 || n < 3 ? r : apply_list(d, parts[2]);
}

static int parse_overlay(MountReader *d, const char *text) {
        _cleanup_strv_free_ char **parts = NULL;
        bool writable = d->syntax == MOUNT_SYNTAX_OVERLAY;
        MountRequest *m = d->request;
        size_t n, n_lowers;
        int r;

        m->kind = MOUNT_KIND_OVERLAY;
        m->writable = writable;
        r = mount_split_paths(text, &parts);
        if (r < 0)
                return r;
        n = strv_length(parts);
        if (n < 2)
                return mount_reader_refuse(d, "must be %s",
                                           writable ? "LOWER[:LOWER...]:UPPER:DESTINATION"
                                                    : "LOWER[:LOWER...]:DESTINATION");
        /* Of two paths the second is the place in the host and in the container alike. */
        n_lowers = n == 2 ? 1 + (size_t) !writable : n - 1 - (size_t) writable;
        for (size_t i = 0; i < n; i++) {
                bool is_upper = writable && i == (n == 2 ? 1 : n - 2);

                if (*parts[i] == '+')
                        return mount_reader_refuse(d,
                                                   "'%s' must be a path of the host; those of the image are "
                                                   "not possible",
                                                   parts[i]);
                if (*parts[i] != '/' && *parts[i] != '.' && !(is_upper && !*parts[i]))
                        return mount_reader_refuse(d, "'%s' must be a path", parts[i]);
                if (i < n_lowers)
                        r = strv_extend(&m->lowers, parts[i]);
                else if (is_upper && *parts[i])
                        r = string_set(&m->upper, parts[i]);
                if (r < 0)
                        return r;
        }
        r = set_destination(d, parts[n - 1]);
        if (r >= 0 && m->upper)
                r = string_format(&m->work, "%s.work", m->upper);
        return r;
}

int mount_request_parse(MountSyntax syntax, const char *text, MountRequest *ret,
                        char reterr_hint[static MOUNT_HINT_MAX]) {
        static int (*const parsers[])(MountReader * d, const char *text) = {
                [MOUNT_SYNTAX_VOLUME] = parse_volume,   [MOUNT_SYNTAX_MOUNT] = parse_mount,
                [MOUNT_SYNTAX_TMPFS] = parse_tmpfs,     [MOUNT_SYNTAX_BIND] = parse_bind,
                [MOUNT_SYNTAX_BIND_RO] = parse_bind,    [MOUNT_SYNTAX_INACCESSIBLE] = set_destination,
                [MOUNT_SYNTAX_OVERLAY] = parse_overlay, [MOUNT_SYNTAX_OVERLAY_RO] = parse_overlay,
        };
        _cleanup_(mount_request_done) MountRequest m = { .kind = MOUNT_KIND_INACCESSIBLE };
        MountReader d = { .request = &m, .syntax = syntax, .hint = reterr_hint };
        int r;

        static_assert(ELEMENTSOF(parsers) == _MOUNT_SYNTAX_MAX, "parsers is not full");
        *reterr_hint = 0;
        if (!*text)
                return mount_reader_refuse(&d, "must not be empty");
        if (strlen(text) > MOUNT_REQUEST_BYTES_MAX)
                return mount_reader_refuse(&d, "must be at most %d bytes", MOUNT_REQUEST_BYTES_MAX);
        r = parsers[syntax](&d, text);
        if (r >= 0)
                r = finish(&d);
        if (r < 0)
                return r;
        *ret = m;
        m = (MountRequest){};
        return 0;
}
