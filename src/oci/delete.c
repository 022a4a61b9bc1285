/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "oci/cgroup.h"
#include "oci/delete.h"
#include "oci/hooks.h"
#include "runtime/cgroup-tree.h"

#define KILL_TIMEOUT_MSEC 10000

/* SIGKILL, and the end of it. */
static int kill_first(const OciContainer *c, Failure *f) {
        _cleanup_close_ int pidfd = -EBADF;
        struct pollfd p = { .events = POLLIN };
        int r;

        r = oci_container_pidfd(c, &pidfd);
        if (r == -ESRCH)
                return 0;
        if (r >= 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
                r = negative_errno();
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot kill container %s", c->id);
        p.fd = pidfd;
        while ((r = poll(&p, 1, KILL_TIMEOUT_MSEC)) < 0 && errno == EINTR)
                ;
        return r > 0 ? 0
                     : failure_set(f, FAILURE_SYSTEM,
                                   "container %s has not ended %d s after SIGKILL; try again later", c->id,
                                   KILL_TIMEOUT_MSEC / 1000);
}

static int remove_cgroup(const OciContainer *c, bool linger, Failure *f) {
        _cleanup_(oci_cgroup_freep) OciCgroup *cgroup = NULL;
        int r;

        /* Ours is empty as soon as the process has noticed that nobody makes it any more. */
        if (c->cgroup_is_planned) {
                if (c->cgroup && cgroup_remove_unused(c->cgroup_top ?: c->cgroup, USEC_PER_SEC) < 0)
                        log_debug("the cgroup %s is in use, so it is left alone", c->cgroup);
                return 0;
        }
        r = oci_cgroup_of(c, &cgroup);
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot tell the cgroup of container %s",
                                         c->id)
                     : oci_cgroup_remove(cgroup, linger, f);
}

/* Without a configuration that can be read there are no hooks. */
static int finish(const Oci *oci, OciContainer *c, bool damaged, Failure *f) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *spec = NULL;
        _cleanup_(oci_hooks_done) OciHooks hooks = OCI_HOOKS_NONE;
        _cleanup_failure_ Failure unread = {};
        int r;

        if (!damaged && oci_container_load_spec(c, &spec, &unread) >= 0)
                (void) oci_hooks_open(spec, c, &hooks, NULL);
        r = oci_container_remove(&oci->root, c, f);
        if (r >= 0 && spec)
                oci_hooks_run_all(spec, &hooks, RUNTIME_HOOK_POSTSTOP, OCI_STOPPED, 0);
        return r;
}

int oci_delete(const Oci *oci, const char *id, bool force, bool linger, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        bool damaged = false;
        OciStatus status;
        int r;

        r = oci_container_open_damaged(&oci->root, id, &c, &damaged, f);
        if (r < 0) {
                if (!force || f->kind != FAILURE_NO_SUCH_CONTAINER)
                        return r;
                failure_done(f);
                return 0;
        }
        status = oci_container_status(c);
        if (status != OCI_STOPPED && !force)
                return failure_set(
                                f, FAILURE_INVALID_STATE,
                                "cannot delete container %s, which is %s: only one that is stopped can be, "
                                "others with --force",
                                id, oci_status_to_string(status));
        r = kill_first(c, f);
        if (r >= 0)
                r = remove_cgroup(c, linger, f);
        return r < 0 ? r : finish(oci, c, damaged, f);
}
