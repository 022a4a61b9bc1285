/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "image/apply.h"
#include "unpack/pipeline.h"
#include "unpack/ring.h"

#define COMPRESSED_SLOTS 8
#define COMPRESSED_SLOT_BYTES (256 * 1024)
#define PLAIN_SLOTS 6
#define PLAIN_SLOT_BYTES (1024 * 1024)
#define PIPE_BYTES (1024 * 1024)
#define STACK_BYTES (512 * 1024)

enum {
        CONSUMER_APPLY,
        CONSUMER_HASH,
        _CONSUMER_MAX,
};

typedef struct Pipeline {
        const PipelineSpec *spec;
        Ring *compressed, *plain;
        int wake_fd; /* readable once all is to end */
        pthread_mutex_t lock;
        bool failed;
        Failure failure; /* the first one */
} Pipeline;

static void pipeline_fail(Pipeline *p, Failure *failure) {
        (void) pthread_mutex_lock(&p->lock);
        if (!p->failed) {
                p->failed = true;
                p->failure = TAKE_GENERIC(*failure, Failure, (Failure) {});
        }
        (void) pthread_mutex_unlock(&p->lock);

        ring_abort(p->compressed);
        ring_abort(p->plain);
        (void) eventfd_write(p->wake_fd, 1);
}

/* Waits until there is input. -ECANCELED: all is to end. */
static int input_wait(Pipeline *p) {
        struct pollfd pfds[] = {
                { .fd = p->spec->input_fd, .events = POLLIN },
                { .fd = p->wake_fd, .events = POLLIN },
        };

        if (poll(pfds, ELEMENTSOF(pfds), -1) < 0 && errno != EINTR)
                return negative_errno();
        return pfds[1].revents ? -ECANCELED : 0;
}

static int input_read(Pipeline *p, void *buffer, size_t size, size_t *ret_size, Failure *failure) {
        for (;;) {
                ssize_t n = read(p->spec->input_fd, buffer, size);
                int r;

                if (n >= 0) {
                        *ret_size = (size_t) n;
                        return 0;
                }
                if (errno != EAGAIN && errno != EINTR)
                        return failure_set_errno(failure, FAILURE_SYSTEM, errno,
                                                 "cannot read the layer from its pipe");
                r = input_wait(p);
                if (r < 0)
                        return r;
        }
}

static int read_check(const PipelineSpec *spec, uint64_t n_bytes, DigestStream *hash, Failure *failure) {
        Digest digest;

        /* Not our failure: whoever feeds us broke off, and knows why. */
        if (n_bytes != spec->bytes)
                return failure_set(failure, FAILURE_CANCELLED,
                                   "only %" PRIu64 " of its %" PRIu64 " bytes came; pull again", n_bytes,
                                   spec->bytes);
        digest_stream_final(hash, &digest);
        if (!digest_equal(&digest, &spec->digest))
                return failure_set(failure, FAILURE_REGISTRY,
                                   "it should have the digest %s, but what came has %s; pull again, or push "
                                   "the image again",
                                   spec->digest.string, digest.string);
        return 0;
}

static int read_input(Pipeline *p, Failure *failure) {
        uint64_t n_bytes = 0;
        DigestStream hash;
        int r;

        digest_stream_init(&hash);
        for (;;) {
                size_t n = 0;
                void *slot = ring_reserve(p->compressed);

                if (!slot)
                        return -ECANCELED;
                r = input_read(p, slot, ring_slot_bytes(p->compressed), &n, failure);
                if (r < 0)
                        return r;
                if (n == 0)
                        break;
                n_bytes += n;
                if (n_bytes > p->spec->bytes)
                        return failure_set(failure, FAILURE_REGISTRY,
                                           "more than its %" PRIu64 " bytes came; pull again",
                                           p->spec->bytes);
                digest_stream_update(&hash, slot, n);
                ring_commit(p->compressed, n);
        }
        r = read_check(p->spec, n_bytes, &hash, failure);
        if (r < 0)
                return r;
        ring_end(p->compressed);
        return 0;
}

typedef struct InflateJob {
        Pipeline *pipeline;
        Inflater *inflater;
        uint8_t *slot; /* reserved, partly full */
        size_t n_used;
        uint64_t n_bytes; /* made so far */
} InflateJob;

static int inflate_flush(InflateJob *j) {
        if (j->n_used > 0)
                ring_commit(j->pipeline->plain, j->n_used);
        j->slot = NULL;
        j->n_used = 0;
        return 0;
}

/* Inflates one piece of input; what it makes is handed on in full slots. */
static int inflate_piece(InflateJob *j, const void *data, size_t n, Failure *failure) {
        Ring *plain = j->pipeline->plain;
        InflateBuffers b = { .in = data, .n_in = n };
        int r;

        do {
                size_t before;

                if (!j->slot) {
                        j->slot = ring_reserve(plain);
                        if (!j->slot)
                                return -ECANCELED;
                }
                before = j->n_used;
                b.out = j->slot + before;
                b.n_out = ring_slot_bytes(plain) - before;
                r = inflater_run(j->inflater, &b, failure);
                if (r < 0)
                        return r;
                j->n_used = ring_slot_bytes(plain) - b.n_out;
                j->n_bytes += j->n_used - before;
                if (j->n_bytes > j->pipeline->spec->bytes_max)
                        return failure_set(failure, FAILURE_LIMITS_EXCEEDED,
                                           "it unpacks to more than %" PRIu64
                                           " bytes; raise the limit if you trust the image",
                                           j->pipeline->spec->bytes_max);
                if (b.n_out == 0)
                        (void) inflate_flush(j);
        } while (b.n_in > 0 || b.n_out == 0);
        return 0;
}

