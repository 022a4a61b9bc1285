/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"

/* Volumes on disk: volumes/<name>/{volume.json,data/}. The files of data/ belong to ids from 0 on, as those
 * of layers do; each container sees them through a mount of its own ids.
 *
 *     volume.json = { "version": 1, "name": S, "driver": "local", "created": N, "labels": { S: S },
 *                     "anonymous": B, "container": id }
 *
 * An anonymous volume belongs to the container it was made for, and goes with it. */

#define VOLUME_RECORD_BYTES_MAX (256 * 1024)

typedef struct VolumeRecord {
        char *name, *driver;
        char **labels; /* "key=value" */
        uint64_t created_usec;
        bool anonymous;
        char *container; /* id; NULL unless anonymous */
} VolumeRecord;

VolumeRecord *volume_record_free(VolumeRecord *r);
DEFINE_CLEANUP(VolumeRecord, volume_record_free)

/* -EBADMSG: malformed, another version, or a name or driver that is none. */
int volume_record_parse(const char *data, size_t n_bytes, VolumeRecord **ret);
int volume_record_format(const VolumeRecord *r, char **ret);

/* -ENOENT, -EBADMSG: damaged, or the record of another name. */
int volume_load(Store *s, const char *name, VolumeRecord **ret);
/* Makes the volume: whole in staging, then under its name. Durable when @sync. -EEXIST. */
int volume_commit(Store *s, const VolumeRecord *r, bool sync);
