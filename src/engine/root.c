/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/lock-file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "engine/image.h"
#include "engine/root.h"
#include "security/idrange.h"
#include "spec/root-source.h"
#include "spec/system-mode.h"

/* systemd-nspawn's own, so that it and we keep each other out */
#define NSPAWN_LOCKS "/run/systemd/nspawn/locks"

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

/* Reads @path beneath @dirfd, which may be anything that a container has left there. */
static bool read_machine_id(int dirfd, char ret[static 33]) {
        _cleanup_free_ char *text = NULL;

        if (dirfd < 0 || path_read_in_root(dirfd, "etc/machine-id", 64, &text) < 0)
                return false;
        text[strcspn(text, "\n")] = 0;
        if (!system_uuid_is_valid(text))
                return false;
        system_uuid_normalize(text, ret);
        return true;
}

void root_machine_id(const Engine *e, const ContainerRecord *record, char ret[static 33]) {
        _cleanup_close_ int tree = -EBADF, upper = -EBADF;
        _cleanup_free_ char *path = NULL;

        if (record->spec->uuid) {
                system_uuid_normalize(record->spec->uuid, ret);
                return;
        }
        /* What an image's own system has is made of what it was told. */
        if (e && record->rootfs && root_is_overlay(record) &&
            string_format(&path, "%s/rootfs/upper", record->id) >= 0)
                upper = openat(e->store->containers_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (record->rootfs)
                tree = open(record->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (!read_machine_id(upper, ret) && !read_machine_id(tree, ret)) {
                memcpy(ret, record->id, 32);
                ret[32] = 0;
        }
}

void root_start_done(RootStart *s) {
        s->tree_fd = fd_close(s->tree_fd);
        for (size_t i = 0; i < ELEMENTSOF(s->lock_fds); i++)
                s->lock_fds[i] = fd_close(s->lock_fds[i]);
}

void root_start_abandon(RootStart *s) {
        for (size_t i = 0; i < ELEMENTSOF(s->lock_fds); i++)
                lock_file_release(&s->lock_fds[i]);
        root_start_done(s);
}

/* The two locks of systemd's image_path_lock(). */
static int take_locks(const char *path, bool exclusive, RootStart *s) {
        _cleanup_close_ int locks = -EBADF, parent = -EBADF;
        _cleanup_free_ char *name = NULL, *directory = NULL, *beside = NULL;
        const char *slash = strrchr(path, '/');
        struct stat st;
        int r;

        if (fstat(s->tree_fd, &st) < 0)
                return negative_errno();
        r = path_mkdir_parents(AT_FDCWD, NSPAWN_LOCKS, 0700);
        if (r < 0)
                return r;
        locks = open(NSPAWN_LOCKS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        directory = slash == path ? strdup("/") : strndup(path, (size_t) (slash - path));
        if (locks < 0 || !directory)
                return negative_errno();
        parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
                return negative_errno();
        r = string_format(&name, "inode-%lu:%lu", (unsigned long) st.st_dev, (unsigned long) st.st_ino);
        if (r >= 0)
                r = string_format(&beside, ".#%s.lck", slash + 1);
        if (r >= 0)
                r = lock_file_take(parent, beside, exclusive, &s->lock_fds[1]);
        if (r == -EROFS || r == -ENAMETOOLONG)
                r = 0; /* the other one does */
        return r < 0 ? r : lock_file_take(locks, name, exclusive, &s->lock_fds[0]);
}

/* Into the tree itself. */
static bool root_is_written(const ContainerRecord *record) {
        const char *mode = record->spec->volatile_mode;

        return !root_is_overlay(record) && !record->spec->read_only && !root_is_read_only(record->spec) &&
               (!mode || volatile_mode_parse(mode) == VOLATILE_NO);
}

int root_start(const ContainerRecord *record, RootStart *ret, Failure *f) {
        _cleanup_(root_start_done) RootStart s = ROOT_START_NONE;
        int r;

        if (record->rootfs) {
                s.tree_fd = open(record->rootfs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (s.tree_fd < 0)
                        return failure_set_errno(f, FAILURE_STORAGE, errno, "%s: cannot open its root %s",
                                                 record->name, record->rootfs);
        }
        if (record->rootfs && !streq(record->rootfs, "/")) {
                r = take_locks(record->rootfs, root_is_written(record), &s);
                if (r < 0)
                        root_start_abandon(&s);
                if (r == -EBUSY)
                        return failure_set(f, FAILURE_BUSY,
                                           "%s: the tree %s is in use by another container or "
                                           "systemd-nspawn; stop that%s",
                                           record->name, record->rootfs,
                                           root_is_written(record) ? ", or, where it is only read, use "
                                                                     "--ephemeral or --template"
                                                                   : "");
                if (r < 0)
                        return failure_set_errno(f, FAILURE_STORAGE, r, "%s: cannot lock the tree %s",
                                                 record->name, record->rootfs);
        }
        *ret = s;
        s = ROOT_START_NONE;
        return 0;
}
