/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-mapping.h"
#include "spec/mount-word.h"

int mount_reader_refuse(MountReader *d, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(d->hint, MOUNT_HINT_MAX, format, ap);
        va_end(ap);
        return -EINVAL;
}

/* podman takes "True", too. */
static int read_boolean(MountReader *d, const char *name, const char *value, bool *ret) {
        char lower[8] = {};

        if (!value) {
                *ret = true;
                return 0;
        }
        for (size_t i = 0; value[i] && i < sizeof(lower) - 1; i++)
                lower[i] = value[i] >= 'A' && value[i] <= 'Z' ? (char) (value[i] + 32) : value[i];
        if (strlen(value) >= sizeof(lower) || parse_boolean(lower, ret) < 0)
                return mount_reader_refuse(d, "'%s=%s' must be true or false", name, value);
        return 0;
}

static int add_option(MountReader *d, const char *name) {
        return strv_extend(&d->request->options, name);
}

static int add_value(MountReader *d, const char *name, const char *value) {
        char *word;
        int r = string_format(&word, "%s=%s", name, value);

        return r < 0 ? r : strv_consume(&d->request->options, word);
}

static int apply_word(MountReader *d, const char *name, const char *value) {
        (void) value;
        return add_option(d, name);
}

static int apply_nothing(MountReader *d, const char *name, const char *value) {
        (void) d;
        (void) name;
        (void) value;
        return 0;
}

static int apply_write(MountReader *d, const char *name, const char *value) {
        bool yes, write = streq(name, "rw") || streq(name, "readwrite");
        int r = read_boolean(d, name, value, &yes);

        if (r < 0)
                return r;
        d->request->writable = write == yes;
        return add_option(d, write == yes ? "rw" : "ro");
}

static int apply_recursive_read_only(MountReader *d, const char *name, const char *value) {
        (void) name;
        (void) value;
        return add_option(d, "rro");
}

static int apply_propagation(MountReader *d, const char *name, const char *value) {
        static const char *const words[] = { "private",  "slave",  "shared",  "unbindable",
                                             "rprivate", "rslave", "rshared", "runbindable" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(value, words[i]))
                        return add_option(d, value);
        return mount_reader_refuse(d,
                                   "'%s=%s' must be private, slave, shared or unbindable, with an 'r' in "
                                   "front if you like",
                                   name, value);
}

static int apply_nonrecursive(MountReader *d, const char *name, const char *value) {
        bool yes;
        int r = read_boolean(d, name, value, &yes);

        return r < 0 ? r : add_option(d, yes ? "bind" : "rbind");
}

static int apply_norbind(MountReader *d, const char *name, const char *value) {
        (void) name;
        (void) value;
        return add_option(d, "bind");
}

/* docker's */
static int apply_recursive(MountReader *d, const char *name, const char *value) {
        if (streq(value, "disabled"))
                return add_option(d, "bind");
        if (streq(value, "enabled") || streq(value, "writable"))
                return add_option(d, "rbind");
        if (!streq(value, "readonly"))
                return mount_reader_refuse(d, "'%s=%s' must be enabled, disabled, writable or readonly",
                                           name, value);
        return strv_contains(d->request->options, "rro") ? add_option(d, "rbind")
                                                         : (add_option(d, "rbind") ?: add_option(d, "rro"));
}

static int apply_relabel(MountReader *d, const char *name, const char *value) {
        return streq(value, "private") || streq(value, "shared")
                               ? 0
                               : mount_reader_refuse(d, "'%s=%s' must be private or shared", name, value);
}

static int apply_owner(MountReader *d, const char *name, const char *value) {
        return read_boolean(d, name, value, &d->request->chown);
}

static int apply_copy(MountReader *d, const char *name, const char *value) {
        bool yes;
        int r = read_boolean(d, name, value, &yes);

        if (r >= 0)
                d->request->no_copy = yes == (streq(name, "nocopy") || streq(name, "volume-nocopy") ||
                                              streq(name, "notmpcopyup"));
        return r;
}

