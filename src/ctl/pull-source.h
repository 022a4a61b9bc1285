/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* podman's other ways to say what is pulled and with which rights, turned into those that creeld knows. */

/* --os, --arch and --variant as one platform, with this machine's words for what is NULL. *@ret is NULL
 * where all are. Refuses them beside @platform. */
int pull_source_platform(const char *platform, const char *os, const char *arch, const char *variant,
                         char **ret, Failure *f);

/* --creds: "USER:PASSWORD" for the registry of @reference, as the credentials file that would say so,
 * sealed. */
int pull_source_credentials(const char *credentials, const char *reference, int *ret_fd, Failure *f);

/* --cert-dir: all "*.crt" of a directory as one PEM file, sealed. Certificates of clients ("*.cert") are
 * refused. */
int pull_source_certificates(const char *directory, int *ret_fd, Failure *f);
