/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/container.h"
#include "store/volume.h"

#define ENGINE_VOLUMES_MAX 65536

typedef struct Volume {
        Engine *engine;
        VolumeRecord *record;
} Volume;

Volume *volume_free(Volume *v);
DEFINE_CLEANUP(Volume, volume_free)

/* Takes over a record that was loaded. */
int volume_adopt(Engine *e, VolumeRecord *record, Volume **ret);

/* Makes a volume; without @name one is made up. @labels: "key=value". FAILURE_NAME_IN_USE,
 * _INVALID_ARGUMENT. */
int volume_create(Engine *e, const char *name, char *const *labels, Volume **ret, Failure *f);
/* FAILURE_NO_SUCH_VOLUME. Any beginning of a name that only one has will do. */
int volume_find(Engine *e, const char *name, Volume **ret, Failure *f);
/* The directory with its files. */
int volume_path(const Volume *v, char **ret);
/* Names of the containers that mount it. */
int volume_users(const Volume *v, char ***ret);
/* FAILURE_BUSY while a container uses it. */
int volume_remove(Volume *v, Failure *f);

/* Makes what is missing of the volumes that the container mounts. */
int volume_prepare(Container *c, Failure *f);
/* Removes the anonymous volumes that were made for the container and that no other one uses. */
void volume_remove_anonymous(Container *c);
