/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One 512-byte header of a tar stream, and the numbers in it. POSIX.1-2017, pax, "ustar Interchange Format";
 * GNU tar manual, "Basic Tar Format" and "Storing Sparse Files".
 *
 *     number   = blank* octal-digit* (blank | NUL)* | base-256
 *     base-256 = a big-endian two's complement whose first bit is a mark, and not part of it
 */

typedef enum TarFormat {
        TAR_FORMAT_V7,
        TAR_FORMAT_USTAR,
        TAR_FORMAT_STAR,
        TAR_FORMAT_GNU,
} TarFormat;

typedef struct TarHeader {
        char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
        char type;
        char link[100], magic[6], version[2], user[32], group[32], device_major[8], device_minor[8];
        union {
                char prefix[155]; /* ustar */
                struct {
                        char prefix[131], atime[12], ctime[12];
                } star;
                struct {
                        char atime[12], ctime[12], offset[12], longnames[4], unused;
                        char extents[4][2][12];
                        char extended, real_size[12];
                } gnu;
        };
        char star_magic_padding[8], star_magic[4];
} TarHeader;

/* The block behind a GNU sparse header whose list of extents is longer than four. */
typedef struct TarSparseBlock {
        char extents[21][2][12];
        char extended, padding[7];
} TarSparseBlock;

/* -EBADMSG: neither of the two forms. -ERANGE: does not fit. */
int tar_number_parse(const char *field, size_t size, int64_t *ret);
/* The same, where only 0 and up makes sense. -EBADMSG for less. */
int tar_number_parse_unsigned(const char *field, size_t size, uint64_t *ret);

/* True when every byte is 0: a mark of the end. */
bool tar_block_is_zero(const void *block);
bool tar_header_checksum_is_valid(const TarHeader *h);
TarFormat tar_header_format(const TarHeader *h);

/* The member's name, put together from prefix and name where the format has both. */
int tar_header_name(const TarHeader *h, TarFormat format, char **ret);
