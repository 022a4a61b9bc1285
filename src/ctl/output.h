/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "ctl/ctl.h"

/* Prints one JSON value, indented. */
int output_json(json_object *value, Failure *f);

/* Prints each element of @rows through the template, one a line. A template "table COLUMN\tCOLUMN..." makes
 * a table, with the names of the members as titles where there is to be a @legend. */
int output_template(json_object *rows, const char *template, bool legend, Failure *f);

/* An RFC 3339 time, as docker and podman have them; year 1 for 0. */
int output_add_time(json_object *o, const char *key, uint64_t usec);
