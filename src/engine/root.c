/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "engine/image.h"
#include "engine/root.h"
#include "security/idrange.h"
#include "spec/root-source.h"

static char *const shell[] = { (char *) "/bin/sh", NULL };

const ImageConfig root_image_config = {
        .os = (char *) "linux",
        .cmd = (char **) shell,
};

const ImageConfig *container_image_config(const Container *c) {
        const Image *i;

        if (c->record->rootfs)
                return &root_image_config;
        i = hashmap_get(c->engine->images, digest_hex(&c->record->image_id));
        return i ? i->record->config : NULL;
}

static int find_name(const char *name, char **ret, Failure *f) {
        for (const char *const *i = root_source_search_path; *i; i++) {
                _cleanup_free_ char *path = NULL;
                struct stat st;
                int r;

                r = path_join(*i, name, &path);
                if (r < 0)
                        return r;
                if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                        continue;
                *ret = TAKE_PTR(path);
                return 0;
        }
        return failure_set(f, FAILURE_NO_SUCH_IMAGE,
                           "there is no tree called %s in /var/lib/machines; give its path, or look with "
                           "'machinectl list-images'",
                           name);
}

/* Links are resolved once, so that what is locked and recorded is what is used. */
static int canonicalize(const char *path, char **ret, Failure *f) {
        _cleanup_free_ char *real = realpath(path, NULL);
        struct stat st;

        if (!real || stat(real, &st) < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno, "cannot use %s as a root",
                                         path);
        if (!S_ISDIR(st.st_mode))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "cannot use %s as a root: it is not a directory", path);
        *ret = TAKE_PTR(real);
        return 0;
}

static int resolve_directory(const char *text, char **ret, Failure *f) {
        _cleanup_(root_source_done) RootSource s = {};
        _cleanup_free_ char *found = NULL;
        const char *hint;
        int r;

        r = root_source_parse_directory(text, &s, &hint);
        if (r >= 0 && *s.path != '/')
                r = find_name(s.path, &found, f);
        return r < 0 ? r : canonicalize(found ?: s.path, ret, f);
}

static int resolve_rootfs(const char *text, char **ret, Failure *f) {
        _cleanup_(root_source_done) RootSource s = {};
        const char *hint;
        int r;

        r = root_source_parse_rootfs(text, &s, &hint);
        return r < 0 ? r : canonicalize(s.path, ret, f);
}

int root_resolve(const ContainerSpec *spec, char **ret_path, Failure *f) {
        _cleanup_free_ char *path = NULL;
        int r = 0;

        if (!!spec->rootfs + !!spec->directory + !!spec->template > 1)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--rootfs, --directory and --template each name a root; choose one");
        if (spec->rootfs)
                r = resolve_rootfs(spec->rootfs, &path, f);
        else if (spec->directory)
                r = resolve_directory(spec->directory, &path, f);
        else if (spec->template)
                r = resolve_directory(spec->template, &path, f);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
}

static bool parse_rootfs(const ContainerSpec *spec, RootSource *ret) {
        const char *hint;

        return spec->rootfs && root_source_parse_rootfs(spec->rootfs, ret, &hint) >= 0;
}

bool root_is_read_only(const ContainerSpec *spec) {
        _cleanup_(root_source_done) RootSource s = {};

        return parse_rootfs(spec, &s) && s.read_only;
}

bool root_is_overlay(const ContainerRecord *record) {
        const ContainerSpec *spec = record->spec;
        _cleanup_(root_source_done) RootSource s = {};

        if (!record->rootfs || spec->template || spec->ephemeral)
                return true;
        return parse_rootfs(spec, &s) && s.overlay;
}

int root_shift(const char *path, uint32_t *ret_base, Failure *f) {
        struct stat st;

        if (stat(path, &st) < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno, "cannot use %s as a root",
                                         path);
        if (st.st_uid != st.st_gid || st.st_uid % IDRANGE_SIZE != 0 || st.st_uid > UINT32_MAX - IDRANGE_SIZE)
                *ret_base = 0;
        else
                *ret_base = st.st_uid;
        return 0;
}
