/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "oci/delete.h"

static bool arg_force;

const Option delete_options[] = {
        { "force", 'f', NULL, "Kill the container if it runs, and do not mind if there is none",
          option_set_flag, &arg_force },
        {},
};

int verb_delete(const Oci *oci, char **operands, Failure *f) {
        return oci_delete(oci, operands[0], arg_force, false, f);
}
