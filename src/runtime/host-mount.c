/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/bind.h"
#include "runtime/device.h"
#include "runtime/fill.h"
#include "runtime/host-mount.h"
#include "runtime/channel.h"
#include "runtime/idmap.h"
#include "runtime/lock.h"
#include "runtime/mount.h"
#include "runtime/namespace.h"
#include "runtime/overlay.h"
#include "runtime/payload.h"
#include "runtime/user.h"

static int make_bind(const HostMountContext *c, const RuntimeMount *m, int *ret_source_fd, int *ret_fd,
                     Failure *reterr) {
        _cleanup_close_ int source = -EBADF, userns = -EBADF;
        RuntimeMount bound = *m; /* borrows everything */
        int r;

        r = bind_open(m, &source, reterr);
        if (r >= 0)
                r = idmap_open(c->spec, m, source, c->userns_fd, &userns, reterr);
        if (r >= 0 && c->root->as_is && m->options.idmap && userns < 0)
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "cannot map the ids of %s: there is neither a user namespace nor a "
                                   "mapping to do it by",
                                   m->destination);
        /* Who follows the host everywhere does so here as well. */
        if (c->root->as_is && !m->options.propagation &&
            (c->spec->rootfs_propagation == MS_SLAVE || c->spec->rootfs_propagation == MS_SHARED)) {
                bound.options.propagation = MS_SLAVE;
                bound.options.propagation_recursive = true;
        }
        if (r >= 0)
                r = bind_mount(&bound, source, userns, ret_fd, reterr);
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

/* What shows a namespace, and only who owns that one may mount: the host's own mount of it. */
static int bind_of_host(const HostMountContext *c, const RuntimeMount *m, int *ret_fd) {
        static const struct {
                const char *type, *place;
        } places[] = {
                { "proc", "/proc" },          { "sysfs", "/sys" },
                { "mqueue", "/dev/mqueue" },  { "cgroup", "/sys/fs/cgroup" },
                { "cgroup2", "/sys/fs/cgroup" },
        };
        RuntimeMount bound = *m; /* borrows everything */
        int source = -EBADF;

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (streq(m->type, places[i].type)) {
                        bound.source = (char *) places[i].place;
                        bound.options.bind = bound.options.recursive_bind = true;
                        bound.options.recursive_set |= bound.options.attr_set;
                        bound.options.data = NULL;
                        return make_bind(c, &bound, &source, ret_fd, NULL);
                }
        return -ENODEV;
}

static int make_fresh(const HostMountContext *c, const RuntimeMount *m, int *ret_fd, Failure *reterr) {
        int r;

        r = mount_new(m->type, m->source, &m->options, ret_fd, reterr);
        if (r >= 0 || !c->root->as_is || namespace_is_initial_user() || bind_of_host(c, m, ret_fd) < 0)
                return r;
        failure_done(reterr);
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
        return make_fresh(c, m, ret_fd, reterr);
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

/* The root of the container, on behalf of its user namespace. */
static int make_root(const HostMountContext *c, MountSet *set, int *ret_root_fd, Failure *reterr) {
        const RuntimeSpec *s = c->spec;
        uint32_t uid = namespace_host_id(s->uid_mappings, s->n_uid_mappings, 0);
        uint32_t gid = namespace_host_id(s->gid_mappings, s->n_gid_mappings, 0);
        RootfsSource root = *c->root;
        int fd, usr_fd, r;

        root.follow = root.as_is && s->rootfs_propagation == MS_SLAVE;
        r = rootfs_mount(&root, c->userns_fd, uid, gid, c->path_names, &fd, &usr_fd, reterr);
        if (r < 0)
                return r;
        r = mount_set_add(set, SLOT_ROOT, fd);
        if (usr_fd >= 0)
                r = r < 0 ? r : mount_set_add(set, SLOT_USR, usr_fd);
        if (r < 0)
                return r;
        *ret_root_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return *ret_root_fd < 0 ? negative_errno() : 0;
}

/* Makes the mounts of one pass. Sources of bind mounts come first: an overlay may take this process to
 * another mount namespace. */
static int make_pass(const HostMountContext *c, bool overlays, int *source_fds, MountSet *set,
                     Failure *reterr) {
        const RuntimeSpec *s = c->spec;
        int fd, r;

        for (size_t i = 0; i < s->n_mounts; i++) {
                const RuntimeMount *m = s->mounts + i;

                if (payload_makes_mount(s, m) || runtime_mount_is_overlay(m) != overlays)
                        continue;
                r = host_mount_make(c, m, source_fds + i, &fd, reterr);
                if (r >= 0)
                        r = mount_set_add(set, (short) i, fd);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int give_sources(const HostMountContext *c, const int *source_fds, int root_fd, Failure *reterr) {
        for (size_t i = 0; i < c->spec->n_mounts; i++) {
                int r = source_fds[i] < 0 ? 0
                                          : host_mount_chown(c, c->spec->mounts + i, source_fds[i], root_fd,
                                                             reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

static bool has_dev(const RuntimeSpec *s) {
        for (size_t i = 0; i < s->n_mounts; i++)
                if (streq(s->mounts[i].destination, "/dev"))
                        return true;
        return false;
}

/* A /dev for a document that has none; a tree that is taken as it is has its own. */
static int make_dev(const HostMountContext *c, MountSet *set, Failure *reterr) {
        int fd, r;

        if (c->root->as_is || has_dev(c->spec))
                return 0;
        r = device_tree_mount(c->spec, NULL, &fd, reterr);
        return r < 0 ? r : mount_set_add(set, SLOT_DEV, fd);
}

int host_mount_all(const HostMountContext *c, FillLock *lock, MountSet *set, int *ret_root_fd,
                   Failure *reterr) {
        _cleanup_free_ int *source_fds = new (int, c->spec->n_mounts + 1);
        int r;

        if (!source_fds)
                return -ENOMEM;
        for (size_t i = 0; i < c->spec->n_mounts; i++)
                source_fds[i] = -EBADF;
        r = fill_lock_take(c->spec, lock);
        if (r >= 0)
                r = make_pass(c, false, source_fds, set, reterr);
        if (r >= 0)
                r = lock_binds(c->spec, c->userns_fd, set, reterr);
        if (r >= 0)
                r = make_dev(c, set, reterr);
        if (r >= 0)
                r = make_pass(c, true, source_fds, set, reterr);
        if (r >= 0)
                r = make_root(c, set, ret_root_fd, reterr);
        if (r >= 0)
                r = give_sources(c, source_fds, *ret_root_fd, reterr);
        for (size_t i = 0; i < c->spec->n_mounts; i++)
                (void) fd_close(source_fds[i]);
        return r;
}
