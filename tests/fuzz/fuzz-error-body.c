/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>

#include "basic/memory.h"
#include "pull/error-body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *s) {
        if (strlen(s) > ERROR_BODY_TEXT_MAX)
                abort();
        for (; *s; s++)
                if ((unsigned char) *s < ' ' || *s == 0x7f)
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *s = strndup((const char *) data, size), *clean = NULL, *said = NULL;

        if (!s || error_text_clean(s, &clean) < 0)
                return 0;
        check_line(clean);
        if (error_body_describe((const char *) data, size, &said) >= 0)
                check_line(said);
        return 0;
}
