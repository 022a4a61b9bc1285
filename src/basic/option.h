/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "basic/failure.h"

/* Options of the command line as tables: parsing, --help and the shells' completion all read them.
 *
 * Words are read as docker and podman read them: "--name value", "--name=value", "-n value", "-nvalue",
 * "-n=value", flags in one word ("-dit"), "--flag=false", "--" before operands, "-" as an operand. Names are
 * not abbreviated. */

typedef struct Option Option;

/* Takes a value. @text is NULL for a flag without one. -EINVAL without a failure: option_parse() says that
 * the value is bad. */
typedef int (*option_set_t)(const Option *option, const char *text, Failure *f);

struct Option {
        const char *name;     /* NULL ends a table */
        char letter;          /* 0: none */
        const char *argument; /* NULL: a flag */
        const char *help;     /* NULL: works, but is not shown */
        option_set_t set;
        void *value; /* what the setter fills in */
};

/* Setters by the type behind @value. */
int option_set_flag(const Option *option, const char *text, Failure *f);    /* bool */
int option_set_string(const Option *option, const char *text, Failure *f);  /* const char *, borrowed */
int option_set_path(const Option *option, const char *text, Failure *f);    /* the same, but not empty */
int option_set_strv(const Option *option, const char *text, Failure *f);    /* char **, each use adds one */
int option_set_seconds(const Option *option, const char *text, Failure *f); /* uint64_t in microseconds */
int option_set_count(const Option *option, const char *text, Failure *f);   /* uint64_t */
int option_ignore(const Option *option, const char *text, Failure *f);      /* a flag without effect */

typedef enum OptionOrder {
        OPTIONS_ANYWHERE, /* options and operands may be mixed */
        OPTIONS_FIRST,    /* the first operand ends the options */
} OptionOrder;

/* Reads @argv (without the program's or verb's name), moving the operands to its front. @tables:
 * NULL-terminated; earlier tables win. @verb is for messages and may be NULL. Returns the number of
 * operands. */
int option_parse(const Option *const *tables, OptionOrder order, const char *verb, char **argv, Failure *f);

/* Prints the table's rows for --help. */
void option_print_help(const Option *table);
