/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/migration.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/assist.h"
#include "oci/cgroup.h"
#include "oci/scope.h"
#include "runtime/cgroup-tree.h"
#include "runtime/cgroup.h"
#include "runtime/device-filter.h"
#include "runtime/namespace.h"
#include "runtime/resource.h"

#define FREEZE_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define EMPTY_TIMEOUT_USEC (10 * USEC_PER_SEC)

#define ANNOTATION_SUBGROUP "run.oci.systemd.subgroup"
#define ANNOTATION_DELEGATE "run.oci.delegate-cgroup"

OciCgroup *oci_cgroup_free(OciCgroup *c) {
        if (!c)
                return NULL;
        (void) oci_assist_free(c->assist);
        (void) fd_close(c->fd);
        free(c->path);
        free(c->unit);
        free(c->slice);
        free(c->top);
        return mfree(c);
}

static OciCgroup *cgroup_new(OciManager manager, bool rootless) {
        OciCgroup *c = new0(OciCgroup, 1);

        if (c) {
                c->manager = manager;
                c->rootless = rootless;
                c->fd = -EBADF;
        }
        return c;
}

static const char *annotation(const RuntimeSpec *spec, const char *name) {
        return strv_env_get(spec->annotations, name);
}

static int check_annotation(const RuntimeSpec *spec, const char *name, Failure *reterr) {
        const char *value = annotation(spec, name);

        if (isempty(value) || oci_cgroup_subgroup_is_valid(value))
                return 0;
        return failure_set(reterr, FAILURE_CONFIGURATION,
                           "annotation %s: '%s' is no relative path of a cgroup; leave out '.' and '..'",
                           name, value);
}

