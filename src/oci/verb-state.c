/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "oci/oci.h"
#include "spec/json.h"

int verb_state(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = oci_container_open(&oci->root, operands[0], false, &c, f);
        if (r >= 0)
                r = oci_container_state(c, oci_container_status(c), &o);
        if (r >= 0)
                r = json_format(o, true, &text);
        if (r < 0)
                return r;
        (void) printf("%s\n", text);
        return 0;
}
