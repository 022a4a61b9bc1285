/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <assert.h>
#include <string.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "image/tar-header.h"
#include "image/tar.h"

static_assert(sizeof(TarHeader) == TAR_BLOCK_BYTES, "a header is one block");
static_assert(sizeof(TarSparseBlock) == TAR_BLOCK_BYTES, "a list of extents is one block");
static_assert(offsetof(TarHeader, gnu.extents) == 386 && offsetof(TarHeader, gnu.real_size) == 483,
              "GNU's sparse header");

static int number_parse_binary(const uint8_t *p, size_t size, int64_t *ret) {
        bool negative = p[0] & 0x40;
        uint64_t v = negative ? UINT64_MAX : 0;

        for (size_t i = 0; i < size; i++) {
                uint8_t byte = i > 0 ? p[i] : negative ? p[0] | 0x80 : p[0] & 0x7f;

                /* What is shifted out must be copies of the sign. */
                if ((int64_t) v >> 55 != (negative ? -1 : 0))
                        return -ERANGE;
                v = v << 8 | byte;
        }
        *ret = (int64_t) v;
        return 0;
}

int tar_number_parse(const char *field, size_t size, int64_t *ret) {
        size_t i = 0, end = size;
        uint64_t v = 0;

        if ((uint8_t) field[0] & 0x80)
                return number_parse_binary((const uint8_t *) field, size, ret);

        while (i < end && (field[i] == ' ' || field[i] == 0))
                i++;
        while (end > i && (field[end - 1] == ' ' || field[end - 1] == 0))
                end--;
        /* Some writers leave rubbish behind the NUL. */
        for (; i < end && field[i] != 0 && field[i] != ' '; i++) {
                if (field[i] < '0' || field[i] > '7')
                        return -EBADMSG;
                v = v << 3 | (uint64_t) (field[i] - '0');
        }
        *ret = (int64_t) v; /* twelve digits are 36 bits */
        return 0;
}

int tar_number_parse_unsigned(const char *field, size_t size, uint64_t *ret) {
        int64_t v = 0;
        int r;

        r = tar_number_parse(field, size, &v);
        if (r < 0)
                return r;
        if (v < 0)
                return -EBADMSG;
        *ret = (uint64_t) v;
        return 0;
}

bool tar_block_is_zero(const void *block) {
        const char *p = block;

        return p[0] == 0 && memcmp(p, p + 1, TAR_BLOCK_BYTES - 1) == 0;
}

bool tar_header_checksum_is_valid(const TarHeader *h) {
        const uint8_t *p = (const uint8_t *) h;
        int64_t sum = 0, sum_signed = 0, expect = 0;

        if (tar_number_parse(h->checksum, sizeof(h->checksum), &expect) < 0)
                return false;
        for (size_t i = 0; i < TAR_BLOCK_BYTES; i++) {
                bool inside = i >= offsetof(TarHeader, checksum) && i < offsetof(TarHeader, type);

                sum += inside ? ' ' : p[i];
                sum_signed += inside ? ' ' : (int8_t) p[i]; /* as SunOS wrote it */
        }
        return sum == expect || sum_signed == expect;
}

TarFormat tar_header_format(const TarHeader *h) {
        if (memcmp(h->magic, "ustar\0", 6) == 0)
                return memcmp(h->star_magic, "tar\0", 4) == 0 ? TAR_FORMAT_STAR : TAR_FORMAT_USTAR;
        if (memcmp(h->magic, "ustar ", 6) == 0 && memcmp(h->version, " \0", 2) == 0)
                return TAR_FORMAT_GNU;
        return TAR_FORMAT_V7;
}

int tar_header_name(const TarHeader *h, TarFormat format, char **ret) {
        const char *prefix = (const char *) h + offsetof(TarHeader, prefix);
        int n = (int) strnlen(h->name, sizeof(h->name)), n_prefix = 0;

        if (format == TAR_FORMAT_USTAR)
                n_prefix = (int) strnlen(prefix, sizeof(h->prefix));
        else if (format == TAR_FORMAT_STAR)
                n_prefix = (int) strnlen(prefix, sizeof(h->star.prefix));
        return string_format(ret, "%.*s%s%.*s", n_prefix, prefix, n_prefix > 0 ? "/" : "", n, h->name);
}
