/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"
#include "spec/container-spec.h"

/* What create and run have in common: the options of a container and its image. */

extern ContainerSpec create_spec;
extern const char *create_cidfile;
extern const char *create_image; /* "" for a tree */

/* Finishes create_spec from the operands and the options that need more than one word. */
int create_prepare(char **operands, Failure *f);

/* A call of Manager.@member with @image and the container's options; the array a{sv} is still open, for
 * more. */
int create_new_call(Ctl *c, const char *member, const char *image, sd_bus_message **ret, Failure *f);

/* Runs @attempt, pulling the image before or, where it is missing, in between, as --pull says. Returns what
 * @attempt does, or the status of a pull that was cancelled. */
int create_with_image(Ctl *c, const char *image, int (*attempt)(Ctl *c, const char *image, Failure *f),
                      Failure *f);

/* --cidfile: claimed before the container is made, so that two cannot share one; written when the id is
 * known. */
int create_claim_cidfile(Failure *f);
void create_write_cidfile(const char *id);
void create_drop_cidfile(void);
