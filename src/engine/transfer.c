/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/table.h"
#include "engine/image.h"
#include "engine/transfer.h"
#include "spec/reference.h"
#include "store/layer.h"

#define CHANGE_INTERVAL_USEC (100 * USEC_PER_MSEC)
#define PIPE_BYTES (1024 * 1024)

static const char *const transfer_state_table[] = {
        [TRANSFER_RESOLVING] = "resolving",
        [TRANSFER_FETCHING] = "fetching",
        [TRANSFER_COMMITTING] = "committing",
};
DEFINE_STRING_TABLE(transfer_state, TransferState, _TRANSFER_STATE_MAX)

static const char *const transfer_result_table[] = {
        [TRANSFER_RESULT_DONE] = "done",
        [TRANSFER_RESULT_UNCHANGED] = "unchanged",
        [TRANSFER_RESULT_FAILED] = "failed",
        [TRANSFER_RESULT_CANCELLED] = "cancelled",
};
DEFINE_STRING_TABLE(transfer_result, TransferResult, _TRANSFER_RESULT_MAX)

static const char *const layer_state_table[] = {
        [LAYER_WAITING] = "waiting",     [LAYER_PRESENT] = "present", [LAYER_FETCHING] = "fetching",
        [LAYER_UNPACKING] = "unpacking", [LAYER_DONE] = "done",
};
DEFINE_STRING_TABLE(layer_state, LayerState, _LAYER_STATE_MAX)

Transfer *transfer_find(Engine *e, uint32_t id) {
        LIST_FOREACH(transfers, t, e->transfers)
                if (t->id == id)
                        return t;
        return NULL;
}

double transfer_progress(const Transfer *t) {
        uint64_t done = 0, total = 0;

        if (t->state == TRANSFER_COMMITTING)
                return 1;
        for (size_t i = 0; i < t->n_layers; i++) {
                const TransferLayer *l = t->layers + i;

                total += l->size_bytes;
                done += l->state == LAYER_PRESENT || l->state == LAYER_DONE ? l->size_bytes
                                                                            : l->fetched_bytes;
        }
        return total > 0 ? (double) done / (double) total : 0;
}

Transfer *transfer_free(Transfer *t) {
        if (!t)
                return NULL;
        (void) sd_event_source_disable_unref(t->end);
        (void) sd_event_source_disable_unref(t->change);
        (void) worker_free(t->pull);
        for (size_t i = 0; i < t->n_layers; i++) {
                (void) worker_free(t->layers[i].unpack);
                free(t->layers[i].compression);
        }
        free(t->layers);
        (void) fd_close(t->staging_fd);
        (void) image_record_free(t->record);
        failure_done(&t->failure);
        free(t->staging_name);
        free(t->reference);
        return mfree(t);
}

static int on_change(sd_event_source *source, uint64_t usec, void *userdata) {
        Transfer *t = userdata;

        t->change = sd_event_source_disable_unref(t->change);
        t->last_change_usec = clock_now_monotonic_usec();
        if (t->engine->observer)
                t->engine->observer->transfer_changed(t, t->engine->observer_data);
        return 0;
}

/* Tells the observers, but not for every few kilobytes; the last of them are told when the interval is over.
 */
static void transfer_changed(Transfer *t, bool now) {
        uint64_t next = t->last_change_usec + CHANGE_INTERVAL_USEC, usec = clock_now_monotonic_usec();

        if (now || usec >= next)
                (void) on_change(NULL, usec, t);
        else if (!t->change)
                (void) sd_event_add_time(t->engine->event, &t->change, CLOCK_MONOTONIC, next, 0, on_change,
                                         t);
}

static void transfer_report(Transfer *t) {
        _cleanup_strv_free_ char **l = NULL;
        _cleanup_free_ char *name = NULL, *error = NULL;
        bool good = t->result == TRANSFER_RESULT_DONE || t->result == TRANSFER_RESULT_UNCHANGED;

        if (string_format(&name, "name=%s", t->reference) < 0 || strv_extend(&l, name) < 0)
                return;
        if (!good &&
            (string_format(&error, "error=%s", strempty(t->failure.text)) < 0 || strv_extend(&l, error) < 0))
                return;
        engine_event(t->engine, "image", good ? "pull" : "pull-error",
                     good ? t->image_id.string : t->reference, l);
}

