/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/image-record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read once and written reads and writes the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(image_record_freep) ImageRecord *r = NULL, *again = NULL;
        _cleanup_free_ char *a = NULL, *b = NULL;

        if (image_record_parse((const char *) data, size, &r) < 0)
                return 0;
        if (r->n_layers != r->config->n_diff_ids)
                abort();
        if (image_record_format(r, &a) < 0 || image_record_parse(a, strlen(a), &again) < 0 ||
            image_record_format(again, &b) < 0 || !streq(a, b))
                abort();
        return 0;
}
