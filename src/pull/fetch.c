/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "proto/message.h"
#include "pull/error-body.h"
#include "pull/fetch.h"

#define PIPE_BYTES (1024 * 1024)
#define RECEIVE_BYTES (256L * 1024) /* libcurl holds at most twice as much of a paused transfer */
#define PROGRESS_USEC (100 * USEC_PER_MSEC)
#define PROGRESS_ENOUGH_BYTES (1024 * 1024) /* such an attempt does not count as failed */
#define WAIT_MAX_MSEC 60000

typedef enum LayerState {
        LAYER_IDLE,     /* not asked for */
        LAYER_QUEUED,   /* for a free connection */
        LAYER_ACTIVE,   /* libcurl has it */
        LAYER_DRAINING, /* everything is here, but not all of it in the pipe */
        LAYER_WAITING,  /* for the next attempt */
        LAYER_DONE,
} LayerState;

typedef struct Layer {
        Fetch *fetch;
        const ImageLayer *layer;
        size_t index;
        LayerState state;
        int output;
        CURL *easy;
        struct curl_slist *headers;
        unsigned login;
        uint64_t received;     /* bytes taken from the registry, whether in the pipe yet or in @spill */
        uint64_t skip;         /* bytes at the start of this response that are in the pipe already */
        uint64_t attempt_from; /* @received when this attempt began */
        unsigned n_attempts, n_logins;
        uint64_t retry_usec, progress_usec;
        uint64_t reported; /* @received as it was told last */
        bool response_checked, paused, abandoned;
        HttpBody error_body; /* of an answer that is no layer */
        size_t n_spill, spill_at;
        char spill[CURL_MAX_WRITE_SIZE];
} Layer;

struct Fetch {
        Registry *registry;
        const char *name;
        int socket;
        CURLM *multi;
        Layer **layers; /* allocated when asked for */
        const ImageRecord *record;
        size_t *queue; /* indexes in the order asked for */
        size_t n_queue, n_queue_allocated;
        unsigned n_active;
        Failure failure; /* set within libcurl's callbacks */
};

static void layer_detach(Layer *l) {
        if (l->easy) {
                (void) curl_multi_remove_handle(l->fetch->multi, l->easy);
                curl_easy_cleanup(l->easy);
                l->easy = NULL;
                l->fetch->n_active--;
        }
        curl_slist_free_all(l->headers);
        l->headers = NULL;
        l->paused = false;
        http_body_done(&l->error_body);
}

static Layer *layer_free(Layer *l) {
        if (!l)
                return NULL;
        layer_detach(l);
        (void) fd_close(l->output);
        return mfree(l);
}

Fetch *fetch_free(Fetch *f) {
        if (!f)
                return NULL;
        for (size_t i = 0; f->layers && i < f->record->n_layers; i++)
                (void) layer_free(f->layers[i]);
        free(f->layers);
        free(f->queue);
        if (f->multi)
                (void) curl_multi_cleanup(f->multi);
        failure_done(&f->failure);
        return mfree(f);
}

int fetch_new(Registry *registry, const ImageRecord *record, const char *name, int socket, Fetch **ret) {
        _cleanup_(fetch_freep) Fetch *f = new0(Fetch, 1);

        if (!f)
                return -ENOMEM;
        f->registry = registry;
        f->record = record;
        f->name = name;
        f->socket = socket;
        f->layers = new0(Layer *, record->n_layers);
        f->multi = curl_multi_init();
        if (!f->layers || !f->multi)
                return -ENOMEM;
        (void) curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long) FETCH_CONNECTIONS_MAX);
        (void) curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long) CURLPIPE_NOTHING);
        *ret = TAKE_PTR(f);
        return 0;
}

