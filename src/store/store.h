/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"
#include "basic/macro.h"
#include "spec/digest.h"

/* The directories that everything durable and everything of this boot lives in:
 *
 *     <root>/layers/<diff-id hex>/{tree/,layer.json}   blobs/sha256/<hex>   images/<config hex>.json
 * refs/<hash>.json containers/<id>/{container.json,rootfs/{upper,work}}   volumes/<name>/{volume.json,data/}
 *     staging/<anything half done>
 *     <runtime>/containers/<id>/{container.json,supervisor.sock,exit,...}
 *
 * Whatever becomes visible under its final name was complete and durable before: data in staging, syncfs(2)
 * by a worker, rename, syncfs again, and only then the answer. Trees are never deleted in place: their name
 * moves into staging first. */

typedef struct Store {
        char *path, *runtime_path;
        int root_fd, layers_fd, blobs_parent_fd, blobs_fd, images_fd, refs_fd, containers_fd, volumes_fd;
        int staging_fd;
        int runtime_fd, runtime_containers_fd;
} Store;

/* Opens, creating what is missing, and takes the store's lock. -EBUSY: another creeld holds it. */
int store_open(const char *path, const char *runtime_path, Store **ret, Failure *f);
Store *store_close(Store *s);
DEFINE_CLEANUP(Store, store_close)

/* A fresh directory below staging; *ret_name is its name there. */
int store_stage(Store *s, char **ret_name, int *ret_fd);
/* Moves @name beneath @dirfd into staging, out of everyone's sight; the caller has the tree *ret_name
 * removed later. -ENOENT: there is no such name. */
int store_discard(Store *s, int dirfd, const char *name, char **ret_name);
/* Moves everything that an earlier creeld left in staging beneath one entry. 0: nothing was there, 1:
 * *ret_name. */
int store_sweep_staging(Store *s, char **ret_name);

/* Calls @callback for every entry of the directory but "." and "..", and those that start with ".#"
 * (half-written files, which are removed). A negative result stops and is returned. */
typedef int (*store_entry_t)(Store *s, const char *name, void *userdata);
int store_for_each(Store *s, int dirfd, store_entry_t callback, void *userdata);
