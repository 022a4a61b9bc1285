/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/container-spec.h"
#include "spec/id-map.h"
#include "store/store.h"

/* What is kept of a container: container.json in containers/<id>/, or, for one that is removed when it
 * exits, only in the runtime directory. Both have the same form:
 *
 *     { "version": 1, "id": S, "name": S, "image": S, "imageId": D, "layers": [ hex ], "created": N,
 * "state": S, "stateChanged": N, "started": N, "finished": N, "exitCode": N, "oomKilled": B, "error": S,
 * "unit": S, "stoppedByUser": B, "restarts": N, "uidBase": N, "uidCount": N,
 * "uidMap": [ IN:OUT:COUNT ], "gidMap": [ ... ], "rootfs": S (instead of imageId),
 * "spec": { spec/container-spec.h } } times in usec since the epoch */

#define CONTAINER_RECORD_BYTES_MAX (4 * 1024 * 1024)

typedef struct ContainerRecord {
        char id[DIGEST_HEX_LENGTH + 1];
        char *name, *image, *state, *error;
        char *rootfs; /* a tree of the host's, absolute, where the root is no image; then there is no
                         image_id */
        char *unit;   /* of the last start; NULL: never started */
        Digest image_id;
        char **layers; /* diff ID hex, from the base */
        uint64_t created_usec, state_changed_usec, started_usec, finished_usec;
        int64_t exit_code; /* -1: never ran */
        bool oom_killed;
        bool stopped_by_user; /* the last run, so that no policy starts it again */
        uint64_t n_restarts;  /* by the policy, since a user started it */
        uint64_t uid_base, uid_count; /* the range of ids that is its own; 0: none */
        IdMap uid_map, gid_map;       /* of its user namespace; empty: none, or one that a path leads to */
        ContainerSpec *spec;
} ContainerRecord;

ContainerRecord *container_record_free(ContainerRecord *r);
DEFINE_CLEANUP(ContainerRecord, container_record_free)

/* -EBADMSG: malformed, unknown keys in the spec, an id that is none. */
int container_record_parse(const char *data, size_t n_bytes, ContainerRecord **ret);
int container_record_format(const ContainerRecord *r, char **ret);

/* Reads <id>/container.json beneath @dirfd (containers or the runtime's). -ENOENT, -EBADMSG. */
int container_record_load(int dirfd, const char *id, ContainerRecord **ret);
/* Writes it atomically, durable when @sync. */
int container_record_save(int dirfd, const ContainerRecord *r, bool sync);

/* The host's ids of the container's root: 0 without a user namespace, and where only the runtime knows them.
 */
uid_t container_record_root_uid(const ContainerRecord *r);
gid_t container_record_root_gid(const ContainerRecord *r);

/* Makes containers/<id>/rootfs/{upper,work}, owned by @uid and @gid, the container's root, where missing,
 * and opens rootfs.
 */
int container_rootfs_open(Store *s, const char *id, uid_t uid, gid_t gid, int *ret_fd);
/* Makes and opens the runtime directory. */
int container_runtime_open(Store *s, const char *id, int *ret_fd);

/* The supervisor's exit record. -ENOENT: still running, or never ran. -EBADMSG: damaged. */
typedef struct ExitRecord {
        int status;
        int signal;
        bool oom;
        bool asked; /* systemd stopped the scope */
        uint64_t finished_usec;
} ExitRecord;

int exit_record_parse(const char *data, size_t n_bytes, ExitRecord *ret);
int exit_record_load(Store *s, const char *id, ExitRecord *ret);
