/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* An entry for /etc/hosts, as an option has it:
 *
 *     entry   = name { ";" name } ":" address
 *     address = IPv4 | IPv6 | "[" IPv6 "]" | "host-gateway"
 *
 * docker's form with "=" for the ":" is understood, too. */
typedef struct HostEntry {
        char **names;
        char *address; /* NULL: host-gateway */
} HostEntry;

void host_entry_done(HostEntry *e);

/* -EINVAL: not that. */
int host_entry_parse(const char *text, HostEntry *ret);

/* An address of IPv4 or IPv6, without a prefix length; a zone ("%eth0") only where @zone. */
bool ip_address_is_valid(const char *s, bool zone);
