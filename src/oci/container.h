/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* A container of creel-oci is a directory beneath --root:
 *
 *     ROOT/ID/state.json       what the structure below holds
 *     ROOT/ID/config.json      the bundle's, as it was when the container was created
 *     ROOT/ID/start, result    FIFOs (oci/gate.h), while it is created and not started
 *
 * The directory itself is locked (flock(2)) by whoever changes something. Both documents are written
 * atomically, so that readers need no lock. */

#define OCI_ID_BYTES_MAX 1024u

typedef struct OciRoot {
        const char *path; /* absolute */
} OciRoot;

/* OCI runtime-spec, runtime.md, "State", and "paused" besides. */
typedef enum OciStatus {
        OCI_CREATING,
        OCI_CREATED,
        OCI_RUNNING,
        OCI_PAUSED,
        OCI_STOPPED,
        _OCI_STATUS_MAX,
} OciStatus;

typedef struct OciContainer {
        char *id;
        int dir_fd;  /* ROOT/ID */
        bool locked; /* by us */

        pid_t pid;             /* the first process; 0: none yet */
        uint64_t start_time;   /* of that process, proc_pid_stat(5), so that a number that was used again is
                                  noticed */
        bool created;          /* it was complete once */
        uint64_t created_usec; /* since the epoch */
        uint32_t owner;        /* who called us */
        char *bundle, *rootfs; /* absolute */
        char *oci_version;     /* of its config.json */
        char **annotations;
        char *cgroup;      /* from the hierarchy's root; NULL: it is in none of its own */
        char *cgroup_top;  /* where that lies beneath another one that is the container's as well, or is the
                              scope's: that one, which is what is removed. NULL: cgroup */
        bool cgroup_is_planned; /* it may not be there yet, and what is there may be another's */
        char *unit;        /* the scope of systemd; NULL: the cgroup is our own */
        bool user_manager; /* whose scope it is: that of the user's systemd */
} OciContainer;

OciContainer *oci_container_free(OciContainer *c);
DEFINE_CLEANUP(OciContainer, oci_container_free)

/* Makes the directory, locked. @id is checked. NameInUse: there is one. */
int oci_container_new(const OciRoot *root, const char *id, OciContainer **ret, Failure *f);

/* Opens one that is there; @lock waits until nobody else changes it. NoSuchContainer: there is none. A
 * damaged state is an error, but with @ret_damaged it only is told, so that the rest can be removed. */
int oci_container_open(const OciRoot *root, const char *id, bool lock, OciContainer **ret, Failure *f);
int oci_container_open_damaged(const OciRoot *root, const char *id, OciContainer **ret, bool *ret_damaged,
                               Failure *f);
void oci_container_unlock(OciContainer *c);

/* Writes state.json. */
int oci_container_save(const OciContainer *c, Failure *f);
int oci_container_save_config(const OciContainer *c, const char *text, size_t n_bytes, Failure *f);
/* Reads config.json. */
int oci_container_load_spec(const OciContainer *c, RuntimeSpec **ret, Failure *f);

/* Removes the directory. */
int oci_container_remove(const OciRoot *root, OciContainer *c, Failure *f);

/* Notes the first process. */
int oci_container_set_pid(OciContainer *c, pid_t pid);
/* A descriptor of the first process. -ESRCH: it is gone. */
int oci_container_pidfd(const OciContainer *c, int *ret_fd);

OciStatus oci_container_status(const OciContainer *c);
const char *oci_status_to_string(OciStatus status);
int oci_status_from_string(const char *s);

/* The state as hooks and `state` get it; "pid" is left out where there is no process any more but for
 * `state`, which prints 0 as other runtimes do. */
int oci_container_state(const OciContainer *c, OciStatus status, json_object **ret);

/* The identifiers in @root, in order; for `list`. */
int oci_container_list(const OciRoot *root, char ***ret, Failure *f);

bool oci_id_is_valid(const char *id);
