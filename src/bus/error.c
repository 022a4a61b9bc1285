/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "bus/error.h"
#include "basic/str.h"

#define ERROR_NAME_BYTES_MAX 128

/* What others answer with, as far as our users can do something about it. */
static const struct {
        const char *name;
        FailureKind kind;
} foreign_errors[] = {
                {SD_BUS_ERROR_ACCESS_DENIED, FAILURE_SECURITY},
                {SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, FAILURE_SECURITY},
                {SD_BUS_ERROR_AUTH_FAILED, FAILURE_SECURITY},
                {SD_BUS_ERROR_INVALID_ARGS, FAILURE_INVALID_ARGUMENT},
                {SD_BUS_ERROR_INVALID_SIGNATURE, FAILURE_INVALID_ARGUMENT},
                {SD_BUS_ERROR_LIMITS_EXCEEDED, FAILURE_LIMITS_EXCEEDED},
                {SD_BUS_ERROR_NO_MEMORY, FAILURE_INSUFFICIENT_RESOURCES},
                {SD_BUS_ERROR_UNKNOWN_OBJECT, FAILURE_NO_SUCH_CONTAINER},
};

static void error_name(FailureKind kind, char *buf, size_t size) {
        (void) snprintf(buf, size, BUS_ERROR_PREFIX "%s", failure_kind_to_string(kind));
}

int bus_error_set_failure(sd_bus_error *error, const Failure *f) {
        FailureKind kind = f->text ? f->kind : FAILURE_SYSTEM;
        char name[ERROR_NAME_BYTES_MAX];

        error_name(kind, name, sizeof(name));
        (void) sd_bus_error_set(error, name,
                                f->text ?: "The request failed; the journal of creeld.service says why");
        return -failure_kind_to_errno(kind);
}

int bus_reply_failure(sd_bus_message *call, const Failure *f) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        (void) bus_error_set_failure(&error, f);
        return sd_bus_reply_method_error(call, &error);
}

FailureKind bus_error_to_kind(const sd_bus_error *error) {
        const char *rest;
        int kind;

        if (!error || !error->name)
                return FAILURE_SYSTEM;
        rest = startswith(error->name, BUS_ERROR_PREFIX);
        if (rest) {
                kind = failure_kind_from_string(rest);
                return kind < 0 ? FAILURE_SYSTEM : (FailureKind) kind;
        }
        for (size_t i = 0; i < ELEMENTSOF(foreign_errors); i++)
                if (streq(foreign_errors[i].name, error->name))
                        return foreign_errors[i].kind;
        return FAILURE_SYSTEM;
}

int bus_error_to_failure(const sd_bus_error *error, Failure *ret) {
        const char *text = error ? error->message ?: error->name : NULL;

        return failure_set(ret, bus_error_to_kind(error), "%s",
                           text ?: "the service answered with an error that says nothing");
}