static int on_transfer_end(sd_event_source *source, void *userdata) {
        Transfer *t = userdata;
        Engine *e = t->engine;
        StagedTree *tree = t->staging_name ? staged_tree_new(e, t->staging_name) : NULL;

        LIST_REMOVE(transfers, e->transfers, t);
        e->n_transfers--;
        /* The tree is removed when the last of the killed unpackers is gone: until then one may still write
         * into it. */
        for (size_t i = 0; i < t->n_layers; i++)
                t->layers[i].unpack = worker_free_tree(t->layers[i].unpack, tree);
        t->pull = worker_free_tree(t->pull, tree);
        staged_tree_release(tree);
        transfer_report(t);
        if (e->observer)
                e->observer->transfer_removed(t, e->observer_data);
        (void) transfer_free(t);
        return 0;
}

static void transfer_end(Transfer *t, TransferResult result) {
        if (t->end)
                return;
        t->result = result;
        if (sd_event_add_defer(t->engine->event, &t->end, on_transfer_end, t) < 0)
                log_oom();
}

static void transfer_fail(Transfer *t, const Message *m, const char *what) {
        if (t->end)
                return;
        (void) worker_failure(m, what, &t->failure);
        transfer_end(t, TRANSFER_RESULT_FAILED);
}

static void transfer_fail_errno(Transfer *t, FailureKind kind, int error) {
        if (t->end)
                return;
        (void) failure_set_errno(&t->failure, kind, error, "pulling %s", t->reference);
        transfer_end(t, TRANSFER_RESULT_FAILED);
}

void transfer_cancel(Transfer *t) {
        if (t->end)
                return;
        (void) failure_set(&t->failure, FAILURE_CANCELLED, "pulling %s: cancelled", t->reference);
        transfer_end(t, TRANSFER_RESULT_CANCELLED);
}

/* The first of the two durable steps, then the names. */
static void transfer_sync(Transfer *t) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        t->state = TRANSFER_COMMITTING;
        transfer_changed(t, true);
        r = message_new(MESSAGE_PULL_SYNC, &m);
        if (r >= 0)
                r = worker_send(t->pull, m);
        if (r < 0)
                transfer_fail_errno(t, FAILURE_SYSTEM, r);
}

static int transfer_stage_records(Transfer *t) {
        Ref ref = { .reference = t->reference, .image = t->record->config_digest, .digest = t->digest };
        int r;

        r = image_stage(t->staging_fd, t->record);
        return r < 0 ? r : ref_stage(t->staging_fd, &ref);
}

static int transfer_rename(Transfer *t) {
        int r = 0;

        for (size_t i = 0; i < t->n_layers && r >= 0; i++)
                if (t->layers[i].state == LAYER_DONE && !t->layers[i].duplicate)
                        r = layer_commit(t->engine->store, t->staging_fd, digest_hex(&t->layers[i].diff_id));
        if (r >= 0)
                r = image_commit(t->engine->store, t->staging_fd, t->record);
        return r < 0 ? r : ref_commit(t->engine->store, t->staging_fd);
}

/* Everything is durable: the image becomes an object. */
static int transfer_adopt(Transfer *t) {
        Ref *ref = new0(Ref, 1);
        Image *image;
        int r;

        if (!ref)
                return -ENOMEM;
        t->image_id = t->record->config_digest;
        *ref = (Ref){ .reference = strdup(t->reference),
                      .image = t->record->config_digest,
                      .digest = t->digest };
        r = ref->reference ? image_adopt(t->engine, t->record, &image) : -ENOMEM;
        if (r >= 0) {
                t->record = NULL;
                r = image_adopt_ref(t->engine, ref);
        }
        if (r < 0)
                (void) ref_free(ref);
        return r;
}

static void on_synced(Transfer *t) {
        int r;

        if (++t->n_syncs == 1) {
                r = transfer_rename(t);
                if (r < 0)
                        transfer_fail_errno(t, FAILURE_STORAGE, r);
                else
                        transfer_sync(t);
                return;
        }
        r = transfer_adopt(t);
        if (r < 0)
                transfer_fail_errno(t, FAILURE_STORAGE, r);
        else
                transfer_end(t, TRANSFER_RESULT_DONE);
}

static void transfer_advance(Transfer *t);

