/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "image/pax.h"
#include "image/tar-header.h"
#include "image/tar.h"

struct TarReader {
        TarSource source;
        void *userdata;
        const uint8_t *chunk; /* borrowed from the source */
        size_t chunk_left;
        uint8_t block[TAR_BLOCK_BYTES]; /* a header that lies across two chunks */

        bool ended;
        uint64_t body_left, padding; /* of the present member */
        uint64_t position;           /* in the file */
        size_t extent;               /* of a sparse file: the one that position is in */

        Pax pax;
        char *long_name, *long_link; /* GNU's L and K */
        TarEntry entry;
};

void tar_xattrs_free(TarXattr *xattrs, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(xattrs[i].name);
                free(xattrs[i].value);
        }
        free(xattrs);
}

void tar_entry_done(TarEntry *e) {
        free(e->path);
        free(e->link);
        free(e->extents);
        tar_xattrs_free(e->xattrs, e->n_xattrs);
        *e = (TarEntry) {};
}

int tar_reader_new(TarSource source, void *userdata, TarReader **ret) {
        TarReader *t = new0(TarReader, 1);

        if (!t)
                return -ENOMEM;
        t->source = source;
        t->userdata = userdata;
        *ret = t;
        return 0;
}

TarReader *tar_reader_free(TarReader *t) {
        if (!t)
                return NULL;
        pax_done(&t->pax);
        tar_entry_done(&t->entry);
        free(t->long_name);
        free(t->long_link);
        return mfree(t);
}

static int malformed(Failure *reterr, const char *what) {
        return failure_set(reterr, FAILURE_REGISTRY, "%s; build the image again", what);
}

/* 1: there are bytes in the chunk. 0: the stream is at its end. */
static int reader_fill(TarReader *t) {
        const void *data;
        size_t n;
        int r;

        if (t->chunk_left > 0)
                return 1;
        r = t->source(t->userdata, &data, &n);
        if (r <= 0)
                return r;
        t->chunk = data;
        t->chunk_left = n;
        return 1;
}

static void reader_advance(TarReader *t, size_t n) {
        t->chunk += n;
        t->chunk_left -= n;
}

/* Copies up to @n_bytes out (to nowhere when @out is NULL). How many there were comes in *@ret_n. */
static int reader_take(TarReader *t, uint8_t *out, uint64_t n_bytes, uint64_t *ret_n) {
        uint64_t done = 0;

        while (done < n_bytes) {
                size_t n;
                int r = reader_fill(t);

                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                n = (size_t) MIN(n_bytes - done, t->chunk_left);
                if (out)
                        memcpy(out + done, t->chunk, n);
                reader_advance(t, n);
                done += n;
        }
        *ret_n = done;
        return 0;
}

static int reader_take_all(TarReader *t, uint8_t *out, uint64_t n_bytes, Failure *reterr) {
        uint64_t n = 0;
        int r = reader_take(t, out, n_bytes, &n);

        if (r < 0)
                return r;
        return n < n_bytes ? malformed(reterr, "the tar stream ends inside a member") : 0;
}

/* One block, in place where it lies in one chunk. 0: the stream ended before it. */
static int reader_block(TarReader *t, const void **ret, Failure *reterr) {
        uint64_t n = 0;
        int r;

        r = reader_fill(t);
        if (r <= 0)
                return r;
        if (t->chunk_left >= TAR_BLOCK_BYTES) {
                *ret = t->chunk;
                reader_advance(t, TAR_BLOCK_BYTES);
                return 1;
        }
        r = reader_take(t, t->block, TAR_BLOCK_BYTES, &n);
        if (r < 0)
                return r;
        if (n < TAR_BLOCK_BYTES)
                return malformed(reterr, "the tar stream ends inside a header");
        *ret = t->block;
        return 1;
}

/* The next header into *@ret. 0: the end, which is two blocks of zeros, or, as some writers leave it, just
 * the end. */
static int reader_header(TarReader *t, TarHeader *ret, Failure *reterr) {
        const void *block;
        int r;

        r = reader_block(t, &block, reterr);
        if (r <= 0)
                return r;
        if (tar_block_is_zero(block)) {
                r = reader_block(t, &block, reterr);
                if (r <= 0)
                        return r;
                return tar_block_is_zero(block) ? 0
                                                : malformed(reterr, "the tar stream has a lone block of "
                                                                    "zeros between its members");
        }
        memcpy(ret, block, sizeof(*ret));
        if (!tar_header_checksum_is_valid(ret))
                return malformed(reterr, "a tar header has a wrong checksum");
        return 1;
}

static uint64_t padding_of(uint64_t n_bytes) {
        return -n_bytes % TAR_BLOCK_BYTES;
}

