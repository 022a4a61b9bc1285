/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* --volumes-from: CONTAINER[:OPTION,...] with the options ro, rw and z, as podman has them. */

typedef enum VolumesFromMode {
        VOLUMES_FROM_AS_THERE, /* writable where it is so there */
        VOLUMES_FROM_READ_ONLY,
        VOLUMES_FROM_WRITABLE,
} VolumesFromMode;

/* Both outputs may be NULL. -EINVAL, -ENOMEM. */
int volumes_from_parse(const char *text, char **ret_container, VolumesFromMode *ret_mode);
