/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/path.h"

/* A directory of a test's own, gone with everything in it when the test is over. */
typedef struct TmpDir {
        char path[64];
        int fd;
} TmpDir;

static inline TmpDir tmpdir_new(void) {
        TmpDir d = { "/tmp/creel-test-XXXXXX", -EBADF };
        char *path = mkdtemp(d.path);

        assert(path);
        d.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert(d.fd >= 0);
        return d;
}

static inline void tmpdir_done(TmpDir *d) {
        (void) fd_close(d->fd);
        (void) path_remove_tree(AT_FDCWD, d->path, UINT64_MAX);
}

#define _cleanup_tmpdir_ __attribute__((__cleanup__(tmpdir_done)))

/* Writes a file as a test wants it, without what file.c does besides. */
static inline void tmpdir_write(int dirfd, const char *name, const char *text) {
        _cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        int r;

        assert(fd >= 0);
        r = fd_write_all(fd, text, strlen(text));
        assert(r == 0);
        (void) r;
}

static inline int tmpdir_exists(int dirfd, const char *name) {
        struct stat st;

        return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
