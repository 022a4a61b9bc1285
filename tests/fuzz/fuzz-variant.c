/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>

#include "basic/memory.h"
#include "spec/variant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);
        Variant v = {};

        if (text && variant_parse(text, &v) >= 0 && (!v.signature || v.n == 0))
                __builtin_trap();
        variant_done(&v);
        return 0;
}
