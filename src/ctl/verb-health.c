/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/client.h"

/* As podman: nothing to say when all is well. */
int verb_healthcheck(Ctl *c, char **operands, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;
        const char *status, *output;
        int32_t code;
        int r;

        if (!streq(operands[0], "run"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "unknown word '%s'; it must be 'healthcheck run CONTAINER'", operands[0]);
        r = client_find_container(c, operands[1], &path, f);
        if (r >= 0)
                r = client_call(c, path, CREEL_CONTAINER, "RunHealthcheck", &reply, f, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "iss", &code, &status, &output);
        if (r < 0)
                return client_failure(NULL, r, f);
        if (code == 0)
                return 0;
        (void) printf("%s\n", isempty(status) ? "unhealthy" : status);
        return 1;
}