static int apply_idmap(MountReader *d, const char *name, const char *value) {
        bool yes = true;
        int r = 0;

        d->request->recursive_idmap = *name == 'r';
        if (value && !strchr(value, '=')) {
                r = read_boolean(d, name, value, &yes);
        } else if (value) {
                r = mount_mapping_parse(value, d->request);
                if (r == -EINVAL)
                        return mount_reader_refuse(
                                        d,
                                        "'%s=%s' must be uids=BACKING-HOST-SIZE[#...] and gids=... "
                                        "with a ';' in between",
                                        name, value);
        }
        if (r >= 0 && yes)
                d->request->idmap = MOUNT_IDMAP_USERNS;
        return r;
}

static int apply_root_idmap(MountReader *d, const char *name, const char *value) {
        (void) name;
        (void) value;
        d->request->idmap = MOUNT_IDMAP_ROOT;
        return 0;
}

static int apply_dereference(MountReader *d, const char *name, const char *value) {
        return read_boolean(d, name, value, &d->request->no_dereference);
}

static int apply_source(MountReader *d, const char *name, const char *value) {
        if (!*value)
                return mount_reader_refuse(d, "'%s' must not be empty", name);
        return string_set(&d->request->source, value);
}

static int apply_target(MountReader *d, const char *name, const char *value) {
        if (*value != '/')
                return mount_reader_refuse(d, "'%s=%s' must be an absolute path inside the container", name,
                                           value);
        return string_set(&d->request->destination, value);
}

static int apply_subpath(MountReader *d, const char *name, const char *value) {
        _cleanup_strv_free_ char **parts = NULL;
        int r;

        r = strv_split(value, "/", &parts);
        if (r < 0)
                return r;
        if (strv_length(parts) == 0 || strv_contains(parts, ".."))
                return mount_reader_refuse(d, "'%s=%s' must be a path beneath the source, without '..'",
                                           name, value);
        return string_set(&d->request->subpath, value + strspn(value, "/"));
}

static int apply_host_path(MountReader *d, const char *name, const char *value) {
        if (*value != '/')
                return mount_reader_refuse(d, "'%s=%s' must be an absolute path on the host", name, value);
        return string_set(streq(name, "workdir") ? &d->request->work : &d->request->upper, value);
}

static int apply_size(MountReader *d, const char *name, const char *value) {
        size_t digits = strspn(value, DIGITS);

        if (digits == 0 || digits > 18 ||
            (value[digits] && (!strchr("kmgtKMGTbB%", value[digits]) || value[digits + 1])))
                return mount_reader_refuse(
                                d, "'%s=%s' must be a number of bytes with k, m or g, or a percentage", name,
                                value);
        if (value[digits] == 'b' || value[digits] == 'B') {
                _cleanup_free_ char *number = strndup(value, digits);

                return number ? add_value(d, "size", number) : -ENOMEM;
        }
        return add_value(d, "size", value);
}

static int apply_mode(MountReader *d, const char *name, const char *value) {
        if (!*value || strlen(value) > 5 || !string_in_charset(value, "01234567") ||
            strtoul(value, NULL, 8) > 07777)
                return mount_reader_refuse(d, "'%s=%s' must be a file mode in octal, such as 1777", name,
                                           value);
        return add_value(d, "mode", value);
}

static int apply_number(MountReader *d, const char *name, const char *value) {
        uint32_t number;

        if (parse_u32(value, &number) < 0)
                return mount_reader_refuse(d, "'%s=%s' must be a number", name, value);
        return add_value(d, name, value);
}

static int apply_huge(MountReader *d, const char *name, const char *value) {
        if (!streq(value, "never") && !streq(value, "always") && !streq(value, "within_size") &&
            !streq(value, "advise"))
                return mount_reader_refuse(d, "'%s=%s' must be never, always, within_size or advise", name,
                                           value);
        return add_value(d, name, value);
}

static int refuse_volume_option(MountReader *d, const char *name, const char *value) {
        (void) value;
        return mount_reader_refuse(
                        d, "'%s' is not possible here; make the volume with 'creelctl volume create' first",
                        name);
}

