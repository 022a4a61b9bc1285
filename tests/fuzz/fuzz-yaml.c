/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>

#include "spec/json.h"
#include "spec/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_json_ json_object *o = NULL;
        size_t line = 0;

        if (yaml_parse((const char *) data, size, &o, &line) >= 0 && !o)
                __builtin_trap();
        return 0;
}