int oci_cgroup_new(const RuntimeSpec *spec, const char *id, OciManager manager, bool rootless,
                   OciCgroup **ret, Failure *reterr) {
        _cleanup_(oci_cgroup_freep) OciCgroup *c = cgroup_new(manager, rootless);
        int r;

        if (!c)
                return -ENOMEM;
        r = check_annotation(spec, ANNOTATION_SUBGROUP, reterr);
        if (r >= 0)
                r = check_annotation(spec, ANNOTATION_DELEGATE, reterr);
        if (r >= 0 && manager == OCI_MANAGER_CGROUPFS)
                r = oci_cgroup_place_path(spec->cgroups_path, id, rootless, &c->path, reterr);
        else if (r >= 0 && manager == OCI_MANAGER_SYSTEMD)
                r = oci_cgroup_place_unit(spec->cgroups_path, id, rootless, &c->unit, &c->slice, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

/* What is there already may be another container's, and one that is frozen would never start. */
static int check_unused(const OciCgroup *c, Failure *reterr) {
        if (cgroup_is_populated(c->fd) > 0)
                return failure_set(
                                reterr, FAILURE_INVALID_STATE,
                                "the cgroup %s is not empty: another container, or something else, runs in "
                                "it; give linux.cgroupsPath another one",
                                c->path);
        if (cgroup_tree_is_frozen(c->fd) > 0)
                return failure_set(reterr, FAILURE_INVALID_STATE,
                                   "the cgroup %s is frozen; thaw it, or give linux.cgroupsPath another one",
                                   c->path);
        return 0;
}

static bool can_do_without(const OciCgroup *c, const RuntimeSpec *spec, int error) {
        return c->rootless && !resource_is_wanted(&spec->resources) &&
               (error == -EACCES || error == -EPERM || error == -EROFS || error == -ENOENT ||
                error == -EOPNOTSUPP);
}

static int make_directory(OciCgroup *c, const RuntimeSpec *spec, Failure *reterr) {
        bool made;
        int r;

        r = cgroup_make(c->path, &c->fd, &made);
        if (r < 0 && can_do_without(c, spec, r)) {
                c->manager = OCI_MANAGER_DISABLED;
                c->path = mfree(c->path);
                return 0;
        }
        if (r == -EOPNOTSUPP)
                return failure_set(
                                reterr, FAILURE_SYSTEM,
                                "there is no cgroup hierarchy of version 2 in /sys/fs/cgroup; mount it, or "
                                "use --cgroup-manager=disabled");
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot make the cgroup %s", c->path);
        return made ? 0 : check_unused(c, reterr);
}

/* systemd will move the payload, and the kernel lets it wait for that; let it be over by then. */
static void announce_migration(void) {
        _cleanup_close_ int fd = -EBADF, procs = -EBADF, pidfd = -EBADF;
        _cleanup_free_ char *path = NULL;
        pid_t pid;

        if (file_read_cgroup(AT_FDCWD, "/proc/self/cgroup", &path) < 0 || cgroup_open(path, &fd) < 0)
                return;
        procs = openat(fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (procs >= 0)
                (void) migration_begin(procs, &pid, &pidfd);
        /* The child shares our descriptors, and needs that one until it is over. */
        if (pidfd >= 0)
                (void) TAKE_FD(procs);
}

int oci_cgroup_prepare(OciCgroup *c, const RuntimeSpec *spec, Failure *reterr) {
        int r;

        switch (c->manager) {
        case OCI_MANAGER_CGROUPFS:
                return make_directory(c, spec, reterr);
        case OCI_MANAGER_SYSTEMD:
                announce_migration();
                r = oci_scope_check(spec, reterr);
                return r < 0 ? r : oci_assist_start("scope", &c->assist, reterr);
        default:
                return 0;
        }
}

int oci_cgroup_fd(const OciCgroup *c) {
        return c->manager == OCI_MANAGER_CGROUPFS ? c->fd : -EBADF;
}

int oci_cgroup_join(OciCgroup *c, const RuntimeSpec *spec, pid_t pid, int pidfd, Failure *reterr) {
        return c->assist ? oci_scope_request(c->assist, c->unit, c->slice, spec, pid, pidfd, reterr) : 0;
}

/* What systemd has made says best where it is. */
static int find_scope(OciCgroup *c, pid_t pid, Failure *reterr) {
        char path[64];
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
        r = file_read_cgroup(AT_FDCWD, path, &c->top);
        if (r >= 0 && !endswith(c->top, c->unit))
                r = -ESRCH;
        if (r >= 0)
                r = string_set(&c->path, c->top);
        if (r >= 0)
                r = cgroup_open(c->path, &c->fd);
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot find the cgroup of %s", c->unit)
                     : 0;
}

static int move_beneath(OciCgroup *c, const char *name, pid_t pid, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF, again_fd = -EBADF;
        _cleanup_free_ char *path = NULL;
        bool made;
        int r;

        r = string_format(&path, "%s/%s", c->path, name);
        if (r >= 0)
                r = cgroup_make_beneath(c->fd, name, &fd, &made);
        if (r >= 0)
                r = cgroup_attach(fd, pid);
        /* Only now, with no process left in the upper one, can it hand its controllers down. */
        if (r >= 0)
                r = cgroup_make_beneath(c->fd, name, &again_fd, &made);
        if (r >= 0 && !c->top)
                r = string_set(&c->top, c->path);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                         "cannot move the container to the cgroup '%s' beneath %s", name,
                                         c->path);
        (void) fd_close(c->fd);
        c->fd = TAKE_FD(fd);
        free(c->path);
        c->path = TAKE_PTR(path);
        return 0;
}

/* A container with a user namespace and a cgroup namespace owns what it sees, as far as limits go that it
 * sets itself. */
static int hand_over(const OciCgroup *c, const RuntimeSpec *spec, Failure *reterr) {
        uint32_t uid, gid;
        int r;

        if (c->rootless || !namespace_is_new(spec, RUNTIME_NAMESPACE_USER) ||
            !namespace_is_new(spec, RUNTIME_NAMESPACE_CGROUP))
                return 0;
        uid = namespace_host_id(spec->uid_mappings, spec->n_uid_mappings, 0);
        gid = namespace_host_id(spec->gid_mappings, spec->n_gid_mappings, 0);
        if (uid == UINT32_MAX || gid == UINT32_MAX || (uid == 0 && gid == 0))
                return 0;
        r = cgroup_delegate(c->fd, uid, gid);
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot hand over the cgroup %s",
                                         c->path)
                     : 0;
}

/* The limits stay with the upper cgroup where the container gets one beneath. */
static int move_down(OciCgroup *c, const RuntimeSpec *spec, pid_t pid, Failure *reterr) {
        const char *subgroup = c->unit ? annotation(spec, ANNOTATION_SUBGROUP) : NULL,
                   *delegated = annotation(spec, ANNOTATION_DELEGATE);
        int r = 0;

        if (!isempty(subgroup))
                r = move_beneath(c, subgroup, pid, reterr);
        return r < 0 || isempty(delegated) ? r : move_beneath(c, delegated, pid, reterr);
}

int oci_cgroup_apply(OciCgroup *c, const RuntimeSpec *spec, pid_t pid, Failure *reterr) {
        const RuntimeResources *res = &spec->resources;
        int r = 0;

        if (c->manager == OCI_MANAGER_SYSTEMD) {
                r = oci_scope_wait(c->assist, reterr);
                if (r >= 0)
                        r = find_scope(c, pid, reterr);
        }
        if (r < 0 || c->manager == OCI_MANAGER_DISABLED)
                return r;
        r = resource_apply(c->fd, c->path, res, reterr);
        if (r >= 0)
                r = device_filter_apply(c->fd, res->devices, res->n_devices, false, c->rootless, reterr);
        if (r >= 0)
                r = move_down(c, spec, pid, reterr);
        return r < 0 ? r : hand_over(c, spec, reterr);
}

int oci_cgroup_open(OciCgroup *c) {
        int r;

        if (c->fd >= 0)
                return 1;
        if (!c->path)
                return 0;
        r = cgroup_open(c->path, &c->fd);
        return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r < 0 ? r : 1;
}

static int need_cgroup(OciCgroup *c, const char *what, Failure *reterr) {
        int r = oci_cgroup_open(c);

        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot open the cgroup %s", c->path);
        if (r == 0)
                return failure_set(reterr, FAILURE_INVALID_STATE,
                                   "cannot %s a container that has no cgroup of its own", what);
        return 0;
}

int oci_cgroup_update(OciCgroup *c, const RuntimeSpec *spec, bool devices, Failure *reterr) {
        const char *path = c->top ?: c->path;
        const RuntimeResources *res = &spec->resources;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = need_cgroup(c, "update", reterr);
        if (r < 0)
                return r;
        r = cgroup_open(path, &fd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot open the cgroup %s", path);
        r = resource_apply(fd, path, res, reterr);
        /* systemd rounds. */
        if (r >= 0 && c->unit) {
                r = oci_scope_update(c->unit, res, reterr);
                if (r >= 0)
                        r = resource_apply(fd, path, res, reterr);
        }
        return r < 0 || !devices ? r
                                 : device_filter_apply(fd, res->devices, res->n_devices, true, c->rootless,
                                                       reterr);
}

void oci_cgroup_settle(OciCgroup *c) {
        c->assist = oci_assist_free(c->assist);
}

int oci_cgroup_note(const OciCgroup *c, OciContainer *container) {
        int r;

        r = string_set(&container->cgroup, c->path);
        if (r >= 0)
                r = string_set(&container->cgroup_top, c->top);
        if (r >= 0)
                r = string_set(&container->unit, c->unit);
        container->user_manager = c->unit && c->rootless;
        return r;
}

static bool path_is_sane(const char *path) {
        return !path || (path[0] == '/' && oci_cgroup_subgroup_is_valid(path + 1));
}

int oci_cgroup_of(const OciContainer *container, OciCgroup **ret) {
        _cleanup_(oci_cgroup_freep) OciCgroup *c = NULL;
        int r;

        c = cgroup_new(container->unit     ? OCI_MANAGER_SYSTEMD
                       : container->cgroup ? OCI_MANAGER_CGROUPFS
                                           : OCI_MANAGER_DISABLED,
                       container->user_manager || geteuid() != 0);
        if (!c)
                return -ENOMEM;
        r = string_set(&c->path, container->cgroup);
        if (r >= 0)
                r = string_set(&c->top, container->cgroup_top);
        if (r >= 0)
                r = string_set(&c->unit, container->unit);
        if (r < 0)
                return r;
        if (!path_is_sane(c->path) || !path_is_sane(c->top))
                return -EBADMSG;
        *ret = TAKE_PTR(c);
        return 0;
}

int oci_cgroup_pause(OciCgroup *c, Failure *reterr) {
        int r;

        r = need_cgroup(c, "pause", reterr);
        if (r < 0)
                return r;
        r = cgroup_freeze(c->fd, FREEZE_TIMEOUT_USEC);
        if (r == -ETIMEDOUT)
                return failure_set(reterr, FAILURE_BUSY,
                                   "a process in %s does not stop, perhaps because it waits for a disk or a "
                                   "server; all of them go on",
                                   c->path);
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot freeze the cgroup %s", c->path)
                     : 0;
}

int oci_cgroup_resume(OciCgroup *c, Failure *reterr) {
        int r;

        r = need_cgroup(c, "resume", reterr);
        if (r < 0)
                return r;
        r = cgroup_unfreeze(c->fd, FREEZE_TIMEOUT_USEC);
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot thaw the cgroup %s", c->path)
                     : 0;
}

bool oci_cgroup_is_paused(OciCgroup *c) {
        return oci_cgroup_open(c) > 0 && cgroup_tree_is_frozen(c->fd) > 0;
}

int oci_cgroup_signal_all(OciCgroup *c, int signal, Failure *reterr) {
        int r;

        r = oci_cgroup_open(c);
        if (r > 0)
                r = cgroup_signal(c->fd, signal);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot signal what is in the cgroup %s",
                                         c->path);
        return c->fd >= 0;
}

int oci_cgroup_pids(OciCgroup *c, pid_t **ret, size_t *ret_n, Failure *reterr) {
        int r;

        r = need_cgroup(c, "list the processes of", reterr);
        if (r < 0)
                return r;
        r = cgroup_pids(c->fd, ret, ret_n);
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot read which processes are in %s",
                                         c->path)
                     : 0;
}

