/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/runtime-spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL, *process = NULL;
        _cleanup_failure_ Failure failure = {};

        if (runtime_spec_parse((const char *) data, size, &s, &failure) >= 0)
                (void) runtime_spec_check_container(s, &failure);
        (void) runtime_process_parse((const char *) data, size, &process, &failure);
        return 0;
}
