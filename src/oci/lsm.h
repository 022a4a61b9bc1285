/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/failure.h"
#include "spec/runtime-spec.h"

typedef struct OciLsm {
        bool apparmor, selinux; /* what the kernel has */
} OciLsm;

OciLsm oci_lsm_of_kernel(void);

/* Refuses a profile or label that the kernel would not mind: who asks for confinement gets it, or no
 * container. Gives linux.mountLabel to the new file systems of @spec. */
int oci_lsm_apply(RuntimeSpec *spec, const OciLsm *lsm, Failure *f);
/* The same with what this kernel has. */
int oci_lsm_prepare(RuntimeSpec *spec, Failure *f);
