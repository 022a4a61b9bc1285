/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "oci/feature.h"
#include "oci/oci.h"

int verb_features(const Oci *oci, char **operands, Failure *f) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = oci_features_format(&text);
        if (r < 0)
                return r;
        (void) printf("%s\n", text);
        return 0;
}
