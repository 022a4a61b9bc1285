/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/magic.h>
#include <sys/vfs.h>

#include "security/selinux.h"

bool selinux_is_available(const char *path) {
        struct statfs sfs;

        return statfs(path, &sfs) >= 0 && (unsigned long) sfs.f_type == SELINUX_MAGIC;
}