/* The body of an extension header, NUL-terminated. */
static int reader_extension(TarReader *t, const TarHeader *h, char **ret, size_t *ret_size,
                            Failure *reterr) {
        _cleanup_free_ char *body = NULL;
        uint64_t n;
        int r;

        if (tar_number_parse_unsigned(h->size, sizeof(h->size), &n) < 0)
                return malformed(reterr, "the tar header of a long name or pax header has no valid size");
        if (n > TAR_EXTENSION_BYTES_MAX)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED,
                                   "a long name or pax header has %" PRIu64
                                   " bytes, the limit is %u; build the image again",
                                   n, TAR_EXTENSION_BYTES_MAX);
        body = malloc(n + 1);
        if (!body)
                return -ENOMEM;
        r = reader_take_all(t, (uint8_t *) body, n, reterr);
        if (r >= 0)
                r = reader_take_all(t, NULL, padding_of(n), reterr);
        if (r < 0)
                return r;
        body[n] = 0;
        *ret = TAKE_PTR(body);
        *ret_size = n;
        return 0;
}

/* 1: @h was an extension to the header that follows. */
static int reader_extend(TarReader *t, const TarHeader *h, Failure *reterr) {
        _cleanup_free_ char *body = NULL;
        size_t n = 0;
        int r;

        if (!strchr("xXgLK", h->type) || h->type == 0)
                return 0;
        r = reader_extension(t, h, &body, &n, reterr);
        if (r < 0)
                return r;

        switch (h->type) {
        case 'L':
                free(t->long_name);
                t->long_name = TAKE_PTR(body);
                break;
        case 'K':
                free(t->long_link);
                t->long_link = TAKE_PTR(body);
                break;
        case 'g':
                break;
        default:
                pax_done(&t->pax);
                r = pax_parse(body, n, &t->pax, reterr);
        }
        return r < 0 ? r : 1;
}

static int extent_add(TarEntry *e, size_t *allocated, uint64_t offset, uint64_t n_bytes) {
        if (e->n_extents >= TAR_EXTENTS_MAX)
                return -E2BIG;
        if (!GREEDY_REALLOC(e->extents, *allocated, e->n_extents + 1))
                return -ENOMEM;
        e->extents[e->n_extents++] = (TarExtent) { offset, n_bytes };
        return 0;
}

