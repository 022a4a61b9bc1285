/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/macro.h"

/* systemd's credentials, as systemd-nspawn takes them:
 *
 *     set-credential  = id ":" value      value with C escapes: \n \t \\ \" \' \xHH \NNN and the like
 *     load-credential = id ":" path       absolute
 *     id              = 1*255( printable ASCII but "/" and ":" ), neither "." nor ".." */

#define CREDENTIAL_BYTES_MAX (1024 * 1024)

typedef struct Credential {
        char *id;
        char *value; /* n_bytes of it, NUL-terminated besides; NULL: to be loaded */
        size_t n_bytes;
        char *path;
} Credential;

void credential_done(Credential *c);

/* -EINVAL with a hint "must be ...". */
int credential_parse_set(const char *text, Credential *ret, const char **reterr_hint);
int credential_parse_load(const char *text, Credential *ret, const char **reterr_hint);