static int inflate_input(Pipeline *p, Failure *failure) {
        _cleanup_(inflater_freep) Inflater *inflater = NULL;
        InflateJob j = { .pipeline = p };
        uint64_t n_consumed = 0;
        const void *data;
        size_t n;
        int r;

        r = inflater_new(p->spec->compression, &inflater);
        if (r < 0)
                return failure_set_errno(failure, FAILURE_SYSTEM, r, "cannot prepare for unpacking");
        j.inflater = inflater;

        while ((r = ring_next(p->compressed, 0, &data, &n)) > 0) {
                r = inflate_piece(&j, data, n, failure);
                if (r < 0)
                        return r;
                n_consumed += n;
                if (p->spec->progress)
                        p->spec->progress(p->spec->userdata, n_consumed);
        }
        if (r >= 0)
                r = inflater_finish(inflater, failure);
        if (r < 0)
                return r;
        r = inflate_flush(&j);
        ring_end(p->plain);
        return r;
}

static int hash_plain(Pipeline *p, Failure *failure) {
        DigestStream hash;
        Digest diff_id;
        const void *data;
        size_t n;
        int r;

        digest_stream_init(&hash);
        while ((r = ring_next(p->plain, CONSUMER_HASH, &data, &n)) > 0)
                digest_stream_update(&hash, data, n);
        if (r < 0)
                return r;
        digest_stream_final(&hash, &diff_id);
        if (!digest_equal(&diff_id, &p->spec->diff_id))
                return failure_set(failure, FAILURE_REGISTRY,
                                   "its content should have the diff ID %s, but has %s; the image's "
                                   "configuration does not belong to its layers",
                                   p->spec->diff_id.string, diff_id.string);
        return 0;
}

static int source_next(void *userdata, const void **ret, size_t *ret_size) {
        Pipeline *p = userdata;

        return ring_next(p->plain, CONSUMER_APPLY, ret, ret_size);
}

typedef int (*Stage)(Pipeline *p, Failure *failure);

static void stage_run(Pipeline *p, Stage stage) {
        _cleanup_failure_ Failure failure = {};

        if (stage(p, &failure) < 0)
                pipeline_fail(p, &failure);
}

static void *thread_read(void *p) {
        stage_run(p, read_input);
        return NULL;
}

static void *thread_inflate(void *p) {
        stage_run(p, inflate_input);
        return NULL;
}

static void *thread_hash(void *p) {
        stage_run(p, hash_plain);
        return NULL;
}

static void *(*const stages[])(void *p) = { thread_read, thread_inflate, thread_hash };

static int thread_start(pthread_t *ret, void *(*function)(void *), void *userdata) {
        pthread_attr_t attr;
        int r;

        r = -pthread_attr_init(&attr);
        if (r < 0)
                return r;
        (void) pthread_attr_setstacksize(&attr, STACK_BYTES);
        r = -pthread_create(ret, &attr, function, userdata);
        (void) pthread_attr_destroy(&attr);
        return r;
}

static void pipeline_work(Pipeline *p, ApplyResult *ret) {
        const ApplyLimits limits = { .entries_max = p->spec->entries_max };
        _cleanup_failure_ Failure failure = {};
        pthread_t threads[ELEMENTSOF(stages)];
        size_t n_threads = 0;
        int r = 0;

        for (; n_threads < ELEMENTSOF(stages); n_threads++) {
                r = thread_start(threads + n_threads, stages[n_threads], p);
                if (r < 0) {
                        (void) failure_set_errno(&failure, FAILURE_SYSTEM, r, "cannot start a thread");
                        break;
                }
        }
        if (r >= 0)
                r = apply_tar(p->spec->root_fd, source_next, p, &limits, ret, &failure);
        if (r < 0)
                pipeline_fail(p, &failure);
        while (n_threads > 0)
                (void) pthread_join(threads[--n_threads], NULL);
}

/* Puts the layer's name before what went wrong. */
static int pipeline_result(Pipeline *p, Failure *reterr) {
        if (!p->failed)
                return 0;
        return failure_set(reterr, p->failure.text ? p->failure.kind : FAILURE_SYSTEM,
                           "Cannot unpack layer %.12s: %s", digest_hex(&p->spec->digest),
                           p->failure.text ?: "out of memory");
}

int pipeline_run(const PipelineSpec *spec, PipelineResult *ret, Failure *reterr) {
        _cleanup_(ring_freep) Ring *compressed = NULL, *plain = NULL;
        _cleanup_close_ int wake_fd = -EBADF;
        Pipeline p = { .spec = spec, .lock = PTHREAD_MUTEX_INITIALIZER };
        ApplyResult result = {};
        int r;

        r = ring_new(COMPRESSED_SLOTS, COMPRESSED_SLOT_BYTES, 1, &compressed);
        if (r >= 0)
                r = ring_new(PLAIN_SLOTS, PLAIN_SLOT_BYTES, _CONSUMER_MAX, &plain);
        if (r >= 0)
                r = fd_set_nonblock(spec->input_fd, true);
        if (r >= 0) {
                wake_fd = eventfd(0, EFD_CLOEXEC);
                r = wake_fd < 0 ? negative_errno() : 0;
        }
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot prepare for unpacking");
        (void) fcntl(spec->input_fd, F_SETPIPE_SZ, PIPE_BYTES);
        p.compressed = compressed;
        p.plain = plain;
        p.wake_fd = wake_fd;

        pipeline_work(&p, &result);
        r = pipeline_result(&p, reterr);
        failure_done(&p.failure);
        if (r < 0)
                return r;
        *ret = (PipelineResult) { .entries = result.entries, .file_bytes = result.file_bytes };
        return 0;
}
