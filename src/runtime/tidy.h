/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* What creeld's documents are already, and others have to be made before the rest of this folder reads them:
 * places of mounts and devices are absolute and without "//", "." and ".."; a new user namespace without
 * mappings gets one of this user alone.
 *
 * linux.sysctl must belong to namespaces that the container does not share with this process: else nobody
 * but the administrator of the host may change them. */
int tidy_document(RuntimeSpec *spec, Failure *reterr);
