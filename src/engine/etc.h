/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

#include "basic/failure.h"
#include "store/container.h"

/* The files that a container's manager answers for: hosts, hostname, resolv.conf, and others like them. They
 * lie in the container's runtime directory, owned by its root, are written anew at each start and bound over
 * the image's. */

#define ETC_INIT_PATH "/run/creel-init"
#define ETC_NOTIFY_PATH "/run/host/notify"
#define ETC_NOTIFY_NAME "notify" /* made by the supervisor */

/* Names inside the runtime directory and paths inside the container. */
typedef struct EtcFile {
        const char *name;
        const char *destination;
        bool program; /* may be executed; is not the container's to write to */
} EtcFile;

#define ETC_FILES_MAX 8

/* Those that this container gets. Returns how many. */
size_t etc_files(const ContainerRecord *record, EtcFile ret[static ETC_FILES_MAX]);
/* What `hostname` prints inside. @buf has at least 65 bytes. */
const char *etc_hostname(const ContainerRecord *record, char *buf, size_t size);
/* True when an init of ours stands in front of the command. */
bool etc_has_init(const ContainerSpec *spec);
/* Refuses options that exclude each other, and files of the host that are not there. */
int etc_check(const ContainerRecord *record, Failure *f);
/* Writes them. */
int etc_write(const ContainerRecord *record, int runtime_fd, Failure *f);
/* Where /etc/hosts begins with the image's: what comes around that, as a member of @extension. */
int etc_compile_hosts(const ContainerRecord *record, json_object *extension);
