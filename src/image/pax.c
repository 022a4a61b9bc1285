/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "image/pax.h"

#define NSEC_DIGITS 9

void pax_done(Pax *p) {
        free(p->path);
        free(p->link);
        free(p->sparse_name);
        free(p->extents);
        tar_xattrs_free(p->xattrs, p->n_xattrs);
        *p = (Pax) {};
}

/* Decimal seconds with an optional sign and fraction; what is beyond nanoseconds is cut off towards the
 * past. */
static int parse_time(const char *s, struct timespec *ret) {
        bool negative = s[0] == '-';
        uint64_t nsec = 0;
        int64_t sec;
        size_t n, digits;
        char whole[24];

        s += negative;
        n = strspn(s, DIGITS);
        if (n == 0 || n >= sizeof(whole))
                return -EINVAL;
        memcpy(whole, s, n);
        whole[n] = 0;
        if (parse_i64(whole, &sec) < 0)
                return -EINVAL;

        s += n;
        if (*s == '.') {
                s++;
                digits = strspn(s, DIGITS);
                for (size_t i = 0; i < NSEC_DIGITS; i++)
                        nsec = nsec * 10 + (i < digits ? (uint64_t) (s[i] - '0') : 0);
                s += digits;
        }
        if (*s != 0)
                return -EINVAL;

        if (negative && nsec > 0) {
                sec = -sec - 1;
                nsec = 1000000000 - nsec;
        } else if (negative)
                sec = -sec;
        *ret = (struct timespec) { .tv_sec = sec, .tv_nsec = (long) nsec };
        return 0;
}

static int add_xattr(Pax *p, const char *name, const void *value, size_t n_bytes) {
        _cleanup_free_ char *key = strdup(name);
        _cleanup_free_ void *copy = malloc(n_bytes + 1);

        if (!key || !copy)
                return -ENOMEM;
        memcpy(copy, value, n_bytes);

        /* The last record of a key counts. */
        for (size_t i = 0; i < p->n_xattrs; i++)
                if (streq(p->xattrs[i].name, key)) {
                        free(p->xattrs[i].value);
                        p->xattrs[i].value = TAKE_PTR(copy);
                        p->xattrs[i].n_bytes = n_bytes;
                        return 0;
                }
        if (p->n_xattrs >= TAR_XATTRS_MAX)
                return -EINVAL;
        if (!GREEDY_REALLOC(p->xattrs, p->n_xattrs_allocated, p->n_xattrs + 1))
                return -ENOMEM;
        p->xattrs[p->n_xattrs++] =
                        (TarXattr){ .name = TAKE_PTR(key), .value = TAKE_PTR(copy), .n_bytes = n_bytes };
        return 0;
}