static void on_unpacked(TransferLayer *l, Message *m) {
        Transfer *t = l->transfer;
        const char *digest = NULL, *diff_id = NULL;
        LayerInfo info = {};
        int r;

        (void) message_get_string(m, FIELD_DIGEST, &digest);
        (void) message_get_string(m, FIELD_DIFF_ID, &diff_id);
        (void) message_get_u64(m, FIELD_BYTES, &info.size_bytes);
        (void) message_get_u64(m, FIELD_ENTRIES, &info.n_entries);
        /* The worker has checked; that it speaks of the same layer is checked again. */
        if (!streq(digest, l->digest.string) || !streq(diff_id, l->diff_id.string)) {
                transfer_fail_errno(t, FAILURE_REGISTRY, EBADMSG);
                return;
        }
        r = layer_stage_record(t->staging_fd, digest_hex(&l->diff_id), &info);
        if (r < 0) {
                transfer_fail_errno(t, FAILURE_STORAGE, r);
                return;
        }
        l->state = LAYER_DONE;
        l->fetched_bytes = l->size_bytes;
        transfer_changed(t, true);
        transfer_advance(t);
}

static void on_unpack_message(Worker *w, Message *m, void *userdata) {
        TransferLayer *l = userdata;
        _cleanup_free_ char *what = NULL;

        if (m && message_type(m) == MESSAGE_UNPACK_PROGRESS)
                return;
        if (m && message_type(m) == MESSAGE_UNPACK_DONE) {
                on_unpacked(l, m);
                return;
        }
        if (!m && l->state == LAYER_DONE) {
                l->unpack = worker_free(l->unpack);
                return;
        }
        (void) string_format(&what, "unpacking layer %.12s of %s", digest_hex(&l->digest),
                             l->transfer->reference);
        transfer_fail(l->transfer, m, what ?: "unpacking");
}

static int send_unpack(TransferLayer *l, int input_fd) {
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_close_ int tree_fd = -EBADF;
        int r;

        r = layer_stage(l->transfer->staging_fd, digest_hex(&l->diff_id), &tree_fd);
        if (r >= 0)
                r = message_new(MESSAGE_UNPACK_START, &m);
        if (r >= 0)
                r = message_put_fd(m, FIELD_INPUT, input_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_DIRECTORY, tree_fd);
        if (r >= 0)
                r = message_put_string(m, FIELD_COMPRESSION, l->compression);
        if (r >= 0)
                r = message_put_string(m, FIELD_DIGEST, l->digest.string);
        if (r >= 0)
                r = message_put_string(m, FIELD_DIFF_ID, l->diff_id.string);
        if (r >= 0)
                r = message_put_u64(m, FIELD_BYTES, l->size_bytes);
        if (r >= 0)
                r = message_put_u64(m, FIELD_BYTES_MAX, LAYER_BYTES_MAX);
        if (r >= 0)
                r = message_put_u64(m, FIELD_ENTRIES_MAX, LAYER_ENTRIES_MAX);
        return r < 0 ? r : worker_send(l->unpack, m);
}

static int send_fetch(TransferLayer *l, int output_fd) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_PULL_FETCH, &m);
        if (r >= 0)
                r = message_put_u64(m, FIELD_INDEX, l->index);
        if (r >= 0)
                r = message_put_fd(m, FIELD_OUTPUT, output_fd);
        return r < 0 ? r : worker_send(l->transfer->pull, m);
}

static int layer_begin(TransferLayer *l) {
        _cleanup_close_ int in = -EBADF, out = -EBADF;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return negative_errno();
        in = fds[0];
        out = fds[1];
        /* A larger pipe means fewer switches between the two; not having it is no failure. */
        (void) fcntl(out, F_SETPIPE_SZ, PIPE_BYTES);

        r = worker_start(l->transfer->engine, l->transfer->engine->unpack_fd, "creel-unpack",
                         on_unpack_message, l, &l->unpack);
        if (r >= 0)
                r = send_unpack(l, in);
        if (r >= 0)
                r = send_fetch(l, out);
        if (r >= 0)
                l->state = LAYER_FETCHING;
        return r;
}

/* Begins layers while unpackers are free; when the last is done, commits. */
static void transfer_advance(Transfer *t) {
        unsigned busy = 0, waiting = 0;
        int r;

        if (t->end || t->n_layers < t->n_expected)
                return;
        for (size_t i = 0; i < t->n_layers; i++)
                busy += t->layers[i].state == LAYER_FETCHING || t->layers[i].state == LAYER_UNPACKING;
        for (size_t i = 0; i < t->n_layers; i++) {
                TransferLayer *l = t->layers + i;

                if (l->state != LAYER_WAITING)
                        continue;
                waiting++;
                if (busy >= UNPACKERS_MAX)
                        continue;
                r = layer_begin(l);
                if (r < 0) {
                        transfer_fail_errno(t, FAILURE_SYSTEM, r);
                        return;
                }
                busy++;
                waiting--;
        }
        if (busy > 0 || waiting > 0)
                return;

        r = transfer_stage_records(t);
        if (r < 0)
                transfer_fail_errno(t, r == -EBADMSG ? FAILURE_REGISTRY : FAILURE_STORAGE, r);
        else
                transfer_sync(t);
}

