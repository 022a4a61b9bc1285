/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "engine/container.h"
#include "spec/image-config.h"

/* Compiles what the user asked for and what the image says into one OCI runtime-spec document: the only
 * thing that src/runtime executes. @config: the image's. @runtime_path: the directory that holds the
 * directories of this boot's containers, where the files of /etc (engine/etc.h) lie. @start: what the caller
 * said about this start. Returns the JSON text.
 */
int container_compile(const ContainerRecord *record, const ImageConfig *config, const char *runtime_path,
                      const JobParameters *start, char **ret, Failure *f);

/* The command line by the rules of OCI images: an entrypoint given by the user drops the image's command.
 * FAILURE_INVALID_ARGUMENT when nothing is left. */
int container_argv(const ContainerRecord *record, const ImageConfig *config, char ***ret, Failure *f);
/* The effective capabilities: the default set with what was added and dropped. FAILURE_INVALID_ARGUMENT
 * names an unknown one. */
int container_capabilities(const ContainerSpec *spec, uint64_t *ret, Failure *f);
