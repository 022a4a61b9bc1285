/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A container's message of sd_notify(3). */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "basic/strv.h"
#include "runtime/notify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char text[NOTIFY_BYTES_MAX], again[NOTIFY_BYTES_MAX];
        _cleanup_strv_free_ char **state = NULL;
        char *input = strndup((const char *) data, size);
        size_t n;

        if (!input)
                return 0;
        n = notify_filter(input, text);
        assert(n < NOTIFY_BYTES_MAX && strlen(text) == n);
        /* what was passed on once is passed on again */
        assert(n == 0 || n > NOTIFY_BYTES_MAX - 2 ||
               (notify_filter(text, again) == n && strcmp(text, again) == 0));
        assert(notify_remember(&state, text) >= 0);
        assert(strv_length(state) <= 3);
        free(input);
        return 0;
}
