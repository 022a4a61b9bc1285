/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "assist/assist.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "proto/message.h"

static const struct {
        const char *word;
        int (*run)(Failure *f);
} works[] = {
        { "scope", assist_scope },
        { "seccomp", assist_seccomp },
};

int main(int argc, char *argv[]) {
        _cleanup_failure_ Failure f = {};
        int r = -EINVAL;

        log_setup("creel-assist", LOG_WARNING);
        for (size_t i = 0; argc == 2 && i < ELEMENTSOF(works); i++)
                if (streq(argv[1], works[i].word)) {
                        r = works[i].run(&f);
                        if (r >= 0)
                                return EXIT_SUCCESS;
                        (void) message_send_failure(ASSIST_SOCKET_FD, failure_kind_to_string(f.kind),
                                                    f.text ?: "out of memory", EXIT_FAILURE);
                        return EXIT_FAILURE;
                }
        log_error("creel-assist is started by creel-oci, and is of no use alone.");
        return EXIT_FAILURE;
}
