/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/cdi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(cdi_file_freep) CdiFile *c = NULL;
        _cleanup_failure_ Failure failure = {};

        if (cdi_file_parse((const char *) data, size, false, &c, &failure) >= 0 && !c->kind)
                __builtin_trap();
        return 0;
}