static bool is_there(const char *path) {
        _cleanup_close_ int fd = -EBADF;

        return cgroup_open(path, &fd) >= 0;
}

/* Of a unit that systemd did not know any more. */
static int remove_rest(const char *path, Failure *reterr) {
        int r = cgroup_remove(path, EMPTY_TIMEOUT_USEC);

        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot remove the cgroup %s", path) : 0;
}

int oci_cgroup_remove(OciCgroup *c, bool linger, Failure *reterr) {
        const char *path = c->top ?: c->path;
        int r = 0;

        oci_cgroup_settle(c);
        c->fd = fd_close(c->fd);
        /* A scope is removed by systemd as soon as it hears that it is empty, which it never would of one
         * that is gone before. */
        if (path)
                r = c->unit ? cgroup_empty(path, EMPTY_TIMEOUT_USEC)
                            : cgroup_remove(path, EMPTY_TIMEOUT_USEC);
        if (r < 0 && r != -EOPNOTSUPP)
                return failure_set_errno(reterr, r == -EBUSY ? FAILURE_BUSY : FAILURE_SYSTEM, r,
                                         "cannot remove the cgroup %s", path);
        /* One that is still there is removed before long; one that is not, and has a unit, has failed. */
        if (!c->unit || (linger && path && is_there(path)))
                return 0;
        r = oci_scope_forget(c->unit, c->rootless, reterr);
        return r < 0 || !path ? r : remove_rest(path, reterr);
}
