/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/macro.h"
#include "spec/digest.h"

/* Image references (distribution-spec 1.1, "Pulling manifests"; the grammar that docker and podman share):
 *
 *     reference  = name [ ":" tag ] [ "@" digest ]
 *     name       = [ domain "/" ] path-component *( "/" path-component )
 *     domain     = host [ ":" port ]       a first component with "." or ":", or "localhost"; "[" IPv6 "]"
 * too component  = [a-z0-9]+ *( ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ ) tag        = [A-Za-z0-9_]
 * [A-Za-z0-9_.-]{0,127}
 *
 * Name without the digest: at most 255 bytes. Without a domain: docker.io, and "library/" before a single
 * component. Without tag and digest: "latest". */

#define REFERENCE_NAME_MAX 255

typedef struct Reference {
        char *registry;   /* "docker.io", "localhost:5000" */
        char *repository; /* "library/busybox" */
        char *tag;        /* NULL where only a digest was given */
        bool has_digest;
        Digest digest;
} Reference;

/* -EINVAL with *@reterr_message (static text, may be NULL on entry) saying which part is wrong. */
int reference_parse(const char *s, Reference *ret, const char **reterr_message);
void reference_done(Reference *r);

/* registry/repository[:tag][@digest], fully qualified: what the store keys by. */
int reference_format(const Reference *r, char **ret);
/* For people: without docker.io and library/. */
int reference_format_short(const Reference *r, char **ret);

/* Loopback registries speak plain HTTP unless told otherwise: localhost, 127.0.0.0/8, [::1], with or without
 * a port. */
bool reference_registry_is_loopback(const char *registry);
