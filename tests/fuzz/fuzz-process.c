/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "basic/memory.h"
#include "runtime/process.h"
#include "supervise/top.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input: a status file, a zero byte, a stat file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = malloc(size + 2);
        char clean[256];
        Process p = {};
        char *stat;

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = text[size + 1] = 0;
        stat = text + strlen(text) + 1;
        process_parse_status(text, size % 4, &p);
        if (stat <= text + size + 1)
                (void) process_parse_stat(stat, &p);
        top_clean_text(p.comm, clean, sizeof(clean));
        top_clean_text(text, clean, sizeof(clean));
        return 0;
}