static int extents_parse_gnu(TarEntry *e, size_t *allocated, const char (*fields)[2][12], size_t n) {
        for (size_t i = 0; i < n && fields[i][0][0] != 0 && fields[i][1][0] != 0; i++) {
                uint64_t offset, n_bytes;
                int r;

                if (tar_number_parse_unsigned(fields[i][0], 12, &offset) < 0 ||
                    tar_number_parse_unsigned(fields[i][1], 12, &n_bytes) < 0)
                        return -EBADMSG;
                r = extent_add(e, allocated, offset, n_bytes);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The old GNU form: four extents in the header, the others in blocks behind it. */
static int reader_extents_gnu(TarReader *t, const TarHeader *h, TarEntry *e, Failure *reterr) {
        bool more = h->gnu.extended != 0;
        size_t allocated = 0;
        int r;

        if (tar_number_parse_unsigned(h->gnu.real_size, sizeof(h->gnu.real_size), &e->size) < 0)
                return -EBADMSG;
        r = extents_parse_gnu(e, &allocated, h->gnu.extents, ELEMENTSOF(h->gnu.extents));
        while (r >= 0 && more) {
                const TarSparseBlock *b;
                const void *block;

                r = reader_block(t, &block, reterr);
                if (r <= 0)
                        return r < 0 ? r : -EBADMSG;
                b = block;
                more = b->extended != 0;
                r = extents_parse_gnu(e, &allocated, b->extents, ELEMENTSOF(b->extents));
        }
        return r;
}

typedef struct MapCursor {
        const char *block;
        size_t position;
} MapCursor;

/* One line of a map that lies in the body, a decimal number. */
static int reader_map_number(TarReader *t, MapCursor *c, uint64_t *ret, Failure *reterr) {
        char digits[24];
        size_t n = 0;

        for (;;) {
                const void *block;
                char ch;
                int r;

                if (!c->block || c->position == TAR_BLOCK_BYTES) {
                        if (t->body_left < TAR_BLOCK_BYTES)
                                return -EBADMSG;
                        r = reader_block(t, &block, reterr);
                        if (r <= 0)
                                return r < 0 ? r : -EBADMSG;
                        t->body_left -= TAR_BLOCK_BYTES;
                        *c = (MapCursor) { .block = block };
                }
                ch = c->block[c->position++];
                if (ch == '\n')
                        break;
                if (n >= sizeof(digits) - 1)
                        return -EBADMSG;
                digits[n++] = ch;
        }
        digits[n] = 0;
        return parse_u64(digits, ret) < 0 ? -EBADMSG : 0;
}

/* Version 1.0 of GNU's pax form: the map is the first part of the body, padded to a block. */
static int reader_extents_body(TarReader *t, TarEntry *e, Failure *reterr) {
        MapCursor c = {};
        size_t allocated = 0;
        uint64_t n, offset, n_bytes;
        int r;

        r = reader_map_number(t, &c, &n, reterr);
        for (; r >= 0 && n > 0; n--) {
                r = reader_map_number(t, &c, &offset, reterr);
                if (r >= 0)
                        r = reader_map_number(t, &c, &n_bytes, reterr);
                if (r >= 0)
                        r = extent_add(e, &allocated, offset, n_bytes);
        }
        return r;
}

/* Extents must ascend, lie within the file, and account for the body to the last byte. */
static bool extents_are_valid(const TarEntry *e, uint64_t body) {
        uint64_t end = 0, sum = 0;

        for (size_t i = 0; i < e->n_extents; i++) {
                const TarExtent *x = e->extents + i;

                if (x->offset < end || x->n_bytes > e->size || x->offset > e->size - x->n_bytes)
                        return false;
                end = x->offset + x->n_bytes;
                sum += x->n_bytes;
        }
        return sum == body;
}

static int reader_sparse(TarReader *t, const TarHeader *h, TarEntry *e, Failure *reterr) {
        Pax *p = &t->pax;
        int r = 0;

        if (e->type != TAR_FILE)
                return 0;
        if (h->type == 'S') {
                e->sparse = true;
                r = reader_extents_gnu(t, h, e, reterr);
        } else if (p->sparse_map_in_body) {
                e->sparse = true;
                e->size = p->has_sparse_size ? p->sparse_size : e->size;
                r = reader_extents_body(t, e, reterr);
        } else if (p->has_extents) {
                e->sparse = true;
                e->size = p->has_sparse_size ? p->sparse_size : e->size;
                e->extents = TAKE_PTR(p->extents);
                e->n_extents = p->n_extents;
        }
        if (r == -E2BIG)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED,
                                   "the sparse file has more than %d extents; build the image again",
                                   TAR_EXTENTS_MAX);
        if (r == -EBADMSG || (r >= 0 && e->sparse && !extents_are_valid(e, t->body_left)))
                return malformed(reterr, "the map of a sparse file does not fit its content");
        return r;
}

static int entry_type(char type, const char *path, TarType *ret) {
        static const struct {
                char letter;
                TarType type;
        } types[] = {
                { '0', TAR_FILE },      { 0, TAR_FILE },      { '7', TAR_FILE },      { 'S', TAR_FILE },
                { '1', TAR_HARDLINK },  { '2', TAR_SYMLINK }, { '3', TAR_CHARACTER }, { '4', TAR_BLOCK },
                { '5', TAR_DIRECTORY }, { '6', TAR_FIFO },
        };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (types[i].letter == type) {
                        /* Before there was a letter for directories, the slash told them. */
                        *ret = type == 0 && endswith(path, "/") ? TAR_DIRECTORY : types[i].type;
                        return 0;
                }
        return -EBADMSG;
}

/* Name and target: GNU's long forms before pax before the header, as Go has it. */
static int entry_names(TarReader *t, const TarHeader *h, TarFormat format, TarEntry *e) {
        Pax *p = &t->pax;
        int r = 0;

        if (t->long_name)
                e->path = TAKE_PTR(t->long_name);
        else if (p->sparse_name)
                e->path = TAKE_PTR(p->sparse_name);
        else if (p->path)
                e->path = TAKE_PTR(p->path);
        else
                r = tar_header_name(h, format, &e->path);
        if (r < 0)
                return r;

        if (t->long_link)
                e->link = TAKE_PTR(t->long_link);
        else if (p->link)
                e->link = TAKE_PTR(p->link);
        else
                r = string_format(&e->link, "%.*s", (int) strnlen(h->link, sizeof(h->link)), h->link);
        return r;
}

static int entry_numbers(TarReader *t, const TarHeader *h, TarFormat format, TarEntry *e) {
        const Pax *p = &t->pax;
        uint64_t mode = 0, major = 0, minor = 0;
        int64_t mtime = 0;

        if (tar_number_parse_unsigned(h->mode, sizeof(h->mode), &mode) < 0 ||
            (!p->has_uid && tar_number_parse_unsigned(h->uid, sizeof(h->uid), &e->uid) < 0) ||
            (!p->has_gid && tar_number_parse_unsigned(h->gid, sizeof(h->gid), &e->gid) < 0) ||
            (!p->has_size && tar_number_parse_unsigned(h->size, sizeof(h->size), &e->size) < 0) ||
            (!p->has_mtime && tar_number_parse(h->mtime, sizeof(h->mtime), &mtime) < 0))
                return -EBADMSG;
        if (format != TAR_FORMAT_V7 && (e->type == TAR_CHARACTER || e->type == TAR_BLOCK) &&
            (tar_number_parse_unsigned(h->device_major, sizeof(h->device_major), &major) < 0 ||
             tar_number_parse_unsigned(h->device_minor, sizeof(h->device_minor), &minor) < 0 ||
             major > 0xfff || minor > 0xfffff))
                return -EBADMSG;

        e->mode = (mode_t) (mode & 07777);
        e->mtime = p->has_mtime ? p->mtime : (struct timespec) { .tv_sec = mtime };
        if (p->has_uid)
                e->uid = p->uid;
        if (p->has_gid)
                e->gid = p->gid;
        if (p->has_size)
                e->size = p->size;
        e->device_major = (unsigned) major;
        e->device_minor = (unsigned) minor;
        return 0;
}

static int reader_entry(TarReader *t, const TarHeader *h, TarEntry *e, Failure *reterr) {
        TarFormat format = tar_header_format(h);
        int r;

        r = entry_names(t, h, format, e);
        if (r < 0)
                return r;
        if (entry_type(h->type, e->path, &e->type) < 0)
                return failure_set(reterr, FAILURE_REGISTRY,
                                   "a tar member has the unknown type %#x; build the image again",
                                   (unsigned) (uint8_t) h->type);
        if (entry_numbers(t, h, format, e) < 0)
                return malformed(reterr, "a number in a tar header is not one");

        /* Links, devices and directories have no body whatever their size says. */
        if (e->type != TAR_FILE)
                e->size = 0;
        if (e->size > INT64_MAX)
                return malformed(reterr, "a tar member has an impossible size");
        t->body_left = e->size;
        t->padding = padding_of(e->size);
        r = reader_sparse(t, h, e, reterr);
        if (r < 0)
                return r;
        e->xattrs = TAKE_PTR(t->pax.xattrs);
        e->n_xattrs = t->pax.n_xattrs;
        t->pax.n_xattrs = 0;
        return 0;
}

int tar_reader_next(TarReader *t, const TarEntry **ret, Failure *reterr) {
        uint64_t n;
        TarHeader h;
        int r;

        if (t->ended)
                return 0;
        r = reader_take_all(t, NULL, t->body_left, reterr);
        /* Writers that never finish their archive (umoci insert) leave out the padding of the last file,
         * too. */
        if (r >= 0)
                r = reader_take(t, NULL, t->padding, &n);
        if (r < 0)
                return r;
        t->body_left = t->padding = t->position = t->extent = 0;
        tar_entry_done(&t->entry);

        do {
                r = reader_header(t, &h, reterr);
                if (r < 0)
                        return r;
                if (r == 0) {
                        t->ended = true;
                        return 0;
                }
                r = reader_extend(t, &h, reterr);
        } while (r > 0);
        if (r >= 0)
                r = reader_entry(t, &h, &t->entry, reterr);
        pax_done(&t->pax);
        t->long_name = mfree(t->long_name);
        t->long_link = mfree(t->long_link);
        if (r < 0)
                return r;
        *ret = &t->entry;
        return 1;
}

int tar_reader_data(TarReader *t, const void **ret, size_t *ret_size, uint64_t *ret_offset,
                    Failure *reterr) {
        uint64_t room = t->body_left;
        size_t n;
        int r;

        if (t->body_left == 0)
                return 0;
        r = reader_fill(t);
        if (r < 0)
                return r;
        if (r == 0)
                return malformed(reterr, "the tar stream ends inside a file");

        if (t->entry.sparse) {
                const TarExtent *x = t->entry.extents + t->extent;

                while (x->n_bytes == 0 || t->position >= x->offset + x->n_bytes)
                        x = t->entry.extents + ++t->extent;
                t->position = MAX(t->position, x->offset);
                room = x->offset + x->n_bytes - t->position;
        }
        n = (size_t) MIN(room, t->chunk_left);
        *ret = t->chunk;
        *ret_size = n;
        *ret_offset = t->position;
        reader_advance(t, n);
        t->position += n;
        t->body_left -= n;
        return 1;
}

int tar_reader_drain(TarReader *t) {
        int r;

        do {
                t->chunk_left = 0;
                r = reader_fill(t);
        } while (r > 0);
        return r;
}