#define B (1U << MOUNT_KIND_BIND | 1U << MOUNT_KIND_GLOB)
#define V (1U << MOUNT_KIND_VOLUME)
#define T (1U << MOUNT_KIND_TMPFS | 1U << MOUNT_KIND_RAMFS)
#define D (1U << MOUNT_KIND_DEVPTS)
#define I (1U << MOUNT_KIND_IMAGE)
#define O (1U << MOUNT_KIND_OVERLAY)
#define ALL (B | V | T | D | I | O)

#define VOLUME (1U << MOUNT_SYNTAX_VOLUME)
#define MOUNT (1U << MOUNT_SYNTAX_MOUNT)
#define NSPAWN (1U << MOUNT_SYNTAX_BIND | 1U << MOUNT_SYNTAX_BIND_RO)
#define LIST (VOLUME | 1U << MOUNT_SYNTAX_TMPFS) /* words without "=true" */
#define ANY (LIST | MOUNT)

typedef enum ValueRule {
        VALUE_NONE,
        VALUE_OPTIONAL, /* with MOUNT only: a boolean */
        VALUE_MAYBE,    /* everywhere */
        VALUE_NEEDED,
} ValueRule;

static const struct {
        const char *name;
        unsigned kinds, syntaxes;
        MountWordGroup group;
        ValueRule rule;
        int (*apply)(MountReader *d, const char *name, const char *value);
} words[] = {
        { "source", B | V | I, MOUNT, MOUNT_WORD_SOURCE, VALUE_NEEDED, apply_source },
        { "src", B | V | I, MOUNT, MOUNT_WORD_SOURCE, VALUE_NEEDED, apply_source },
        { "target", ALL, MOUNT, MOUNT_WORD_TARGET, VALUE_NEEDED, apply_target },
        { "destination", ALL, MOUNT, MOUNT_WORD_TARGET, VALUE_NEEDED, apply_target },
        { "dst", ALL, MOUNT, MOUNT_WORD_TARGET, VALUE_NEEDED, apply_target },
        { "subpath", B | V | I, ANY, MOUNT_WORD_SUBPATH, VALUE_NEEDED, apply_subpath },
        { "volume-subpath", V, MOUNT, MOUNT_WORD_SUBPATH, VALUE_NEEDED, apply_subpath },
        { "image-subpath", I, MOUNT, MOUNT_WORD_SUBPATH, VALUE_NEEDED, apply_subpath },

        { "ro", ALL, ANY, MOUNT_WORD_WRITE, VALUE_OPTIONAL, apply_write },
        { "readonly", ALL, MOUNT, MOUNT_WORD_WRITE, VALUE_OPTIONAL, apply_write },
        { "rw", ALL, ANY, MOUNT_WORD_WRITE, VALUE_OPTIONAL, apply_write },
        { "readwrite", I, MOUNT, MOUNT_WORD_WRITE, VALUE_OPTIONAL, apply_write },
        { "rro", B | V, ANY, MOUNT_WORD_WRITE, VALUE_NONE, apply_recursive_read_only },
        { "nosuid", ALL, ANY, MOUNT_WORD_SUID, VALUE_NONE, apply_word },
        { "suid", ALL, ANY, MOUNT_WORD_SUID, VALUE_NONE, apply_word },
        { "nodev", ALL, ANY, MOUNT_WORD_DEV, VALUE_NONE, apply_word },
        { "dev", ALL, ANY, MOUNT_WORD_DEV, VALUE_NONE, apply_word },
        { "noexec", ALL, ANY, MOUNT_WORD_EXEC, VALUE_NONE, apply_word },
        { "exec", ALL, ANY, MOUNT_WORD_EXEC, VALUE_NONE, apply_word },
        { "noatime", ALL, ANY, MOUNT_WORD_ATIME, VALUE_NONE, apply_word },
        { "relatime", ALL, ANY, MOUNT_WORD_ATIME, VALUE_NONE, apply_word },
        { "strictatime", ALL, ANY, MOUNT_WORD_ATIME, VALUE_NONE, apply_word },
        { "atime", ALL, ANY, MOUNT_WORD_ATIME, VALUE_NONE, apply_word },
        { "nodiratime", ALL, ANY, MOUNT_WORD_DIRATIME, VALUE_NONE, apply_word },
        { "diratime", ALL, ANY, MOUNT_WORD_DIRATIME, VALUE_NONE, apply_word },
        { "nosymfollow", ALL, ANY, MOUNT_WORD_SYMFOLLOW, VALUE_NONE, apply_word },
        { "symfollow", ALL, ANY, MOUNT_WORD_SYMFOLLOW, VALUE_NONE, apply_word },

        { "private", ALL, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "rprivate", ALL, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "slave", B | V, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "rslave", B | V, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "shared", B | V, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "rshared", B | V, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "unbindable", B | V, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "runbindable", B | V, ANY, MOUNT_WORD_PROPAGATION, VALUE_NONE, apply_word },
        { "bind-propagation", B, MOUNT, MOUNT_WORD_PROPAGATION, VALUE_NEEDED, apply_propagation },
        { "bind", B | V, VOLUME, MOUNT_WORD_RECURSION, VALUE_NONE, apply_word },
        { "rbind", B | V, VOLUME | NSPAWN, MOUNT_WORD_RECURSION, VALUE_NONE, apply_word },
        { "norbind", B, NSPAWN, MOUNT_WORD_RECURSION, VALUE_NONE, apply_norbind },
        { "bind-nonrecursive", B, MOUNT, MOUNT_WORD_RECURSION, VALUE_OPTIONAL, apply_nonrecursive },
        { "bind-recursive", B, MOUNT, MOUNT_WORD_RECURSION, VALUE_NEEDED, apply_recursive },
        { "no-dereference", B, ANY, MOUNT_WORD_DEREFERENCE, VALUE_OPTIONAL, apply_dereference },

        { "idmap", B | V | I, ANY | NSPAWN, MOUNT_WORD_IDMAP, VALUE_MAYBE, apply_idmap },
        { "ridmap", B | V, ANY, MOUNT_WORD_IDMAP, VALUE_MAYBE, apply_idmap },
        { "noidmap", B, NSPAWN, MOUNT_WORD_IDMAP, VALUE_NONE, apply_nothing },
        { "rootidmap", B, ANY | NSPAWN, MOUNT_WORD_IDMAP, VALUE_NONE, apply_root_idmap },
        { "U", B | V | T, ANY, MOUNT_WORD_OWNER, VALUE_OPTIONAL, apply_owner },
        { "chown", B | V | T, MOUNT, MOUNT_WORD_OWNER, VALUE_OPTIONAL, apply_owner },
        /* There is no SELinux: nothing to do, as podman has it. */
        { "z", B | V | O, ANY, MOUNT_WORD_RELABEL, VALUE_NONE, apply_nothing },
        { "Z", B | V | O, ANY, MOUNT_WORD_RELABEL, VALUE_NONE, apply_nothing },
        { "relabel", B | V, MOUNT, MOUNT_WORD_RELABEL, VALUE_NEEDED, apply_relabel },
        { "copy", B | V, ANY, MOUNT_WORD_COPY, VALUE_NONE, apply_copy },
        { "nocopy", B | V, ANY, MOUNT_WORD_COPY, VALUE_NONE, apply_copy },
        { "volume-nocopy", V, MOUNT, MOUNT_WORD_COPY, VALUE_OPTIONAL, apply_copy },
        { "volume-opt", V, MOUNT, MOUNT_WORD_IGNORED, VALUE_MAYBE, refuse_volume_option },
        { "volume-label", V, MOUNT, MOUNT_WORD_IGNORED, VALUE_MAYBE, refuse_volume_option },
        { "volume-driver", V, MOUNT, MOUNT_WORD_IGNORED, VALUE_MAYBE, refuse_volume_option },

        { "size", T, ANY, MOUNT_WORD_SIZE, VALUE_NEEDED, apply_size },
        { "tmpfs-size", T, MOUNT, MOUNT_WORD_SIZE, VALUE_NEEDED, apply_size },
        { "mode", T | D, ANY, MOUNT_WORD_MODE, VALUE_NEEDED, apply_mode },
        { "tmpfs-mode", T, MOUNT, MOUNT_WORD_MODE, VALUE_NEEDED, apply_mode },
        { "uid", T | D, ANY, MOUNT_WORD_UID, VALUE_NEEDED, apply_number },
        { "gid", T | D, ANY, MOUNT_WORD_GID, VALUE_NEEDED, apply_number },
        { "nr_inodes", T, ANY, MOUNT_WORD_INODES, VALUE_NEEDED, apply_number },
        { "huge", T, ANY, MOUNT_WORD_HUGE, VALUE_NEEDED, apply_huge },
        { "noswap", T, ANY, MOUNT_WORD_SWAP, VALUE_NONE, apply_word },
        { "max", D, MOUNT, MOUNT_WORD_MAX, VALUE_NEEDED, apply_number },
        { "tmpcopyup", T, ANY, MOUNT_WORD_COPY, VALUE_NONE, apply_copy },
        { "notmpcopyup", T, ANY, MOUNT_WORD_COPY, VALUE_NONE, apply_copy },

        { "O", O, VOLUME, MOUNT_WORD_OVERLAY, VALUE_NONE, apply_nothing },
        { "upperdir", O, VOLUME, MOUNT_WORD_UPPER, VALUE_NEEDED, apply_host_path },
        { "workdir", O, VOLUME, MOUNT_WORD_WORK, VALUE_NEEDED, apply_host_path },

        /* Of other systems; docker and podman pass over them. */
        { "consistency", ALL, MOUNT, MOUNT_WORD_IGNORED, VALUE_MAYBE, apply_nothing },
        { "cached", B | V, VOLUME, MOUNT_WORD_IGNORED, VALUE_NONE, apply_nothing },
        { "delegated", B | V, VOLUME, MOUNT_WORD_IGNORED, VALUE_NONE, apply_nothing },
        { "consistent", B | V, VOLUME, MOUNT_WORD_IGNORED, VALUE_NONE, apply_nothing },
};
static_assert(_MOUNT_WORD_GROUP_MAX <= 64, "MountReader.seen is too narrow");

