/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/image-config.h"
#include "spec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read once and written reads and writes the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(image_config_freep) ImageConfig *c = NULL, *again = NULL;
        _cleanup_json_ json_object *first = NULL, *second = NULL;
        _cleanup_free_ char *a = NULL, *b = NULL;

        if (image_config_parse((const char *) data, size, &c) < 0)
                return 0;
        if (image_config_to_json(c, &first) < 0 || image_config_from_json(first, &again) < 0 ||
            image_config_to_json(again, &second) < 0)
                abort();
        if (json_format(first, false, &a) < 0 || json_format(second, false, &b) < 0 || !streq(a, b))
                abort();
        return 0;
}