int fetch_add(Fetch *f, uint64_t index, int output) {
        _cleanup_close_ int fd = output;
        Layer *l;
        int r;

        if (index >= f->record->n_layers)
                return -EINVAL;
        if (f->layers[index])
                return -EBUSY;
        r = fd_set_nonblock(fd, true);
        if (r < 0)
                return r;
        if (fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES) < 0)
                log_debug_errno(errno, "Cannot enlarge the pipe of layer %" PRIu64 ", ignoring: %m", index);
        if (!GREEDY_REALLOC(f->queue, f->n_queue_allocated, f->n_queue + 1) || !(l = new0(Layer, 1)))
                return -ENOMEM;
        l->fetch = f;
        l->layer = f->record->layers + index;
        l->index = (size_t) index;
        l->state = LAYER_QUEUED;
        l->output = TAKE_FD(fd);
        l->error_body.max = ERROR_BODY_BYTES_MAX;
        f->layers[index] = l;
        f->queue[f->n_queue++] = (size_t) index;
        return 0;
}

/* Judges the status line and headers before the first byte of a body counts. 1: a body of the layer. 0: an
 * error's body. */
static int layer_check_response(Layer *l) {
        long status = http_status(l->easy);
        const char *range;
        curl_off_t length = -1;
        _cleanup_free_ char *expected = NULL;

        switch (status) {
        case 200:
                /* All of it, whether asked for or not: what the pipe has is skipped. */
                (void) curl_easy_getinfo(l->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
                if (length >= 0 && (uint64_t) length != l->layer->size_bytes)
                        return failure_set(&l->fetch->failure, FAILURE_REGISTRY,
                                           "%s: layer %s: registry %s announces %" PRIu64
                                           " bytes where the manifest says %" PRIu64
                                           "; the image must be pushed again",
                                           l->fetch->name, l->layer->digest.string,
                                           registry_host(l->fetch->registry), (uint64_t) length,
                                           l->layer->size_bytes);
                l->skip = l->received;
                l->n_logins = 0;
                return 1;
        case 206:
                range = http_header(l->easy, "Content-Range");
                if (string_format(&expected, "bytes %" PRIu64 "-", l->received) < 0)
                        return -ENOMEM;
                if (!range || !startswith(range, expected))
                        return failure_set(&l->fetch->failure, FAILURE_REGISTRY,
                                           "%s: layer %s: registry %s answers with another range than asked "
                                           "for; try again",
                                           l->fetch->name, l->layer->digest.string,
                                           registry_host(l->fetch->registry));
                l->n_logins = 0;
                return 1;
        default:
                return 0;
        }
}

/* Writes what is spilt. 1: nothing is left. 0: the pipe is full. -EPIPE: nobody reads any more. */
static int layer_flush(Layer *l) {
        while (l->spill_at < l->n_spill) {
                ssize_t n = write(l->output, l->spill + l->spill_at, l->n_spill - l->spill_at);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return errno == EAGAIN ? 0 : negative_errno();
                }
                l->spill_at += (size_t) n;
        }
        l->n_spill = l->spill_at = 0;
        return 1;
}

static void layer_report(Layer *l) {
        _cleanup_(message_freep) Message *m = NULL;
        uint64_t now = clock_now_monotonic_usec();

        if (now - l->progress_usec < PROGRESS_USEC)
                return;
        l->progress_usec = now;
        l->reported = l->received;
        /* A lost peer shows at the socket itself. */
        if (message_new(MESSAGE_PULL_PROGRESS, &m) >= 0 && message_put_u64(m, FIELD_INDEX, l->index) >= 0 &&
            message_put_u64(m, FIELD_BYTES, l->received) >= 0)
                (void) message_send(l->fetch->socket, m);
}

