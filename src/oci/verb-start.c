/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/fd.h"
#include "oci/gate.h"
#include "oci/hooks.h"
#include "oci/oci.h"
#include "oci/readiness.h"

static int open_gate(OciContainer *c, const RuntimeSpec *spec, Gate *ret, Failure *f) {
        OciStatus status = oci_container_status(c);

        if (status != OCI_CREATED)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot start container %s, which is %s: only one that is created can be",
                                   c->id, oci_status_to_string(status));
        if (!spec->has_process)
                return failure_set(f, FAILURE_CONFIGURATION,
                                   "cannot start container %s: its config.json has no process", c->id);
        return gate_open(c->dir_fd, c->id, ret, f);
}

int verb_start(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_(runtime_spec_freep) RuntimeSpec *spec = NULL;
        _cleanup_(oci_hooks_done) OciHooks hooks = OCI_HOOKS_NONE;
        _cleanup_(readiness_done) Readiness readiness = READINESS_NONE;
        _cleanup_(gate_done) Gate gate = GATE_NONE;
        _cleanup_close_ int pidfd = -EBADF;
        int r;

        r = oci_container_open(&oci->root, operands[0], true, &c, f);
        if (r >= 0)
                r = oci_container_load_spec(c, &spec, f);
        if (r >= 0)
                r = oci_hooks_open(spec, c, &hooks, f);
        if (r >= 0)
                r = open_gate(c, spec, &gate, f);
        if (r >= 0)
                r = readiness_open(c->dir_fd, &readiness, f);
        if (r >= 0)
                r = gate_start(&gate, f);
        if (r < 0)
                return r;
        gate_remove(c->dir_fd);
        /* Hooks may call us. */
        oci_container_unlock(c);
        oci_hooks_run_all(spec, &hooks, RUNTIME_HOOK_POSTSTART, OCI_RUNNING, c->pid);
        return oci_container_pidfd(c, &pidfd) < 0 ? 0 : readiness_wait(&readiness, c->pid, pidfd, f);
}
