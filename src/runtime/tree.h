/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runtime/payload.h"

/* The steps that assemble the container's file system tree, in the order in which they run. */

int tree_isolate(Payload *p);        /* this mount namespace no longer tells the host's anything */
int tree_make_mounts(Payload *p);    /* file systems that belong to the new namespaces, still detached */
int tree_receive_mounts(Payload *p); /* what only the host's root can mount */
int tree_attach_root(Payload *p);
int tree_attach_mounts(Payload *p);
int tree_hide_paths(Payload *p);
int tree_open_cwd(Payload *p);
int tree_set_read_only(Payload *p);
int tree_pivot(Payload *p);
int tree_mount_cgroup(Payload *p);   /* after the process is in its cgroup */