/* Takes @n bytes of the layer: into the pipe, and what does not fit into the spill. 0 or negative. */
static int layer_take(Layer *l, const char *data, size_t n) {
        ssize_t written;

        if (n > l->layer->size_bytes - l->received)
                return failure_set(&l->fetch->failure, FAILURE_REGISTRY,
                                   "%s: layer %s: registry %s sends more than the %" PRIu64
                                   " bytes that the manifest says; the image must be pushed again",
                                   l->fetch->name, l->layer->digest.string,
                                   registry_host(l->fetch->registry), l->layer->size_bytes);
        do
                written = write(l->output, data, n);
        while (written < 0 && errno == EINTR);
        if (written < 0) {
                if (errno == EPIPE) {
                        l->abandoned = true;
                        return -EPIPE;
                }
                if (errno != EAGAIN)
                        return failure_set_errno(&l->fetch->failure, FAILURE_SYSTEM, errno,
                                                 "%s: cannot pass on layer %s", l->fetch->name,
                                                 l->layer->digest.string);
                written = 0;
        }
        l->received += n;
        l->n_spill = n - (size_t) written;
        memcpy(l->spill, data + written, l->n_spill);
        layer_report(l);
        return 0;
}

/* libcurl's write callback. */
static size_t layer_write(char *data, size_t size, size_t n, void *userdata) {
        Layer *l = userdata;
        size_t total = n, skipped;
        int r;

        if (l->n_spill > 0) {
                l->paused = true;
                return CURL_WRITEFUNC_PAUSE;
        }
        if (!l->response_checked) {
                r = layer_check_response(l);
                if (r < 0)
                        return CURL_WRITEFUNC_ERROR;
                l->response_checked = r > 0;
                if (r == 0)
                        return http_body_write(data, size, n, &l->error_body);
        }
        skipped = (size_t) MIN((uint64_t) n, l->skip);
        l->skip -= skipped;
        data += skipped;
        n -= skipped;
        return n == 0 || layer_take(l, data, n) >= 0 ? total : CURL_WRITEFUNC_ERROR;
}

static int layer_start(Layer *l) {
        _cleanup_free_ char *path = NULL;
        char range[32];
        int r;

        r = string_format(&path, "blobs/%s", l->layer->digest.string);
        if (r < 0)
                return r;
        l->easy = curl_easy_init();
        if (!l->easy)
                return -ENOMEM;
        l->fetch->n_active++;
        r = registry_prepare(l->fetch->registry, l->easy, path, &l->headers, &l->login);
        if (r < 0)
                return r;
        if (l->received > 0) {
                (void) snprintf(range, sizeof(range), "%" PRIu64 "-", l->received);
                if (curl_easy_setopt(l->easy, CURLOPT_RANGE, range) != CURLE_OK)
                        return -ENOMEM;
        }
        l->skip = 0;
        l->attempt_from = l->received;
        l->response_checked = false;
        (void) curl_easy_setopt(l->easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
        (void) curl_easy_setopt(l->easy, CURLOPT_WRITEFUNCTION, layer_write);
        (void) curl_easy_setopt(l->easy, CURLOPT_WRITEDATA, l);
        (void) curl_easy_setopt(l->easy, CURLOPT_PRIVATE, l);
        if (curl_multi_add_handle(l->fetch->multi, l->easy) != CURLM_OK)
                return -ENOMEM;
        l->state = LAYER_ACTIVE;
        return 0;
}

static void layer_finish(Layer *l) {
        layer_detach(l);
        l->output = fd_close(l->output);
        l->n_spill = l->spill_at = 0;
        l->state = LAYER_DONE;
}

/* Ends a layer that is complete and in the pipe. */
static int layer_complete(Layer *l) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        layer_finish(l);
        r = message_new(MESSAGE_PULL_FETCHED, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_INDEX, l->index);
        return r < 0 ? r : message_send(l->fetch->socket, m);
}

static int layer_ended(Layer *l, CURLcode code, Failure *reterr);

static int layer_drain(Layer *l, Failure *reterr) {
        CURLcode code;
        int r;

        r = layer_flush(l);
        if (r == 0)
                return 0;
        if (r == -EPIPE) {
                layer_finish(l);
                return 0;
        }
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "%s: cannot pass on layer %s",
                                         l->fetch->name, l->layer->digest.string);
        if (l->state == LAYER_DRAINING)
                return layer_complete(l);
        if (!l->paused)
                return 0;
        l->paused = false;
        /* Calls layer_write() at once with what libcurl kept back; a refusal there does not end the transfer
         * by itself. */
        code = curl_easy_pause(l->easy, CURLPAUSE_CONT);
        return code == CURLE_OK ? 0 : layer_ended(l, code, reterr);
}

