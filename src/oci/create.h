/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "oci/attachment.h"
#include "oci/bundle.h"
#include "oci/oci.h"
#include "runtime/runtime.h"

/* What `create` and `run` have in common. */
typedef struct CreateRequest {
        const char *id, *bundle, *config; /* NULL: the working directory, and the bundle's own */
        const char *pid_file, *console_socket, *pidfd_socket;
        uint64_t preserve_fds;
        bool no_pivot, no_new_keyring;
        bool detach;
        bool start; /* the program executes at once; else the container waits for `start` */
} CreateRequest;

typedef struct Created {
        Bundle bundle;
        OciContainer *container; /* locked */
        Runtime *runtime;
        Attachment attachment;
} Created;

#define CREATED_NONE ((Created){ .attachment = ATTACHMENT_NONE })

/* Unlocks what is locked. A container that was not complete is gone, with everything that it had. */
void created_done(Created *c);

int oci_create(const Oci *oci, const CreateRequest *q, Created *ret, Failure *f);
