/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/failure.h"
#include "spec/runtime-spec.h"

/* What the readers of the parts of a runtime-spec document share: where in the document they are, and
 * members by type. Every function returns 0 or more, -ENOMEM, or what failure_set() gave for a failure that
 * names the member. Absent and null members are fine everywhere and leave the output as it is. */

#define RUNTIME_READER_WHERE_BYTES 160

typedef struct RuntimeReader {
        RuntimeSpec *spec;
        char where[RUNTIME_READER_WHERE_BYTES]; /* the object being read: "process.user", or "" for the
                                                   document */
        Failure *failure;
} RuntimeReader;

/* The failure "runtime specification, WHERE.KEY: TEXT". */
int reader_complain(RuntimeReader *d, const char *key, const char *format, ...) _printf_(3, 4);

/* Turns the results of json_get_*() into ours. */
int reader_checked(RuntimeReader *d, const char *key, int r);

int reader_u32(RuntimeReader *d, json_object *o, const char *key, uint32_t *ret);
int reader_boolean(RuntimeReader *d, json_object *o, const char *key, bool *ret);
int reader_strv(RuntimeReader *d, json_object *o, const char *key, char ***ret);
/* An empty string is as good as none: those who write documents in Go cannot tell them apart. */
int reader_string(RuntimeReader *d, json_object *o, const char *key, char **ret);
int reader_path(RuntimeReader *d, json_object *o, const char *key, char **ret); /* absolute */
/* An object of strings as "key=value". */
int reader_map(RuntimeReader *d, json_object *o, const char *key, char ***ret);
/* One of two bounds each: -EBADMSG turned into a failure that names them. */
int reader_ranged(RuntimeReader *d, json_object *o, const char *key, int64_t min, int64_t max, int64_t *ret);

typedef int (*RuntimeReadFunc)(RuntimeReader *d, json_object *o);

/* Reads the member object @key by @read. */
int reader_object(RuntimeReader *d, json_object *o, const char *key, RuntimeReadFunc read);
/* Reads each object of the member array @key by @read. */
int reader_array(RuntimeReader *d, json_object *o, const char *key, size_t max, RuntimeReadFunc read);

/* Makes room for one more zeroed element of @size bytes at the end of *@array. */
int reader_append(void *array, size_t *n, size_t size);

/* The parts, each in a file of its own. */
int runtime_process_read(RuntimeReader *d, json_object *o); /* "process" */
int runtime_linux_read(RuntimeReader *d, json_object *o);   /* "linux" */