/* Plans another attempt, or gives up: *ret_again. */
static int layer_retry(Layer *l, bool *ret_again) {
        uint64_t usec;

        if (l->received - l->attempt_from >= PROGRESS_ENOUGH_BYTES)
                l->n_attempts = 0;
        *ret_again = ++l->n_attempts < FETCH_ATTEMPTS_MAX &&
                     registry_backoff_usec(l->easy, l->n_attempts, &usec) >= 0;
        if (!*ret_again)
                return 0;
        log_debug("Layer %s: attempt %u broke at byte %" PRIu64 ", trying again in %" PRIu64 " ms.",
                  l->layer->digest.string, l->n_attempts, l->received, usec / USEC_PER_MSEC);
        layer_detach(l);
        l->retry_usec = clock_now_monotonic_usec() + usec;
        l->state = LAYER_WAITING;
        return 0;
}

/* The transfer ended with an HTTP status that is no success. */
static int layer_status(Layer *l, Failure *reterr) {
        _cleanup_free_ char *what = NULL;
        long status = http_status(l->easy);
        bool again = false;
        int r = 0;

        if (status == 401 && l->n_logins++ < 2) {
                r = registry_login(l->fetch->registry, l->easy, l->login, reterr);
                if (r < 0)
                        return r;
                layer_detach(l);
                l->retry_usec = 0;
                l->state = LAYER_WAITING;
                return 0;
        }
        if (http_status_is_transient(status))
                r = layer_retry(l, &again);
        if (r < 0 || again)
                return r;
        r = string_format(&what, "layer %s", l->layer->digest.string);
        return r < 0 ? r
                     : registry_status_failure(l->fetch->registry, status, l->error_body.data,
                                               l->error_body.n_bytes, what, reterr);
}

/* The connection broke, or the body ended early. */
static int layer_broken(Layer *l, CURLcode code, Failure *reterr) {
        bool again = false;
        int r = 0;

        if (code == CURLE_OK || http_code_is_transient(code) ||
            (code == CURLE_COULDNT_CONNECT && l->received > 0))
                r = layer_retry(l, &again);
        if (r < 0 || again)
                return r;
        if (code != CURLE_OK && code != CURLE_PARTIAL_FILE)
                return http_failure(reterr, code, l->easy, registry_host(l->fetch->registry));
        return failure_set(reterr, FAILURE_REGISTRY,
                           "%s: layer %s: registry %s sent only %" PRIu64 " of %" PRIu64
                           " bytes, even when asked again; the blob is cut off there: push the image again",
                           l->fetch->name, l->layer->digest.string, registry_host(l->fetch->registry),
                           l->received, l->layer->size_bytes);
}

/* libcurl has ended a transfer. */
static int layer_ended(Layer *l, CURLcode code, Failure *reterr) {
        int r;

        if (l->fetch->failure.text) {
                failure_done(reterr);
                *reterr = l->fetch->failure;
                l->fetch->failure = (Failure) {};
                return -failure_kind_to_errno(reterr->kind);
        }
        if (l->abandoned) {
                layer_finish(l);
                return 0;
        }
        /* An empty body never reaches the callback. */
        if (code == CURLE_OK && !l->response_checked) {
                r = layer_check_response(l);
                if (r < 0)
                        return layer_ended(l, code, reterr);
                l->response_checked = r > 0;
        }
        if (l->error_body.overflow || (code == CURLE_OK && !l->response_checked))
                return layer_status(l, reterr);
        if (code != CURLE_OK || l->received < l->layer->size_bytes)
                return layer_broken(l, code, reterr);
        layer_detach(l);
        l->state = LAYER_DRAINING;
        return layer_drain(l, reterr);
}

