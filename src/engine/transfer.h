/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"
#include "engine/worker.h"
#include "spec/image-record.h"

/* One pull: a creel-pull that resolves and fetches, and one creel-unpack for each layer that the store does
 * not hold. */

#define UNPACKERS_MAX 4
#define LAYER_BYTES_MAX (UINT64_C(64) << 30) /* of one layer, unpacked */
#define LAYER_ENTRIES_MAX UINT64_C(8000000)

typedef enum TransferState {
        TRANSFER_RESOLVING,
        TRANSFER_FETCHING,
        TRANSFER_COMMITTING,
        _TRANSFER_STATE_MAX,
} TransferState;

typedef enum LayerState {
        LAYER_WAITING,
        LAYER_PRESENT, /* in the store already */
        LAYER_FETCHING,
        LAYER_UNPACKING, /* the last byte is fetched */
        LAYER_DONE,
        _LAYER_STATE_MAX,
} LayerState;

typedef struct TransferLayer {
        Transfer *transfer;
        uint64_t index;
        Digest digest, diff_id;
        char *compression;
        uint64_t size_bytes, fetched_bytes;
        LayerState state;
        bool duplicate; /* the same diff ID stands earlier in this image */
        bool broke_off; /* its input ended early: creel-pull will tell why */
        Worker *unpack;
} TransferLayer;

typedef enum TransferResult {
        TRANSFER_RESULT_DONE,
        TRANSFER_RESULT_UNCHANGED,
        TRANSFER_RESULT_FAILED,
        TRANSFER_RESULT_CANCELLED,
        _TRANSFER_RESULT_MAX,
} TransferResult;

struct Transfer {
        Engine *engine;
        uint32_t id;
        char *reference; /* fully qualified */
        TransferState state;
        Worker *pull;
        char *staging_name;
        int staging_fd;
        ImageRecord *record;
        Digest digest; /* what the tag points at */
        TransferLayer *layers;
        size_t n_layers, n_expected;
        unsigned n_syncs;
        sd_event_source *end; /* deferred: the workers are not freed from inside their own callbacks */
        TransferResult result;
        Failure failure;
        Digest image_id;
        sd_event_source *change; /* set while one is due that came too soon after the last */
        uint64_t last_change_usec;
        LIST_FIELDS(Transfer, transfers);
};

typedef struct PullOptions {
        const char *reference;
        const char *platform; /* NULL: this machine's */
        int tls_verify; /* -1: by the registry's name (loopback speaks plain HTTP), 0: plain HTTP, 1: TLS */
        bool only_missing;    /* what is here under this reference will do */
        int ca_fd;            /* borrowed, or -EBADF */
        int credentials_fd;
} PullOptions;

int transfer_pull(Engine *e, const PullOptions *options, Transfer **ret, Failure *f);
void transfer_cancel(Transfer *t);
Transfer *transfer_find(Engine *e, uint32_t id);
/* 0 to 1, by compressed bytes. */
double transfer_progress(const Transfer *t);
Transfer *transfer_free(Transfer *t);

const char *transfer_state_to_string(TransferState state);
int transfer_state_from_string(const char *s);
const char *transfer_result_to_string(TransferResult result);
int transfer_result_from_string(const char *s);
const char *layer_state_to_string(LayerState state);
int layer_state_from_string(const char *s);