static void on_resolved(Transfer *t, Message *m) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        const char *digest = NULL;
        uint64_t count = 0;
        size_t size;
        int r;

        (void) message_get_string(m, FIELD_DIGEST, &digest);
        (void) message_get_u64(m, FIELD_COUNT, &count);
        if (digest_parse(digest, &t->digest) < 0 || count > IMAGE_LAYERS_MAX || t->record ||
            t->n_expected > 0) {
                transfer_fail_errno(t, FAILURE_REGISTRY, EBADMSG);
                return;
        }
        if (message_take_fd(m, FIELD_RECORD, &fd) < 0) {
                const EngineRef *ref = hashmap_get(t->engine->refs, t->reference);

                /* The tag still points at what is here. */
                if (!ref)
                        transfer_fail_errno(t, FAILURE_REGISTRY, EBADMSG);
                else {
                        t->image_id = ref->image->record->config_digest;
                        transfer_end(t, TRANSFER_RESULT_UNCHANGED);
                }
                return;
        }
        r = fd_read_file(fd, IMAGE_RECORD_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = image_record_parse(text, size, &t->record);
        if (r >= 0 && t->record->n_layers != count)
                r = -EBADMSG;
        if (r >= 0 && count > 0) {
                t->layers = new0(TransferLayer, count);
                r = t->layers ? 0 : -ENOMEM;
        }
        if (r < 0) {
                transfer_fail_errno(t, FAILURE_REGISTRY, r);
                return;
        }
        t->n_expected = count;
        t->state = TRANSFER_FETCHING;
        transfer_changed(t, true);
        if (count == 0)
                transfer_advance(t);
}

static bool layer_is_staged(const Transfer *t, const Digest *diff_id) {
        for (size_t i = 0; i < t->n_layers; i++)
                if (digest_equal(&t->layers[i].diff_id, diff_id))
                        return true;
        return false;
}

static int add_layer(Transfer *t, const Message *m) {
        const char *digest = NULL, *diff_id = NULL, *compression = NULL;
        uint64_t index = 0, size = 0;
        TransferLayer *l;

        (void) message_get_u64(m, FIELD_INDEX, &index);
        (void) message_get_u64(m, FIELD_BYTES, &size);
        (void) message_get_string(m, FIELD_DIGEST, &digest);
        (void) message_get_string(m, FIELD_DIFF_ID, &diff_id);
        (void) message_get_string(m, FIELD_COMPRESSION, &compression);
        if (!t->record || index != t->n_layers || index >= t->n_expected)
                return -EBADMSG;

        l = t->layers + index;
        *l = (TransferLayer) { .transfer = t, .index = index, .size_bytes = size };
        if (digest_parse(digest, &l->digest) < 0 || digest_parse(diff_id, &l->diff_id) < 0)
                return -EBADMSG;
        if (!digest_equal(&l->diff_id, &t->record->layers[index].diff_id) ||
            !digest_equal(&l->digest, &t->record->layers[index].digest))
                return -EBADMSG;
        l->compression = strdup(compression);
        if (!l->compression)
                return -ENOMEM;
        l->duplicate = layer_is_staged(t, &l->diff_id);
        l->state = l->duplicate || layer_exists(t->engine->store, digest_hex(&l->diff_id)) ? LAYER_PRESENT
                                                                                           : LAYER_WAITING;
        t->n_layers++;
        return 0;
}

static void on_fetch_message(Transfer *t, const Message *m) {
        uint64_t index = 0, bytes = 0;
        TransferLayer *l;

        (void) message_get_u64(m, FIELD_INDEX, &index);
        if (index >= t->n_layers) {
                transfer_fail_errno(t, FAILURE_REGISTRY, EBADMSG);
                return;
        }
        l = t->layers + index;
        if (message_type(m) == MESSAGE_PULL_FETCHED) {
                if (l->state == LAYER_FETCHING)
                        l->state = LAYER_UNPACKING;
                bytes = l->size_bytes;
        } else
                (void) message_get_u64(m, FIELD_BYTES, &bytes);
        l->fetched_bytes = MIN(bytes, l->size_bytes);
        transfer_changed(t, false);
}

