/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "basic/memory.h"
#include "proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever decodes must encode to the very same bytes: the format has one spelling for each message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_free_ void *again = NULL;
        size_t n_again = 0;
        int fds[2] = { open("/dev/null", O_RDONLY | O_CLOEXEC), open("/dev/null", O_RDONLY | O_CLOEXEC) };

        if (message_decode(data, size, fds, ELEMENTSOF(fds), &m) < 0)
                return 0;
        if (message_encode(m, &again, &n_again) < 0 || n_again != size)
                abort();
        return 0;
}
