/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"

/* One method called on several containers at the same time. */
typedef struct EachMethod {
        const char *member; /* of org.creel1.Container */
        /* Appends the arguments; errors as sd-bus has them. NULL: none. */
        int (*append)(sd_bus_message *m);
        /* Prints the answer; NULL: prints the operand. */
        void (*print)(const char *name, sd_bus_message *reply);
        /* A container that does not exist is no failure. */
        bool ignore_missing;
        const char *missing; /* printed for it; NULL: nothing */
} EachMethod;

/* How many calls may be under way at once: dbus-daemon allows 128 unanswered ones for one connection. */
#define EACH_CALLS_MAX 64

/* Calls @method on all @names and prints the answers in their order, as they come. Failures are reported and
 * do not stop the others. Returns the worst exit status. */
int each_container(Ctl *c, char **names, const EachMethod *method, Failure *f);
