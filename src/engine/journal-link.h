/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"
#include "spec/system-mode.h"
#include "store/container.h"

/* --link-journal: the journal of a whole system seen on the host, in /var/log/journal/<machine ID>. */

typedef struct JournalLink {
        LinkJournal mode; /* what is really done: LINK_JOURNAL_NO, _HOST or _GUEST */
        char *host_path;  /* /var/log/journal/<machine ID> on the host; inside it is the same */
        char *source;     /* what is bound to it inside; NULL: nothing has to be */
        char *target;     /* guest: where the host's link leads */
} JournalLink;

void journal_link_done(JournalLink *l);

/* Decides what is to be done; touches nothing. @journal_path: /var/log/journal but in tests. Refuses where
 * the option insists and it cannot be. */
int journal_link_plan(const Engine *e, const ContainerRecord *record, const char *journal_path,
                      const char *machine_id, JournalLink *ret, Failure *f);

/* Makes the directories, and the host's link. @tree_fd: the container's tree, where it has one. */
int journal_link_make(const JournalLink *l, const ContainerRecord *record, int tree_fd, Failure *f);

/* Takes the host's link away again when it leads into the container at @prefix. */
void journal_link_remove(const char *journal_path, const char *machine_id, const char *prefix);

#define JOURNAL_PATH "/var/log/journal"
