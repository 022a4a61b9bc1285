/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The options of a mount in a runtime-spec document (config-linux.md, "mounts"; the words of mount(8)),
 * split into what mount_setattr(2) takes and what the file system takes itself. */
typedef struct MountOptions {
        uint64_t attr_set, attr_clear;           /* MOUNT_ATTR_* of this mount */
        uint64_t recursive_set,
                        recursive_clear; /* the same for it and all mounts beneath: "rro" and friends */
        uint64_t propagation;                    /* MS_PRIVATE, ...; 0: not given */
        bool propagation_recursive;
        bool bind, recursive_bind;
        bool recursive_idmap;
        bool idmap;   /* map ids as the container's user namespace does */
        char **data;  /* "key" or "key=value" for the file system */
} MountOptions;

void mount_options_done(MountOptions *o);

/* Later options win over earlier ones. Unknown words become data. -ENOMEM. */
int mount_options_parse(char *const *words, MountOptions *ret);

/* The words that are known, those for tmpfs of config-linux.md with them, but none that file systems take
 * themselves. */
int mount_option_words(char ***ret);

/* "private", "rslave", ... as in linux.rootfsPropagation. -EINVAL for other words. */
int mount_propagation_parse(const char *word, uint64_t *ret_propagation, bool *ret_recursive);
