/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/container.h"

/* The files of /etc that a container's manager answers for: hosts, hostname, and on the host's network
 * resolv.conf. They lie in the container's runtime directory, owned by its root, and are bound over the
 * image's. */

/* Names inside the runtime directory and paths inside the container. @resolv: is it bound at all? */
typedef struct EtcFile {
        const char *name;
        const char *destination;
} EtcFile;

#define ETC_FILES_MAX 3

/* Those that this container gets. Returns how many. */
size_t etc_files(const ContainerRecord *record, EtcFile ret[static ETC_FILES_MAX]);
/* What `hostname` prints inside. @buf has at least 65 bytes. */
const char *etc_hostname(const ContainerRecord *record, char *buf, size_t size);
/* Writes them. Errors as file_write_atomic(). */
int etc_write(const ContainerRecord *record, int runtime_fd);
