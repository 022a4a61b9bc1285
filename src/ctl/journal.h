/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-journal.h>

#include "basic/failure.h"

static inline void journal_closep(sd_journal **j) {
        sd_journal_close(*j);
}

#define _cleanup_journal_ _cleanup_(journal_closep)

/* Opens the journal for entries of root's processes only, so that nobody else can put words into a
 * container's mouth. */
int journal_open_system(sd_journal **ret, Failure *f);

/* Waits until journald has written what was sent to it before now. Needs root and is best effort: others see
 * what is there. */
void journal_synchronize(void);

/* A field of the current entry as an owned string; -ENOENT: absent. */
int journal_get(sd_journal *j, const char *field, char **ret);

/* Output of containers: the entries that supervisors wrote for one of them. */
typedef struct JournalLines {
        uint64_t since_usec, until_usec; /* USEC_INFINITY: no limit */
        uint64_t tail;                   /* UINT64_MAX: all */
        bool timestamps;
        FILE *out, *error; /* where lines of stdout and stderr go */
} JournalLines;

/* Restricts @j to the container with this id or, where @id is NULL, to those that had this name. */
int journal_match_container(sd_journal *j, const char *id, const char *name);

/* Prints what is there, as @lines says. The position is then behind it, for journal_print_new(). */
int journal_print_lines(sd_journal *j, const JournalLines *lines);
/* Prints what came since. Returns 1 once an entry past @lines->until_usec was seen. */
int journal_print_new(sd_journal *j, const JournalLines *lines);
