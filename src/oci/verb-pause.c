/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "oci/cgroup.h"
#include "oci/oci.h"

static int open_with_cgroup(const Oci *oci, const char *id, OciContainer **ret, OciCgroup **ret_cgroup,
                            Failure *f) {
        int r;

        r = oci_container_open(&oci->root, id, true, ret, f);
        if (r < 0)
                return r;
        r = oci_cgroup_of(*ret, ret_cgroup);
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot tell the cgroup of container %s", id)
                     : 0;
}

int verb_pause(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_(oci_cgroup_freep) OciCgroup *cgroup = NULL;
        OciStatus status;
        int r;

        r = open_with_cgroup(oci, operands[0], &c, &cgroup, f);
        if (r < 0)
                return r;
        status = oci_container_status(c);
        if ((status != OCI_RUNNING && status != OCI_CREATED) || oci_cgroup_is_paused(cgroup))
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot pause container %s, which is %s: only one that is running or "
                                   "created can be",
                                   c->id, status == OCI_STOPPED ? "stopped" : "paused");
        return oci_cgroup_pause(cgroup, f);
}

int verb_resume(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_(oci_cgroup_freep) OciCgroup *cgroup = NULL;
        OciStatus status;
        int r;

        r = open_with_cgroup(oci, operands[0], &c, &cgroup, f);
        if (r < 0)
                return r;
        status = oci_container_status(c);
        if (status == OCI_STOPPED || !oci_cgroup_is_paused(cgroup))
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot resume container %s, which is %s: only one that is paused can be",
                                   c->id, oci_status_to_string(status));
        return oci_cgroup_resume(cgroup, f);
}
