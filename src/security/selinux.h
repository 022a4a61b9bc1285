/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#define SELINUX_PATH "/sys/fs/selinux"

/* Whether the kernel labels by SELinux: its file system is on @path (SELINUX_PATH) then. */
bool selinux_is_available(const char *path);
