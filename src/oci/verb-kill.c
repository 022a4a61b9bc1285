/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "oci/cgroup.h"
#include "oci/oci.h"
#include "spec/signal-name.h"

static bool arg_all;

const Option kill_options[] = {
        { "all", 'a', NULL, "Send it to all processes of the container", option_set_flag, &arg_all },
        {},
};

/* 1: done, with what is left of a container whose first process is gone, too. */
static int kill_all(const OciContainer *c, int signal, Failure *f) {
        _cleanup_(oci_cgroup_freep) OciCgroup *cgroup = NULL;
        int r;

        r = oci_cgroup_of(c, &cgroup);
        return r < 0 ? r : oci_cgroup_signal_all(cgroup, signal, f);
}

int verb_kill(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        int signal = operands[1] ? signal_parse(operands[1]) : SIGTERM;
        _cleanup_close_ int pidfd = -EBADF;
        OciStatus status;
        int r;

        if (signal < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "there is no signal called '%s'",
                                   operands[1]);
        r = oci_container_open(&oci->root, operands[0], false, &c, f);
        if (r < 0)
                return r;
        status = oci_container_status(c);
        if (arg_all && status != OCI_CREATING) {
                r = kill_all(c, signal, f);
                if (r != 0)
                        return MIN(r, 0);
        }
        if (status == OCI_STOPPED || status == OCI_CREATING || oci_container_pidfd(c, &pidfd) < 0 ||
            syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0)
                /* The words are those that containerd and podman look for. */
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot kill container %s: container not running (it is %s)", c->id,
                                   oci_status_to_string(status));
        return 0;
}
