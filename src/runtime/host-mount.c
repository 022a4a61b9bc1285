/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/bind.h"
#include "runtime/device.h"
#include "runtime/fill.h"
#include "runtime/host-mount.h"
#include "runtime/idmap.h"
#include "runtime/mount.h"
#include "runtime/namespace.h"
#include "runtime/overlay.h"
#include "runtime/payload.h"
#include "runtime/user.h"

static int make_bind(const HostMountContext *c, const RuntimeMount *m, int *ret_source_fd, int *ret_fd,
                     Failure *reterr) {
        _cleanup_close_ int source = -EBADF, userns = -EBADF;
        int r;

        r = bind_open(m, &source, reterr);
        if (r >= 0)
                r = idmap_open(c->spec, m, source, c->userns_fd, &userns, reterr);
        if (r >= 0)
                r = bind_mount(m, source, userns, ret_fd, reterr);
        if (r >= 0 && m->chown)
                *ret_source_fd = TAKE_FD(source);
        return r;
}

/* A directory of the host as a lower one. It is shown as the layers of an image are, since nothing is
 * written to it; where its file system cannot, it stays as it is. */
static int push_lower(const HostMountContext *c, OverlayStack *s, const char *path, Failure *reterr) {
        int fd, r;

        fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                         "cannot make an overlay of %s", path);
        if (c->userns_fd >= 0) {
                r = mount_idmap(fd, c->userns_fd, false);
                if (r < 0)
                        log_debug_errno(r, "cannot map the ids of %s, ignoring: %m", path);
        }
        return overlay_stack_push(s, fd);
}

static int push_lowers(const HostMountContext *c, const RuntimeMount *m, OverlayStack *s, Failure *reterr) {
        _cleanup_close_ int userns = -EBADF;
        int r = 0;

        if (m->layers) {
                r = idmap_open(c->spec, m, -EBADF, c->userns_fd, &userns, reterr);
                if (r >= 0)
                        r = overlay_stack_push_layers(s, c->root->layers_fd, m->layers,
                                                      userns >= 0 ? userns : c->userns_fd, reterr);
        }
        STRV_FOREACH(i, m->lowers)
                if (r >= 0)
                        r = push_lower(c, s, *i, reterr);
        return r;
}

static int open_made(int parent_fd, const char *path, int *ret_fd) {
        int fd;

        if (mkdirat(parent_fd, path, 0700) < 0 && errno != EEXIST)
                return negative_errno();
        fd = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

/* What an earlier run changed goes. The new directory looks as the one it stands for. */
static int make_scratch(const HostMountContext *c, const RuntimeMount *m, int lower_fd, int *ret_parent,
                        OverlayUpper *upper, Failure *reterr) {
        const RuntimeSpec *s = c->spec;
        struct stat st;
        int r;

        r = path_remove_tree(c->root->upper_fd, m->scratch, UINT64_MAX);
        if (r >= 0 || r == -ENOENT)
                r = open_made(c->root->upper_fd, m->scratch, ret_parent);
        if (r >= 0)
                r = open_made(*ret_parent, "upper", &upper->upper_fd);
        if (r >= 0)
                r = open_made(*ret_parent, "work", &upper->work_fd);
        if (r >= 0 && (fstat(lower_fd, &st) < 0 ||
                       fchown(upper->upper_fd, namespace_host_id(s->uid_mappings, s->n_uid_mappings, 0),
                              namespace_host_id(s->gid_mappings, s->n_gid_mappings, 0)) < 0 ||
                       fchmod(upper->upper_fd, st.st_mode & 07777) < 0))
                r = negative_errno();
        upper->parent_fd = *ret_parent;
        return r < 0 ? failure_set_errno(reterr, FAILURE_STORAGE, r, "cannot prepare the overlay on %s",
                                         m->destination)
                     : 0;
}

/* The user's own directories: made where they are missing, never emptied. */
static int open_upper(const RuntimeMount *m, OverlayUpper *upper, Failure *reterr) {
        int r;

        r = open_made(AT_FDCWD, m->upper, &upper->upper_fd);
        if (r >= 0)
                r = open_made(AT_FDCWD, m->work, &upper->work_fd);
        upper->upper = m->upper;
        upper->work = m->work;
        return r < 0 ? failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot use %s and %s for the overlay on %s", m->upper, m->work,
                                         m->destination)
                     : 0;
}

static int make_overlay(const HostMountContext *c, const RuntimeMount *m, int *ret_fd, Failure *reterr) {
        _cleanup_close_ int parent = -EBADF, fd = -EBADF;
        _cleanup_(overlay_stack_done) OverlayStack s = {};
        OverlayUpper upper = { .parent_fd = -EBADF, .upper_fd = -EBADF, .work_fd = -EBADF };
        bool writable = m->scratch || m->upper;
        int r;

        r = push_lowers(c, m, &s, reterr);
        if (r >= 0 && s.n == 0)
                r = overlay_stack_push_empty(&s, reterr);
        if (r >= 0 && s.n == 1 && !writable) {
                /* Without an upper directory the kernel wants two. */
                r = overlay_stack_push_empty(&s, reterr);
                if (r >= 0) {
                        int only = s.fds[0];

                        s.fds[0] = s.fds[1];
                        s.fds[1] = only;
                }
        }
        if (r >= 0 && m->scratch)
                r = make_scratch(c, m, s.fds[s.n - 1], &parent, &upper, reterr);
        else if (r >= 0 && m->upper)
                r = open_upper(m, &upper, reterr);
        if (r >= 0)
                r = overlay_mount(&s, writable ? &upper : NULL, m->subpath, c->path_names, &fd, reterr);
        (void) fd_close(upper.upper_fd);
        (void) fd_close(upper.work_fd);
        if (r < 0)
                return r;
        r = bind_set_attributes(m, fd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, r,
                                         "cannot set the mount options of %s", m->destination);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int host_mount_make(const HostMountContext *c, const RuntimeMount *m, int *ret_source_fd, int *ret_fd,
                    Failure *reterr) {
        *ret_source_fd = -EBADF;
        if (runtime_mount_is_overlay(m))
                return make_overlay(c, m, ret_fd, reterr);
        if (payload_mount_is_dev(m))
                return device_tree_mount(c->spec, m, ret_fd, reterr);
        if (m->options.bind)
                return make_bind(c, m, ret_source_fd, ret_fd, reterr);
        return mount_new(m->type, m->source, &m->options, ret_fd, reterr);
}

int host_mount_chown(const HostMountContext *c, const RuntimeMount *m, int source_fd, int root_fd,
                     Failure *reterr) {
        const RuntimeProcess *p = &c->spec->process;
        User user = { .uid = p->uid, .gid = p->gid };
        uint32_t uid, gid;
        int r;

        if (p->username) {
                r = user_resolve(root_fd, p->username, &user, reterr);
                if (r < 0)
                        return r;
        }
        idmap_ids_on_disk(c->spec, m, user.uid, user.gid, &uid, &gid);
        user_done(&user);
        if (uid == (uint32_t) -1 || gid == (uint32_t) -1)
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "%s cannot be given to the container's user, whom its idmap leaves out",
                                   m->source);
        r = fill_chown(source_fd, uid, gid);
        return r < 0 ? failure_set_errno(reterr, FAILURE_STORAGE, r,
                                         "cannot give %s to the container's user", m->source)
                     : 0;
}
