/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"
#include "basic/macro.h"

/* A file of the Container Device Interface (cncf-tags/container-device-interface, SPEC.md, up to 1.0), as
 * JSON:
 *
 *     { "cdiVersion": S, "kind": VENDOR/CLASS, "containerEdits": EDITS?,
 *       "devices": [ { "name": S, "containerEdits": EDITS } ] }
 *     EDITS = { "env": [ S ], "deviceNodes": [ { "path": S, "hostPath": S?, "type": S?, "major": N?,
 * "minor": N?, "fileMode": N?, "permissions": S?, "uid": N?, "gid": N? } ], "mounts": [ { "hostPath": S,
 *               "containerPath": S, "options": [ S ]?, "type": S? } ], "additionalGids": [ N ], "hooks":
 * [...], "intelRdt": {...}, "netDevices": [...] }
 *
 * Hooks, RDT classes and network devices are noted and nothing else: whoever uses such a device is refused.
 */

#define CDI_BYTES_MAX (4U * 1024 * 1024)
#define CDI_ITEMS_MAX 4096U

typedef struct CdiNode {
        char *path, *host_path;               /* host_path NULL: the same */
        char type;                            /* 'b', 'c', 'p', or 0: as on the host */
        int64_t major, minor, mode, uid, gid; /* -1: not said */
        char permissions[4];
} CdiNode;

typedef struct CdiMount {
        char *host_path, *container_path, *type; /* type may be NULL */
        char **options;
} CdiMount;

typedef struct CdiEdits {
        char **env;
        CdiNode *nodes;
        CdiMount *mounts;
        uint32_t *gids;
        size_t n_nodes, n_mounts, n_gids;
        const char *beyond; /* a key that cannot be carried out; NULL: none */
} CdiEdits;

typedef struct CdiDevice {
        char *name;
        CdiEdits edits;
} CdiDevice;

typedef struct CdiFile {
        char *kind;
        CdiEdits edits; /* of every device */
        CdiDevice *devices;
        size_t n_devices;
} CdiFile;

CdiFile *cdi_file_free(CdiFile *c);
DEFINE_CLEANUP(CdiFile, cdi_file_free)

/* -EBADMSG with FAILURE_CONFIGURATION naming the key. @yaml: it is written in YAML (spec/yaml.h), else in
 * JSON. */
int cdi_file_parse(const char *data, size_t n_bytes, bool yaml, CdiFile **ret, Failure *reterr);

const CdiDevice *cdi_file_find(const CdiFile *c, const char *name);
