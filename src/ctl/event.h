/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "basic/failure.h"

/* Something that happened to a container or image, as creeld records it in the journal. */
typedef struct Event {
        uint64_t time_usec;
        char *type, *action, *id;
        json_object *attributes; /* NULL: none */
} Event;

Event *event_free(Event *e);
DEFINE_CLEANUP(Event, event_free)

/* Takes the attributes from the text of a JSON object of strings; -EBADMSG: not that. */
int event_set_attributes(Event *e, const char *text);

/* Filters: type=, event= (or action=), container= (name or beginning of the id), image=; values of one key
 * are alternatives. */
int event_check_filters(char *const *filters, Failure *f);
bool event_match(const Event *e, char *const *filters);

/* One line: JSON, through @template where it is not NULL, or for people. */
int event_print(const Event *e, bool json, const char *template, FILE *out, Failure *f);
