/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/mount-request.h"

/* The words of podman's mount options: "ro", "size=64m", "relabel=shared" and so on. */

typedef enum MountWordGroup {
        MOUNT_WORD_SOURCE,
        MOUNT_WORD_TARGET,
        MOUNT_WORD_SUBPATH,
        MOUNT_WORD_WRITE,
        MOUNT_WORD_SUID,
        MOUNT_WORD_DEV,
        MOUNT_WORD_EXEC,
        MOUNT_WORD_ATIME,
        MOUNT_WORD_DIRATIME,
        MOUNT_WORD_SYMFOLLOW,
        MOUNT_WORD_PROPAGATION,
        MOUNT_WORD_RECURSION,
        MOUNT_WORD_COPY,
        MOUNT_WORD_OWNER,
        MOUNT_WORD_RELABEL,
        MOUNT_WORD_IDMAP,
        MOUNT_WORD_SIZE,
        MOUNT_WORD_MODE,
        MOUNT_WORD_SWAP,
        MOUNT_WORD_UID,
        MOUNT_WORD_GID,
        MOUNT_WORD_INODES,
        MOUNT_WORD_HUGE,
        MOUNT_WORD_MAX,
        MOUNT_WORD_UPPER,
        MOUNT_WORD_WORK,
        MOUNT_WORD_OVERLAY,
        MOUNT_WORD_DEREFERENCE,
        MOUNT_WORD_IGNORED, /* may be said many times */
        _MOUNT_WORD_GROUP_MAX,
} MountWordGroup;

typedef struct MountReader {
        MountRequest *request;
        MountSyntax syntax;
        uint64_t seen; /* bit i: a word of group i was there */
        char *hint;    /* MOUNT_HINT_MAX bytes */
} MountReader;

static inline bool mount_reader_saw(const MountReader *d, MountWordGroup group) {
        return d->seen & (UINT64_C(1) << group);
}

/* Says what is wrong. Returns -EINVAL. */
int mount_reader_refuse(MountReader *d, const char *format, ...) _printf_(2, 3);

/* Lets one word have its say: @value is NULL where there is no "=". The request's kind is known by now.
 * -EINVAL: no such word, not for this kind or syntax, a bad value, or the second of its group. */
int mount_word_apply(MountReader *d, const char *name, const char *value);