static int unhex(char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/* LIBARCHIVE.xattr.NAME=VALUE: the name with %XX, the value in base64. */
static int add_xattr_libarchive(Pax *p, const char *name, const char *value) {
        static const char alphabet[] = UPPERCASE LOWERCASE DIGITS "+/";
        _cleanup_free_ char *key = new(char, strlen(name) + 1);
        _cleanup_free_ uint8_t *data = new(uint8_t, strlen(value) + 1);
        size_t n_key = 0, n = 0;
        uint32_t bits = 0;
        unsigned n_bits = 0;

        if (!key || !data)
                return -ENOMEM;
        for (; *name; name++)
                if (*name == '%' && unhex(name[1]) >= 0 && unhex(name[2]) >= 0) {
                        key[n_key++] = (char) (unhex(name[1]) << 4 | unhex(name[2]));
                        name += 2;
                } else
                        key[n_key++] = *name;
        key[n_key] = 0;

        for (; *value && *value != '='; value++) {
                const char *c = strchr(alphabet, *value);

                if (!c)
                        return -EINVAL;
                bits = bits << 6 | (uint32_t) (c - alphabet);
                n_bits += 6;
                if (n_bits >= 8) {
                        n_bits -= 8;
                        data[n++] = (uint8_t) (bits >> n_bits);
                }
        }
        return add_xattr(p, key, data, n);
}

static int add_extent_offset(Pax *p, const char *value) {
        uint64_t v;

        if (p->extent_is_open || parse_u64(value, &v) < 0)
                return -EINVAL;
        if (p->n_extents >= TAR_EXTENTS_MAX)
                return -EINVAL;
        if (!GREEDY_REALLOC(p->extents, p->n_extents_allocated, p->n_extents + 1))
                return -ENOMEM;
        p->extents[p->n_extents] = (TarExtent) { .offset = v };
        p->extent_is_open = true;
        p->has_extents = true;
        return 0;
}

static int add_extent_length(Pax *p, const char *value) {
        if (!p->extent_is_open || parse_u64(value, &p->extents[p->n_extents].n_bytes) < 0)
                return -EINVAL;
        p->n_extents++;
        p->extent_is_open = false;
        return 0;
}

/* GNU.sparse.map=offset,length,offset,length... */
static int add_extents(Pax *p, char *value) {
        char *word;
        int r;

        p->n_extents = 0;
        p->extent_is_open = false;
        p->has_extents = true;
        while (!isempty(value) && (word = strsep(&value, ","))) {
                r = p->extent_is_open ? add_extent_length(p, word) : add_extent_offset(p, word);
                if (r < 0)
                        return r;
        }
        return p->extent_is_open ? -EINVAL : 0;
}

static int set_number(const char *value, uint64_t *ret, bool *ret_has) {
        *ret_has = !isempty(value);
        return *ret_has ? parse_u64(value, ret) : 0;
}

static int set_string(const char *value, size_t n_bytes, char **ret) {
        if (strlen(value) != n_bytes)
                return -EINVAL;
        return string_set(ret, n_bytes > 0 ? value : NULL);
}

/* @value is NUL-terminated, may have NULs inside, and may be changed. */
static int pax_set(Pax *p, const char *key, char *value, size_t n_bytes) {
        const char *name;
        bool has;

        if (streq(key, "path"))
                return set_string(value, n_bytes, &p->path);
        if (streq(key, "linkpath"))
                return set_string(value, n_bytes, &p->link);
        if (streq(key, "uid"))
                return set_number(value, &p->uid, &p->has_uid);
        if (streq(key, "gid"))
                return set_number(value, &p->gid, &p->has_gid);
        if (streq(key, "size"))
                return set_number(value, &p->size, &p->has_size);
        if (streq(key, "mtime")) {
                p->has_mtime = n_bytes > 0;
                return p->has_mtime ? parse_time(value, &p->mtime) : 0;
        }
        if ((name = startswith(key, "SCHILY.xattr.")))
                return add_xattr(p, name, value, n_bytes);
        if ((name = startswith(key, "LIBARCHIVE.xattr.")))
                return add_xattr_libarchive(p, name, value);
        if (!(name = startswith(key, "GNU.sparse.")))
                return 0; /* atime, user and group names, comments, ... */

        if (streq(name, "major"))
                return set_number(value, &p->sparse_major, &has);
        if (streq(name, "minor"))
                return set_number(value, &p->sparse_minor, &has);
        if (streq(name, "name"))
                return set_string(value, n_bytes, &p->sparse_name);
        if (streq(name, "size") || streq(name, "realsize"))
                return set_number(value, &p->sparse_size, &p->has_sparse_size);
        if (streq(name, "offset"))
                return add_extent_offset(p, value);
        if (streq(name, "numbytes"))
                return add_extent_length(p, value);
        if (streq(name, "map"))
                return add_extents(p, value);
        return 0; /* numblocks says nothing new */
}

/* How long the record at @data is, and where its key starts. */
static int record_split(const char *data, size_t n_bytes, size_t *ret_length, size_t *ret_start) {
        size_t length = 0, i = 0;

        for (; i < n_bytes && data[i] >= '0' && data[i] <= '9'; i++) {
                length = length * 10 + (size_t) (data[i] - '0');
                if (length > n_bytes)
                        return -EINVAL;
        }
        if (i == 0 || i >= n_bytes || data[i] != ' ' || length < i + 3 || data[length - 1] != '\n')
                return -EINVAL;
        *ret_length = length;
        *ret_start = i + 1;
        return 0;
}

int pax_parse(const char *data, size_t n_bytes, Pax *p, Failure *reterr) {
        while (n_bytes > 0) {
                _cleanup_free_ char *record = NULL;
                size_t length = 0, start = 0, n;
                char *value;
                int r;

                if (record_split(data, n_bytes, &length, &start) < 0)
                        return failure_set(reterr, FAILURE_REGISTRY,
                                           "a pax header is malformed; build the image again");
                n = length - start - 1;
                record = malloc(n + 1);
                if (!record)
                        return -ENOMEM;
                memcpy(record, data + start, n);
                record[n] = 0;
                value = memchr(record, '=', n);
                if (!value || value == record || strlen(record) < (size_t) (value - record))
                        return failure_set(reterr, FAILURE_REGISTRY,
                                           "a pax header is malformed; build the image again");
                *value++ = 0;

                r = pax_set(p, record, value, n - (size_t) (value - record));
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        return failure_set(
                                        reterr, FAILURE_REGISTRY,
                                        "the pax header has no valid value for %.64s; build the image again",
                                        record);
                data += length;
                n_bytes -= length;
        }
        p->sparse_map_in_body = p->sparse_major == 1 && p->sparse_minor == 0;
        return p->extent_is_open
                               ? failure_set(reterr, FAILURE_REGISTRY,
                                             "a pax header ends inside a sparse map; build the image again")
                               : 0;
}
