/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "store/store.h"

static int open_directory(int dirfd, const char *name, mode_t mode, int *ret_fd) {
        int fd;

        if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
                return negative_errno();
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

static int open_root(const char *path, int *ret_fd, Failure *f) {
        int fd, r;

        r = path_mkdir_parents(AT_FDCWD, path, 0711);
        if (r < 0)
                return failure_set_errno(f, FAILURE_STORAGE, r, "cannot create %s", path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return failure_set_errno(f, FAILURE_STORAGE, errno, "cannot open %s", path);
        *ret_fd = fd;
        return 0;
}

static int open_children(Store *s, Failure *f) {
        const struct {
                int *dirfd;
                const char *name;
                mode_t mode;
                int *fd;
        } children[] = {
                /* 0700: set-user-ID programs inside layers must be out of everyone's reach */
                { &s->root_fd, "layers", 0700, &s->layers_fd },
                { &s->root_fd, "blobs", 0700, &s->blobs_parent_fd },
                { &s->blobs_parent_fd, "sha256", 0700, &s->blobs_fd },
                { &s->root_fd, "images", 0700, &s->images_fd },
                { &s->root_fd, "refs", 0700, &s->refs_fd },
                { &s->root_fd, "containers", 0700, &s->containers_fd },
                { &s->root_fd, "volumes", 0700, &s->volumes_fd },
                { &s->root_fd, "staging", 0700, &s->staging_fd },
                { &s->runtime_fd, "containers", 0700, &s->runtime_containers_fd },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(children); i++) {
                r = open_directory(*children[i].dirfd, children[i].name, children[i].mode, children[i].fd);
                if (r < 0)
                        return failure_set_errno(
                                        f, FAILURE_STORAGE, r, "cannot open %s below %s", children[i].name,
                                        children[i].dirfd == &s->runtime_fd ? s->runtime_path : s->path);
        }

        return 0;
}

int store_open(const char *path, const char *runtime_path, Store **ret, Failure *f) {
        _cleanup_(store_closep) Store *s = new(Store, 1);
        int r;

        if (!s)
                return -ENOMEM;
        *s = (Store) {
                .root_fd = -EBADF,
                .layers_fd = -EBADF,
                .blobs_parent_fd = -EBADF,
                .blobs_fd = -EBADF,
                .images_fd = -EBADF,
                .refs_fd = -EBADF,
                .containers_fd = -EBADF,
                .volumes_fd = -EBADF,
                .staging_fd = -EBADF,
                .runtime_fd = -EBADF,
                .runtime_containers_fd = -EBADF,
        };
        s->path = strdup(path);
        s->runtime_path = strdup(runtime_path);
        if (!s->path || !s->runtime_path)
                return -ENOMEM;

        r = open_root(path, &s->root_fd, f);
        if (r >= 0)
                r = open_root(runtime_path, &s->runtime_fd, f);
        if (r < 0)
                return r;
        if (flock(s->root_fd, LOCK_EX | LOCK_NB) < 0)
                return failure_set(f, FAILURE_BUSY, "another creeld is using %s", path);
        r = open_children(s, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Store *store_close(Store *s) {
        if (!s)
                return NULL;
        (void) fd_close(s->root_fd);
        (void) fd_close(s->layers_fd);
        (void) fd_close(s->blobs_parent_fd);
        (void) fd_close(s->blobs_fd);
        (void) fd_close(s->images_fd);
        (void) fd_close(s->refs_fd);
        (void) fd_close(s->containers_fd);
        (void) fd_close(s->volumes_fd);
        (void) fd_close(s->staging_fd);
        (void) fd_close(s->runtime_fd);
        (void) fd_close(s->runtime_containers_fd);
        free(s->path);
        free(s->runtime_path);
        return mfree(s);
}

static int staging_name(char **ret) {
        char id[65];
        int r;

        r = id_generate(id);
        return r < 0 ? r : string_format(ret, "%.16s", id);
}

int store_stage(Store *s, char **ret_name, int *ret_fd) {
        _cleanup_free_ char *name = NULL;
        int r;

        r = staging_name(&name);
        if (r < 0)
                return r;
        r = open_directory(s->staging_fd, name, 0700, ret_fd);
        if (r < 0)
                return r;
        *ret_name = TAKE_PTR(name);
        return 0;
}

int store_discard(Store *s, int dirfd, const char *name, char **ret_name) {
        _cleanup_free_ char *hidden = NULL;
        int r;

        r = staging_name(&hidden);
        if (r < 0)
                return r;
        if (renameat2(dirfd, name, s->staging_fd, hidden, RENAME_NOREPLACE) < 0)
                return negative_errno();
        *ret_name = TAKE_PTR(hidden);
        return 0;
}

typedef struct Sweep {
        char *name;
        int fd;
} Sweep;

static int sweep_entry(Store *s, const char *name, void *userdata) {
        Sweep *sweep = userdata;
        int r;

        if (!sweep->name) {
                r = store_stage(s, &sweep->name, &sweep->fd);
                if (r < 0)
                        return r;
        }
        if (streq(name, sweep->name))
                return 0;
        return renameat(s->staging_fd, name, sweep->fd, name) < 0 ? negative_errno() : 0;
}

int store_sweep_staging(Store *s, char **ret_name) {
        Sweep sweep = { NULL, -EBADF };
        int r;

        r = store_for_each(s, s->staging_fd, sweep_entry, &sweep);
        (void) fd_close(sweep.fd);
        if (r < 0) {
                free(sweep.name);
                return r;
        }
        *ret_name = sweep.name;
        return sweep.name ? 1 : 0;
}

/* The names are read before the first callback, which may add to the directory or take from it. */
static int read_names(int dirfd, char ***ret) {
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct dirent *de;
        DIR *dir;
        int r = 0;

        fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        dir = fdopendir(fd);
        if (!dir)
                return negative_errno();
        (void) TAKE_FD(fd);
        while (r >= 0 && (errno = 0, de = readdir(dir))) {
                if (streq(de->d_name, ".") || streq(de->d_name, ".."))
                        continue;
                if (startswith(de->d_name, ".#"))
                        (void) unlinkat(dirfd, de->d_name, 0);
                else
                        r = strv_extend(&names, de->d_name);
        }
        if (r >= 0 && errno != 0)
                r = negative_errno();
        (void) closedir(dir);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(names);
        return 0;
}

int store_for_each(Store *s, int dirfd, store_entry_t callback, void *userdata) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        r = read_names(dirfd, &names);
        STRV_FOREACH(i, r < 0 ? NULL : names) {
                r = callback(s, *i, userdata);
                if (r < 0)
                        break;
        }
        return r < 0 ? r : 0;
}
