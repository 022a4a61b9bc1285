/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The words of the options for whole systems. */

/* --volatile, as systemd-nspawn has it */
typedef enum VolatileMode {
        VOLATILE_NO,
        VOLATILE_YES,     /* the root is an empty tmpfs with the tree's /usr, read-only */
        VOLATILE_STATE,   /* the root is read-only, /var an empty tmpfs */
        VOLATILE_OVERLAY, /* what is written goes into a tmpfs over the root */
        _VOLATILE_MODE_MAX,
} VolatileMode;

/* --systemd, as podman has it */
typedef enum SystemdMode {
        SYSTEMD_FALSE,
        SYSTEMD_TRUE, /* where the command is an init */
        SYSTEMD_ALWAYS,
        _SYSTEMD_MODE_MAX,
} SystemdMode;

/* --link-journal, as systemd-nspawn has it */
typedef enum LinkJournal {
        LINK_JOURNAL_NO,
        LINK_JOURNAL_AUTO,     /* as host where the host has a directory for this machine already */
        LINK_JOURNAL_HOST,     /* the files lie on the host and are bound into the container */
        LINK_JOURNAL_TRY_HOST, /* so, where the host keeps a journal on disk */
        LINK_JOURNAL_GUEST,    /* the files lie in the container; the host has a link to them */
        LINK_JOURNAL_TRY_GUEST,
        _LINK_JOURNAL_MAX,
} LinkJournal;

int volatile_mode_from_string(const char *s);
int systemd_mode_from_string(const char *s);
int link_journal_from_string(const char *s);
/* The same with all that parse_boolean() takes for no and yes (for a journal: auto). -EINVAL: none of them.
 */
int volatile_mode_parse(const char *s);
int systemd_mode_parse(const char *s);
int link_journal_parse(const char *s);
const char *volatile_mode_to_string(VolatileMode mode);
const char *systemd_mode_to_string(SystemdMode mode);
const char *link_journal_to_string(LinkJournal mode);

/* Whether the command @program is an init by podman's rule. */
bool system_program_is_init(const char *program);

/* A machine's id: 32 hexadecimal digits, with the dashes of a UUID or without, not all zero. */
bool system_uuid_is_valid(const char *s);
/* Writes the 32 digits in lower case. @s is valid. */
void system_uuid_normalize(const char *s, char ret[static 33]);
