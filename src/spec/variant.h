/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Values of D-Bus as text, in the part of GVariant's notation that properties of units take, and that
 * annotations org.systemd.property.NAME have in crun and runc:
 *
 *     value  = [ type " " ] literal | "@" signature " " value
 *     type   = "boolean" | "byte" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "double"
 *              | "string" | "objectpath" | "signature"
 *     literal = "true" | "false" | number | 'string' | "string" | "[" [ value { "," value } ] "]"
 *              | "(" value { "," value } ")"
 *
 * A number without a type is an int32, or a double where it has a fraction. */

#define VARIANT_BYTES_MAX (64u * 1024)
#define VARIANT_DEPTH_MAX 8u

typedef struct VariantToken {
        char type;     /* that of a basic value; 'a', '(' open a container, ')' closes the last */
        char *text;    /* 's', 'o', 'g': the value; 'a', '(': the signature of what is inside */
        uint64_t bits; /* integers, in two's complement, and booleans */
        double real;   /* 'd' */
} VariantToken;

typedef struct Variant {
        char *signature;
        VariantToken *tokens;
        size_t n, n_allocated;
} Variant;

void variant_done(Variant *v);

/* -EINVAL: not that, or a number that does not fit its type. */
int variant_parse(const char *text, Variant *ret);
