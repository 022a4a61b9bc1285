/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "assist/assist.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "proto/message.h"
#include "security/seccomp-filter.h"
#include "security/seccomp-profile.h"

static int compile(Message *order, int *ret_fd, Failure *f) {
        _cleanup_close_ int spec = -EBADF, cache = -EBADF;
        SeccompSource source = { .document = true };
        _cleanup_free_ char *json = NULL;
        int r;

        (void) message_take_fd(order, FIELD_SPEC, &spec);
        (void) message_take_fd(order, FIELD_DIRECTORY, &cache);
        (void) message_get_u64(order, FIELD_CAPABILITIES, &source.capabilities);
        r = fd_read_file(spec, SECCOMP_PROFILE_BYTES_MAX, &json, &source.n_bytes);
        if (r == -EFBIG)
                return failure_set(f, FAILURE_CONFIGURATION, "linux.seccomp has more than %u bytes",
                                   SECCOMP_PROFILE_BYTES_MAX);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot read the seccomp profile");
        source.json = json;
        return seccomp_filter_get(cache, &source, ret_fd, f);
}

int assist_seccomp(Failure *f) {
        _cleanup_(message_freep) Message *order = NULL, *answer = NULL;
        _cleanup_close_ int filter = -EBADF;
        int r;

        r = message_recv(ASSIST_SOCKET_FD, &order);
        if (r <= 0)
                return r; /* nobody wants anything any more */
        if (message_type(order) != MESSAGE_SECCOMP_COMPILE)
                return failure_set(f, FAILURE_SYSTEM, "creel-assist does not take a %s message here",
                                   message_type_to_string(message_type(order)));
        r = compile(order, &filter, f);
        if (r >= 0)
                r = message_new(MESSAGE_SECCOMP_COMPILED, &answer);
        if (r >= 0)
                r = message_put_fd(answer, FIELD_SECCOMP, filter);
        return r < 0 ? r : message_send(ASSIST_SOCKET_FD, answer);
}
