/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The keys that leave a container alone with what it runs, as docker and podman write them:
 *
 *     keys = "" | key *( "," key )          the empty list turns detaching off
 *     key  = one ASCII character | "ctrl-" ( a-z | "@" | "[" | "\" | "]" | "^" | "_" ) */

#define DETACH_KEYS_MAX 16
#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

typedef struct DetachKeys {
        char bytes[DETACH_KEYS_MAX];
        size_t n;
        size_t n_matched; /* of what was typed so far */
} DetachKeys;

/* -EINVAL: not that, or more than DETACH_KEYS_MAX. */
int detach_keys_parse(const char *text, DetachKeys *ret);

/* Finds the keys in the @n bytes that are typed. Copies what is to be passed on to @out, which has room for
 * @n + DETACH_KEYS_MAX, and returns its size; *@ret_detach is true where the keys are complete, and what
 * follows them is dropped. */
size_t detach_keys_filter(DetachKeys *keys, const char *data, size_t n, char *out, bool *ret_detach);
