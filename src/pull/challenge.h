/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "basic/macro.h"

/* The WWW-Authenticate header (RFC 9110, 11.6.1):
 *
 *     header    = #challenge
 *     challenge = scheme [ 1*SP ( token68 / #( name BWS "=" BWS ( token / quoted-string ) ) ) ]
 *
 * A comma separates both challenges and parameters; what follows one is a parameter exactly when "=" comes
 * behind its name. At most CHALLENGE_BYTES_MAX bytes and CHALLENGE_PARAMETERS_MAX parameters; control
 * characters are refused. */

#define CHALLENGE_BYTES_MAX 8192
#define CHALLENGE_PARAMETERS_MAX 64

typedef enum ChallengeScheme {
        CHALLENGE_NONE, /* no challenge, or of schemes that registries do not use */
        CHALLENGE_BASIC,
        CHALLENGE_BEARER,
} ChallengeScheme;

typedef struct Challenge {
        ChallengeScheme scheme;
        char *realm, *service, *scope, *error; /* of the Bearer scheme; NULL: absent */
} Challenge;

void challenge_done(Challenge *c);
#define _cleanup_challenge_ _cleanup_(challenge_done)

/* Reads one header's value into @c, which may hold the result of an earlier one: a Bearer challenge with a
 * realm is preferred to a Basic one, the first to later ones. -EBADMSG: malformed; @c stays as it was. */
int challenge_parse(const char *header, Challenge *c);
