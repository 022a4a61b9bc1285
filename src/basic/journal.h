/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <string.h>
#include <sys/uio.h>

/* The journal's native protocol (systemd, JOURNAL_NATIVE_PROTOCOL.md) without libsystemd, because
 * creel-supervise links statically. One datagram an entry; entries larger than a datagram travel in a sealed
 * memfd. */

typedef struct JournalField {
        const char *name; /* A-Z, 0-9 and underscores */
        const void *data; /* any bytes */
        size_t n_bytes;
} JournalField;

/* A field whose value is a string; a NULL string leaves the field out. */
static inline JournalField journal_string(const char *name, const char *value) {
        return (JournalField) { .name = name, .data = value, .n_bytes = value ? strlen(value) : 0 };
}

/* Sends one entry. @fd: a datagram socket from journal_open(). Fields without data are left out. Errors as
 * sendmsg(2). */
int journal_send(int fd, const JournalField *fields, size_t n_fields);

/* An unconnected datagram socket for journal_send(). */
int journal_open(int *ret_fd);
