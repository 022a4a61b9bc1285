/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What an image runs on (OCI image-spec 1.1, image-index.md, "platform"): os "/" architecture [ "/" variant
 * ], in the words of Go's GOOS and GOARCH. Each part is at most PLATFORM_PART_MAX letters, digits, '.', '_'
 * and '-'. */

#define PLATFORM_PART_MAX 31

typedef struct Platform {
        char os[PLATFORM_PART_MAX + 1], architecture[PLATFORM_PART_MAX + 1];
        char variant[PLATFORM_PART_MAX + 1]; /* empty: none */
} Platform;

#define PLATFORM_STRING_MAX (3 * (PLATFORM_PART_MAX + 1))

/* -EINVAL: not of the form above. Other spellings of an architecture (x86_64, aarch64, armhf, ...) become
 * the usual one. */
int platform_parse(const char *s, Platform *ret);
/* The same from the parts; @variant may be NULL. */
int platform_init(Platform *ret, const char *os, const char *architecture, const char *variant);
/* "linux/arm64/v8" into @buf, which is returned. */
const char *platform_format(const Platform *p, char buf[static PLATFORM_STRING_MAX]);

/* Same operating system and architecture, whatever the variant. */
bool platform_same_machine(const Platform *a, const Platform *b);

/* How well an image for @offered suits @wanted: -1 not at all, else the higher the better. Variants of amd64
 * (v1 to v4), arm (v5 to v8) and arm64 (v8, v9) are levels: a machine runs images of its own level and
 * below. No variant means v1, v7 and v8. */
int platform_rank(const Platform *wanted, const Platform *offered);
