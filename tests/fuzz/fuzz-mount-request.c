/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/mount-request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the spelling. What passes has a clean place to go to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(mount_request_done) MountRequest m = {};
        _cleanup_free_ char *text = NULL, *clean = NULL;
        char hint[MOUNT_HINT_MAX];

        if (size == 0 || data[0] < '0' || data[0] >= '0' + _MOUNT_SYNTAX_MAX)
                return 0;
        text = strndup((const char *) data + 1, size - 1);
        if (!text || mount_request_parse((MountSyntax) (data[0] - '0'), text, &m, hint) < 0)
                return 0;
        if (!m.destination)
                return m.kind == MOUNT_KIND_GLOB ? 0 : (abort(), 0);
        if (mount_path_clean(m.destination, &clean) < 0 || !streq(clean, m.destination) || streq(clean, "/"))
                abort();
        return 0;
}