static int check_value(MountReader *d, const char *name, const char *value, ValueRule rule) {
        if (rule == VALUE_NEEDED && !value)
                return mount_reader_refuse(d, "'%s' needs a value: %s=VALUE", name, name);
        if (value && (rule == VALUE_NONE || (rule == VALUE_OPTIONAL && d->syntax != MOUNT_SYNTAX_MOUNT)))
                return mount_reader_refuse(d, "'%s' takes no value", name);
        return 0;
}

int mount_word_apply(MountReader *d, const char *name, const char *value) {
        const char *kind = mount_kind_to_string(d->request->kind);
        bool known = false;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                if (!streq(name, words[i].name) || !(words[i].syntaxes & 1U << d->syntax))
                        continue;
                known = true;
                if (!(words[i].kinds & 1U << d->request->kind))
                        continue;
                r = check_value(d, name, value, words[i].rule);
                if (r < 0)
                        return r;
                if (words[i].group != MOUNT_WORD_IGNORED && mount_reader_saw(d, words[i].group))
                        return mount_reader_refuse(d,
                                                   "'%s' comes behind an option that says the same or the "
                                                   "opposite; give one",
                                                   name);
                d->seen |= UINT64_C(1) << words[i].group;
                return words[i].apply(d, name, value);
        }
        return known ? mount_reader_refuse(d, "'%s' is no option of a mount of type %s", name, kind)
                     : mount_reader_refuse(d,
                                           "'%s' is not an option of mounts; creel-container-options(7) "
                                           "lists those that exist",
                                           name);
}
