/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>

#include "basic/failure.h"
#include "basic/memory.h"
#include "basic/str.h"

static const struct {
        const char *name;
        int error;
        int exit_status;
} failures[] = {
        [FAILURE_NO_SUCH_CONTAINER] = { "NoSuchContainer", ENOENT, 125 },
        [FAILURE_NO_SUCH_IMAGE] = { "NoSuchImage", ENOENT, 125 },
        [FAILURE_NO_SUCH_NETWORK] = { "NoSuchNetwork", ENOENT, 125 },
        [FAILURE_NO_SUCH_VOLUME] = { "NoSuchVolume", ENOENT, 125 },
        [FAILURE_NO_SUCH_TRANSFER] = { "NoSuchTransfer", ENOENT, 125 },
        [FAILURE_NAME_IN_USE] = { "NameInUse", EEXIST, 125 },
        [FAILURE_INVALID_STATE] = { "InvalidState", ESTALE, 125 },
        [FAILURE_INVALID_ARGUMENT] = { "InvalidArgument", EINVAL, 125 },
        [FAILURE_INSUFFICIENT_RESOURCES] = { "InsufficientResources", ENOSPC, 125 },
        [FAILURE_NETWORK] = { "Network", EHOSTUNREACH, 125 },
        [FAILURE_STORAGE] = { "Storage", EIO, 125 },
        [FAILURE_SECURITY] = { "Security", EPERM, 125 },
        [FAILURE_CONFIGURATION] = { "Configuration", EBADMSG, 125 },
        [FAILURE_REGISTRY] = { "Registry", EPROTO, 125 },
        [FAILURE_AUTHENTICATION_REQUIRED] = { "AuthenticationRequired", EACCES, 125 },
        [FAILURE_BUSY] = { "Busy", EBUSY, 125 },
        [FAILURE_LIMITS_EXCEEDED] = { "LimitsExceeded", E2BIG, 125 },
        [FAILURE_CANCELLED] = { "Cancelled", ECANCELED, 125 },
        [FAILURE_COMMAND_NOT_FOUND] = { "CommandNotFound", ENOEXEC, 127 },
        [FAILURE_COMMAND_NOT_EXECUTABLE] = { "CommandNotExecutable", ENOEXEC, 126 },
        [FAILURE_SYSTEM] = { "System", EIO, 125 },
};
static_assert(ELEMENTSOF(failures) == _FAILURE_KIND_MAX, "failures is not full");

void failure_done(Failure *f) {
        f->text = mfree(f->text);
}

const char *failure_kind_to_string(FailureKind kind) {
        return failures[(unsigned) kind < _FAILURE_KIND_MAX ? kind : FAILURE_SYSTEM].name;
}

int failure_kind_from_string(const char *s) {
        for (size_t i = 0; s && i < ELEMENTSOF(failures); i++)
                if (streq(failures[i].name, s))
                        return (int) i;
        return -EINVAL;
}

int failure_kind_to_errno(FailureKind kind) {
        return failures[(unsigned) kind < _FAILURE_KIND_MAX ? kind : FAILURE_SYSTEM].error;
}

int failure_kind_to_exit_status(FailureKind kind) {
        return failures[(unsigned) kind < _FAILURE_KIND_MAX ? kind : FAILURE_SYSTEM].exit_status;
}

/* One line, whatever names of files, images and options it tells of: they may come from an image, and end
 * at a terminal. */
static void make_line(char *text) {
        for (; *text; text++)
                if ((unsigned char) *text < ' ' || *text == 0x7f)
                        *text = '?';
}

static int failure_take(Failure *f, FailureKind kind, char *text) {
        make_line(text);
        if (f) {
                free(f->text);
                f->kind = kind;
                f->text = text;
        } else
                free(text);
        return -failure_kind_to_errno(kind);
}

int failure_set(Failure *f, FailureKind kind, const char *format, ...) {
        char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        return text ? failure_take(f, kind, text) : -ENOMEM;
}

int failure_set_errno(Failure *f, FailureKind kind, int error, const char *format, ...) {
        _cleanup_free_ char *what = NULL;
        va_list ap;
        char *text;

        error = error < 0 ? -error : error;
        va_start(ap, format);
        if (vasprintf(&what, format, ap) < 0)
                what = NULL;
        va_end(ap);
        if (!what)
                return -ENOMEM;

        if (error == ENOSPC || error == EDQUOT) {
                kind = FAILURE_STORAGE;
                if (string_format(&text, "%s: no space left on the file system; make room or remove images",
                                  what) < 0)
                        return -ENOMEM;
        } else if (string_format(&text, "%s: %s", what, strerrordesc_np(error) ?: "unknown error") < 0)
                return -ENOMEM;
        return failure_take(f, kind, text);
}
