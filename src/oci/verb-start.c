/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "oci/gate.h"
#include "oci/oci.h"

int verb_start(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_(gate_done) Gate gate = GATE_NONE;
        OciStatus status;
        int r;

        r = oci_container_open(&oci->root, operands[0], true, &c, f);
        if (r < 0)
                return r;
        status = oci_container_status(c);
        if (status != OCI_CREATED)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot start container %s, which is %s: only one that is created can be",
                                   c->id, oci_status_to_string(status));
        r = gate_open(c->dir_fd, c->id, &gate, f);
        if (r >= 0)
                r = gate_start(&gate, f);
        if (r >= 0)
                gate_remove(c->dir_fd);
        oci_container_unlock(c);
        return r;
}
