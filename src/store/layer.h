/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"

/* One layer, unpacked: layers/<diff-id hex>/tree in overlayfs form, and layer.json:
 *
 *     { "version": 1, "diffId": D, "bytes": N, "entries": N } */

typedef struct LayerInfo {
        uint64_t size_bytes; /* sum of the sizes of its regular files */
        uint64_t n_entries;
} LayerInfo;

/* -EBADMSG: damaged. -EFBIG. */
int layer_info_parse(const char *data, size_t n_bytes, LayerInfo *ret);

bool layer_exists(Store *s, const char *hex);
/* -ENOENT; -EBADMSG: the record is damaged. */
int layer_load(Store *s, const char *hex, LayerInfo *ret);

/* Makes <hex>/tree beneath the staging directory @staging_fd and opens the tree. */
int layer_stage(int staging_fd, const char *hex, int *ret_tree_fd);
/* Adds layer.json; nothing is visible yet. */
int layer_stage_record(int staging_fd, const char *hex, const LayerInfo *info);
/* Moves a staged, durable layer to its place. A layer that somebody else committed meanwhile stays, and this
 * one is left in staging to be swept. */
int layer_commit(Store *s, int staging_fd, const char *hex);
