/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "ctl/ctl.h"
#include "ctl/object.h"

/* Which containers a verb is about: those that are named, or in --cidfile, or all of them, the latest one,
 * or those that a filter finds. */
typedef struct Selection {
        bool all, latest, ignore;
        char **filters, **cidfiles;
} Selection;

extern Selection selection;

/* Rows for the options of verbs; @what: "Stop all running containers". */
#define SELECT_ALL(what) \
        { "all", 'a', NULL, what, option_set_flag, &selection.all }
#define SELECT_LATEST \
        { "latest", 'l', NULL, "The container that was created last", option_set_flag, &selection.latest }
#define SELECT_CIDFILE                                                                           \
        {                                                                                        \
                "cidfile", 0, "FILE", "The container whose id is in this file", option_set_strv, \
                                &selection.cidfiles                                              \
        }
#define SELECT_FILTER(letter) \
        { "filter", letter, "KEY=VALUE", "Those that match, as in ps", option_set_strv, &selection.filters }
#define SELECT_IGNORE(letter)                                                                           \
        {                                                                                               \
                "ignore", letter, NULL, "Containers that do not exist are no mistake", option_set_flag, \
                                &selection.ignore                                                       \
        }

/* The names: of the operands and the options. @fits says which --all and --filter may find; NULL: any. */
int select_names(Ctl *c, const char *verb, bool (*fits)(const ContainerInfo *info), char **operands,
                 char ***ret, Failure *f);

bool select_is_active(const ContainerInfo *info); /* runs, or will by itself */
bool select_is_idle(const ContainerInfo *info);
bool select_is_running(const ContainerInfo *info); /* and not paused */
bool select_is_paused(const ContainerInfo *info);
