/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "basic/memory.h"
#include "basic/table.h"
#include "image/inflate.h"

static const char *const compression_table[] = {
        [COMPRESSION_NONE] = "none",
        [COMPRESSION_GZIP] = "gzip",
        [COMPRESSION_ZSTD] = "zstd",
};
DEFINE_STRING_TABLE(compression, Compression, _COMPRESSION_MAX)

typedef struct InflateDriver {
        int (*start)(Inflater *i);
        int (*run)(Inflater *i, InflateBuffers *b, Failure *reterr);
        void (*stop)(Inflater *i);
} InflateDriver;

struct Inflater {
        Compression compression;
        uint8_t magic[4]; /* the first bytes of the stream */
        size_t n_magic;
        bool complete; /* at the end of a member or frame */
        struct inflate_state *gzip;
        ZSTD_DCtx *zstd;
};

static int damaged(const Inflater *i, const char *why, Failure *reterr) {
        return failure_set(reterr, FAILURE_REGISTRY,
                           "its %s data is damaged (%s); pull again, or push the image again",
                           compression_to_string(i->compression), why);
}

static int none_start(Inflater *i) {
        i->complete = true;
        return 0;
}

static int none_run(Inflater *i, InflateBuffers *b, Failure *reterr) {
        size_t n = MIN(b->n_in, b->n_out);

        memcpy(b->out, b->in, n);
        b->in += n;
        b->n_in -= n;
        b->out += n;
        b->n_out -= n;
        return 0;
}

static void none_stop(Inflater *i) {
}

static int gzip_start(Inflater *i) {
        i->gzip = new0(struct inflate_state, 1);
        if (!i->gzip)
                return -ENOMEM;
        isal_inflate_init(i->gzip);
        i->gzip->crc_flag = ISAL_GZIP;
        return 0;
}

static const char *gzip_error(int code) {
        switch (code) {
        case ISAL_INVALID_WRAPPER:
                return "no gzip header";
        case ISAL_UNSUPPORTED_METHOD:
                return "unknown method";
        case ISAL_INCORRECT_CHECKSUM:
                return "wrong checksum";
        default:
                return "invalid block";
        }
}

static int gzip_run(Inflater *i, InflateBuffers *b, Failure *reterr) {
        struct inflate_state *s = i->gzip;

        do {
                int k;

                if (i->complete && b->n_in > 0) {
                        isal_inflate_reset(s);
                        s->crc_flag = ISAL_GZIP;
                        i->complete = false;
                }
                s->next_in = (uint8_t *) b->in;
                s->avail_in = (uint32_t) MIN(b->n_in, (size_t) UINT32_MAX / 2);
                s->next_out = b->out;
                s->avail_out = (uint32_t) MIN(b->n_out, (size_t) UINT32_MAX / 2);
                k = isal_inflate(s);
                if (k < 0)
                        return damaged(i, gzip_error(k), reterr);

                b->n_in -= (size_t) (s->next_in - b->in);
                b->in = s->next_in;
                b->n_out -= (size_t) (s->next_out - b->out);
                b->out = s->next_out;
                i->complete = s->block_state == ISAL_BLOCK_FINISH;
        } while (i->complete && b->n_in > 0 && b->n_out > 0);
        return 0;
}

static void gzip_stop(Inflater *i) {
        free(i->gzip);
}

static int zstd_start(Inflater *i) {
        i->zstd = ZSTD_createDCtx();
        if (!i->zstd)
                return -ENOMEM;
        return ZSTD_isError(ZSTD_DCtx_setParameter(i->zstd, ZSTD_d_windowLogMax, INFLATE_WINDOW_LOG_MAX))
                               ? -EINVAL
                               : 0;
}

static int zstd_run(Inflater *i, InflateBuffers *b, Failure *reterr) {
        ZSTD_inBuffer in = { b->in, b->n_in, 0 };
        ZSTD_outBuffer out = { b->out, b->n_out, 0 };
        size_t before;

        do {
                size_t k;

                if (i->complete && in.pos == in.size)
                        break; /* else the end would look like the start of a frame */
                before = in.pos;
                k = ZSTD_decompressStream(i->zstd, &out, &in);
                if (ZSTD_isError(k))
                        return damaged(i, ZSTD_getErrorName(k), reterr);
                i->complete = k == 0;
        } while (in.pos < in.size && out.pos < out.size && in.pos > before);

        b->in += in.pos;
        b->n_in -= in.pos;
        b->out += out.pos;
        b->n_out -= out.pos;
        return 0;
}

static void zstd_stop(Inflater *i) {
        (void) ZSTD_freeDCtx(i->zstd);
}

static const InflateDriver inflate_drivers[] = {
        [COMPRESSION_NONE] = { none_start, none_run, none_stop },
        [COMPRESSION_GZIP] = { gzip_start, gzip_run, gzip_stop },
        [COMPRESSION_ZSTD] = { zstd_start, zstd_run, zstd_stop },
};
static_assert(ELEMENTSOF(inflate_drivers) == _COMPRESSION_MAX, "inflate_drivers is not full");

int inflater_new(Compression compression, Inflater **ret) {
        _cleanup_(inflater_freep) Inflater *i = new0(Inflater, 1);
        int r;

        if (!i)
                return -ENOMEM;
        i->compression = compression;
        r = inflate_drivers[compression].start(i);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(i);
        return 0;
}

Inflater *inflater_free(Inflater *i) {
        if (!i)
                return NULL;
        inflate_drivers[i->compression].stop(i);
        return mfree(i);
}

/* The media type must tell the truth: a stream of the other kind is refused with its name rather than as
 * damaged. */
static int magic_check(Inflater *i, const InflateBuffers *b, Failure *reterr) {
        Compression found = COMPRESSION_NONE;
        size_t n = MIN(sizeof(i->magic) - i->n_magic, b->n_in);

        if (n == 0)
                return 0;
        memcpy(i->magic + i->n_magic, b->in, n);
        i->n_magic += n;

        if (i->n_magic >= 2 && i->magic[0] == 0x1f && i->magic[1] == 0x8b)
                found = COMPRESSION_GZIP;
        else if (i->n_magic == 4 && memcmp(i->magic, "\x28\xb5\x2f\xfd", 4) == 0)
                found = COMPRESSION_ZSTD;
        else
                return 0;
        if (found == i->compression)
                return 0;
        return failure_set(reterr, FAILURE_REGISTRY,
                           "its media type says %s, but the data is %s; push the image again with the right "
                           "media type",
                           i->compression == COMPRESSION_NONE ? "uncompressed tar"
                                                              : compression_to_string(i->compression),
                           compression_to_string(found));
}

int inflater_run(Inflater *i, InflateBuffers *b, Failure *reterr) {
        int r = magic_check(i, b, reterr);

        return r < 0 ? r : inflate_drivers[i->compression].run(i, b, reterr);
}

int inflater_finish(Inflater *i, Failure *reterr) {
        return i->complete ? 0 : damaged(i, "it ends too early", reterr);
}
