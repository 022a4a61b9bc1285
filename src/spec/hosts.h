/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The text of /etc/hosts out of three: what the user adds, what it begins with, what is the container's own.
 * A name that an earlier part has is left out of the later ones, as podman does it; comments go. Lines that
 * are none of hosts(5) are left out. Any of them may be NULL. */
int hosts_merge(const char *added, const char *base, const char *own, char **ret);