static int fetch_start_layers(Fetch *f) {
        uint64_t now = clock_now_monotonic_usec();

        for (size_t i = 0; i < f->n_queue && f->n_active < FETCH_CONNECTIONS_MAX; i++) {
                Layer *l = f->layers[f->queue[i]];
                int r;

                /* What an earlier attempt spilt has to be out before anything follows it. */
                if ((l->state != LAYER_QUEUED && (l->state != LAYER_WAITING || l->retry_usec > now)) ||
                    l->n_spill > 0)
                        continue;
                r = layer_start(l);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int fetch_drain_layers(Fetch *f, Failure *reterr) {
        for (size_t i = 0; i < f->n_queue; i++) {
                Layer *l = f->layers[f->queue[i]];
                int r;

                if (l->n_spill == 0)
                        continue;
                r = layer_drain(l, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

int fetch_step(Fetch *f, Failure *reterr) {
        int r, running, left;
        CURLMsg *m;

        r = fetch_drain_layers(f, reterr);
        if (r >= 0)
                r = fetch_start_layers(f);
        if (r < 0)
                return r;
        if (curl_multi_perform(f->multi, &running) != CURLM_OK)
                return -ENOMEM;
        while ((m = curl_multi_info_read(f->multi, &left))) {
                CURLcode code = m->data.result;
                Layer *l = NULL;

                if (m->msg != CURLMSG_DONE)
                        continue;
                (void) curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **) &l);
                r = layer_ended(l, code, reterr);
                if (r < 0)
                        return r;
        }
        /* Connections that became free serve the next in the queue. */
        return fetch_start_layers(f);
}

/* What came too soon after a report has to be told when nothing more comes. */
static bool layer_owes_report(const Layer *l) {
        return l->state == LAYER_ACTIVE && l->received > l->reported;
}

/* How long fetch_wait() may sleep: until the next attempt or report is due. */
static int fetch_timeout_msec(const Fetch *f) {
        uint64_t now = clock_now_monotonic_usec(), next = WAIT_MAX_MSEC * USEC_PER_MSEC;

        for (size_t i = 0; i < f->n_queue; i++) {
                const Layer *l = f->layers[f->queue[i]];

                if (l->state == LAYER_WAITING && l->n_spill == 0)
                        next = MIN(next, l->retry_usec > now ? l->retry_usec - now : 0);
                else if (layer_owes_report(l))
                        next = MIN(next, l->progress_usec + PROGRESS_USEC > now
                                                 ? l->progress_usec + PROGRESS_USEC - now
                                                 : 0);
        }
        return (int) ((next + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

int fetch_wait(Fetch *f, bool *ret_socket) {
        _cleanup_free_ struct curl_waitfd *fds = NULL;
        struct pollfd p = { .fd = f->socket, .events = POLLIN };
        unsigned n = 0;

        fds = new0(struct curl_waitfd, f->n_queue + 1);
        if (!fds)
                return -ENOMEM;
        fds[n++] = (struct curl_waitfd) { .fd = f->socket, .events = CURL_WAIT_POLLIN };
        for (size_t i = 0; i < f->n_queue; i++) {
                const Layer *l = f->layers[f->queue[i]];

                if (l->n_spill > 0)
                        fds[n++] = (struct curl_waitfd) { .fd = l->output, .events = CURL_WAIT_POLLOUT };
        }
        if (curl_multi_poll(f->multi, fds, n, fetch_timeout_msec(f), NULL) != CURLM_OK)
                return -ENOMEM;
        for (size_t i = 0; i < f->n_queue; i++)
                if (layer_owes_report(f->layers[f->queue[i]]))
                        layer_report(f->layers[f->queue[i]]);
        /* libcurl does not pass on POLLHUP, which is how a vanished peer shows. */
        *ret_socket = poll(&p, 1, 0) > 0;
        return 0;
}
