/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "basic/failure.h"
#include "basic/macro.h"

/* Reads a tar stream: v7, POSIX ustar, pax (POSIX.1-2001), star and GNU with long names, base-256 numbers
 * and all four ways to write a sparse file. OCI image-spec 1.1, layer.md.
 *
 *     archive = member* zero-block zero-block anything
 *     member  = extension* header body
 *     header  = 512 bytes, see tar-header.h;  body = size bytes, padded to 512
 *
 * Our own and not libarchive's, for two reasons. libarchive 3.6 turns the names of pax headers into the
 * locale's normal form, so that two files of an image may become one; and the check of a layer has to write
 * the stream again byte for byte, for which one must know it byte for byte. Where readers differ, Go's
 * archive/tar is followed: images are made and read by it. Global pax headers are skipped, as there. */

#define TAR_BLOCK_BYTES 512
#define TAR_EXTENSION_BYTES_MAX (1024 * 1024) /* a pax header, a long name; as Go has it */
#define TAR_EXTENTS_MAX (256 * 1024)
#define TAR_XATTRS_MAX 512

typedef enum TarType {
        TAR_FILE,
        TAR_HARDLINK,
        TAR_SYMLINK,
        TAR_CHARACTER,
        TAR_BLOCK,
        TAR_DIRECTORY,
        TAR_FIFO,
        _TAR_TYPE_MAX,
} TarType;

typedef struct TarXattr {
        char *name;
        void *value;
        size_t n_bytes;
} TarXattr;

typedef struct TarExtent {
        uint64_t offset;
        uint64_t n_bytes;
} TarExtent;

typedef struct TarEntry {
        TarType type;
        char *path; /* as written, never NULL, no NUL inside */
        char *link; /* target of a link, never NULL */
        mode_t mode; /* the twelve permission bits */
        uint64_t uid, gid;
        struct timespec mtime;
        uint64_t size; /* bytes, holes included */
        unsigned device_major, device_minor;
        TarXattr *xattrs;
        size_t n_xattrs;
        bool sparse;
        TarExtent *extents; /* of a sparse file: ascending, apart, within size */
        size_t n_extents;
} TarEntry;

void tar_entry_done(TarEntry *e);
void tar_xattrs_free(TarXattr *xattrs, size_t n);

/* Gives the next bytes of the stream; they stay readable until the next call. 1: *@ret_size (> 0) bytes, 0:
 * the end. Negative errno: passed on by whichever function needed the bytes. */
typedef int (*TarSource)(void *userdata, const void **ret, size_t *ret_size);

typedef struct TarReader TarReader;

int tar_reader_new(TarSource source, void *userdata, TarReader **ret);
TarReader *tar_reader_free(TarReader *t);
DEFINE_CLEANUP(TarReader, tar_reader_free)

/* Moves on to the next member, over what is left of the present one. 1: *@ret is borrowed until the next
 * call. 0: the end of the archive. Malformed streams are FAILURE_REGISTRY, sizes beyond the limits above
 * FAILURE_LIMITS_EXCEEDED. */
int tar_reader_next(TarReader *t, const TarEntry **ret, Failure *reterr);

/* The next piece of the present member's content: 1 with *@ret_size (> 0) bytes that belong at *@ret_offset
 * of the file, 0 at its end. The bytes are borrowed until the next call. */
int tar_reader_data(TarReader *t, const void **ret, size_t *ret_size, uint64_t *ret_offset, Failure *reterr);

/* Reads what follows the end of the archive, up to the end of the stream. */
int tar_reader_drain(TarReader *t);