static void on_pull_message(Worker *w, Message *m, void *userdata) {
        Transfer *t = userdata;
        _cleanup_free_ char *what = NULL;
        int r;

        if (t->end)
                return;
        switch (m ? message_type(m) : MESSAGE_FAILED) {
        case MESSAGE_PULL_RESOLVED:
                on_resolved(t, m);
                return;
        case MESSAGE_PULL_LAYER:
                r = add_layer(t, m);
                if (r < 0)
                        transfer_fail_errno(t, FAILURE_REGISTRY, r);
                else
                        transfer_advance(t);
                return;
        case MESSAGE_PULL_PROGRESS:
        case MESSAGE_PULL_FETCHED:
                on_fetch_message(t, m);
                return;
        case MESSAGE_PULL_SYNCED:
                if (t->state == TRANSFER_COMMITTING)
                        on_synced(t);
                return;
        default:
                (void) string_format(&what, "pulling %s", t->reference);
                transfer_fail(t, m, what ?: "pulling");
        }
}

static int send_pull(Transfer *t, const PullOptions *options, const Reference *reference) {
        _cleanup_(message_freep) Message *m = NULL;
        const EngineRef *known = hashmap_get(t->engine->refs, t->reference);
        const char *platform = options->platform ?: image_native_platform();
        bool plain = options->tls_verify == 0 || (options->tls_verify < 0 && options->ca_fd < 0 &&
                                                  reference_registry_is_loopback(reference->registry));
        int r;

        r = message_new(MESSAGE_PULL_START, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_REFERENCE, t->reference);
        if (r >= 0)
                r = message_put_string(m, FIELD_PLATFORM, platform);
        if (r >= 0)
                r = message_put_fd(m, FIELD_STAGING, t->staging_fd);
        if (r >= 0 && plain)
                r = message_put_u64(m, FIELD_PLAIN_HTTP, 1);
        if (r >= 0)
                r = message_put_fd(m, FIELD_CA, options->ca_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_CREDENTIALS, options->credentials_fd);
        /* Another platform's image must not pass for this one's. */
        if (r >= 0 && known && image_is_for(known->image, platform))
                r = message_put_string(m, FIELD_KNOWN_DIGEST, known->ref->digest.string);
        return r < 0 ? r : worker_send(t->pull, m);
}

static int transfer_begin(Transfer *t, const PullOptions *options, const Reference *reference) {
        int r;

        r = store_stage(t->engine->store, &t->staging_name, &t->staging_fd);
        if (r >= 0)
                r = worker_start(t->engine, t->engine->pull_fd, "creel-pull", on_pull_message, t, &t->pull);
        /* When it dies its unpackers find their pipes cut short: the cause has to be heard before them. */
        if (r >= 0)
                r = worker_hear_first(t->pull);
        return r < 0 ? r : send_pull(t, options, reference);
}

static int transfer_new(Engine *e, const Reference *reference, Transfer **ret) {
        Transfer *t = new0(Transfer, 1);
        int r;

        if (!t)
                return -ENOMEM;
        t->engine = e;
        t->staging_fd = -EBADF;
        t->id = ++e->last_transfer_id;
        r = reference_format(reference, &t->reference);
        if (r < 0) {
                (void) transfer_free(t);
                return r;
        }
        *ret = t;
        return 0;
}

int transfer_pull(Engine *e, const PullOptions *options, Transfer **ret, Failure *f) {
        _cleanup_(reference_done) Reference reference = {};
        const char *message = NULL;
        const EngineRef *known;
        Transfer *t;
        int r;

        r = reference_parse(options->reference, &reference, &message);
        if (r < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "%s: not an image reference: %s",
                                   options->reference, message ?: "malformed");
        if (e->n_transfers >= ENGINE_TRANSFERS_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "there are %u transfers already; wait for one to end",
                                   ENGINE_TRANSFERS_MAX);
        r = transfer_new(e, &reference, &t);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot pull %s", options->reference);
        LIST_APPEND(transfers, e->transfers, t);
        e->n_transfers++;
        known = hashmap_get(e->refs, t->reference);
        if (options->only_missing && known &&
            image_is_for(known->image, options->platform ?: image_native_platform())) {
                t->image_id = known->image->record->config_digest;
                transfer_end(t, TRANSFER_RESULT_UNCHANGED);
        } else {
                r = transfer_begin(t, options, &reference);
                if (r < 0)
                        transfer_fail_errno(t, FAILURE_SYSTEM, r);
        }
        if (e->observer)
                e->observer->transfer_new(t, e->observer_data);
        *ret = t;
        return 0;
}
