/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "spec/image-config.h"

/* Roots that are no images: trees of the host, used as they are or beneath an overlay. */

/* What an image would say, for a tree, which says nothing. */
extern const ImageConfig root_image_config;

/* The configuration of the container's image, or of its tree; NULL: the image is gone. */
const ImageConfig *container_image_config(const Container *c);

/* Finds the tree that @spec names and checks that it is one. *@ret_path is NULL where it names none. */
int root_resolve(const ContainerSpec *spec, char **ret_path, Failure *f);

/* The machine ID of the container as 32 digits: what --uuid says, else what its root has, else the beginning
 * of its id. */
void root_machine_id(const Engine *e, const ContainerRecord *record, char ret[static 33]);

/* The tree for one start, locked. Everything is -EBADF for an image. */
typedef struct RootStart {
        int tree_fd;
        int lock_fds[2];
} RootStart;

#define ROOT_START_NONE ((RootStart){ .tree_fd = -EBADF, .lock_fds = { -EBADF, -EBADF } })

/* Lets go of our copies; the supervisor has its own. */
void root_start_done(RootStart *s);
/* The start does not come about: the locks' files go, too. */
void root_start_abandon(RootStart *s);

/* Opens and locks the tree: shared where it stays as it is, else exclusively. FAILURE_BUSY: another
 * container, or a systemd-nspawn, uses it. */
int root_start(const ContainerRecord *record, RootStart *ret, Failure *f);

/* True where writes go over the tree, or over the image, rather than into the tree. */
bool root_is_overlay(const ContainerRecord *record);

/* --rootfs PATH:ro */
bool root_is_read_only(const ContainerSpec *spec);

/* The host id of a tree's root where its files belong to a range of their own already, as systemd-nspawn -U
 * leaves them; 0: they belong to 0..65535 or to nobody in particular. */
int root_shift(const char *path, uint32_t *ret_base, Failure *f);
