/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/runtime-spec.h"

/* The settings of the kernel that belong to a namespace (sysctl(8) names): of which type. -EINVAL: a setting
 * of the whole host, or no name of a setting. */
int sysctl_namespace(const char *key, RuntimeNamespaceType *ret);
