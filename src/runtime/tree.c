/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/channel.h"
#include "runtime/fill.h"
#include "runtime/mask.h"
#include "runtime/mount-set.h"
#include "runtime/mount.h"
#include "runtime/namespace.h"
#include "runtime/tree.h"

/* Kernel file systems stand on places that an image must not redirect. */
static const char *const kernel_types[] = { "proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2" };
static const char *const kernel_places[] = { "/proc", "/sys", "/dev" };

static bool is_cgroup(const RuntimeMount *m) {
        return !m->options.bind && (streq(m->type, "cgroup") || streq(m->type, "cgroup2"));
}

static MountTarget target_kind(const RuntimeMount *m) {
        for (size_t i = 0; m->type && i < ELEMENTSOF(kernel_types); i++)
                if (streq(m->type, kernel_types[i]))
                        return MOUNT_TARGET_NO_LINKS;
        for (size_t i = 0; i < ELEMENTSOF(kernel_places); i++) {
                const char *rest = startswith(m->destination, kernel_places[i]);

                if (rest && (*rest == '/' || *rest == 0))
                        return MOUNT_TARGET_NO_LINKS;
        }
        return MOUNT_TARGET_INSIDE;
}

bool payload_mount_is_dev(const RuntimeMount *m) {
        return !m->options.bind && streq(m->destination, "/dev") && streq(m->type, "tmpfs");
}

bool payload_makes_mount(const RuntimeSpec *spec, const RuntimeMount *m) {
        if (m->options.bind || runtime_mount_is_overlay(m) || payload_mount_is_dev(m))
                return false;
        /* These show a namespace, and only who owns that one may mount them: not a process in a new user
         * namespace where the other one is not new as well. */
        if (streq(m->type, "sysfs"))
                return namespace_is_new(spec, RUNTIME_NAMESPACE_NETWORK);
        if (streq(m->type, "mqueue"))
                return namespace_is_new(spec, RUNTIME_NAMESPACE_IPC);
        /* The namespaces of processes and cgroups that are another's are only entered by the payload. */
        if (streq(m->type, "proc"))
                return spec->namespaces[RUNTIME_NAMESPACE_PID].wanted;
        return !is_cgroup(m) || spec->namespaces[RUNTIME_NAMESPACE_CGROUP].wanted;
}

int tree_isolate(Payload *p) {
        bool follow = p->spec->rootfs_propagation == MS_SLAVE || p->spec->rootfs_propagation == MS_SHARED;

        return mount(NULL, "/", NULL, MS_REC | (follow ? MS_SLAVE : MS_PRIVATE), NULL) < 0 ? negative_errno()
                                                                                           : 0;
}

/* What is still to be filled must be written to first. */
static int mount_fresh(Payload *p, const RuntimeMount *m, int *ret_fd) {
        MountOptions options = m->options; /* borrows its lists */

        if (m->fill)
                options.attr_set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
        return mount_new(m->type, m->source, &options, ret_fd, p->failure);
}

int tree_make_mounts(Payload *p) {
        int r;

        for (size_t i = 0; i < p->spec->n_mounts; i++) {
                const RuntimeMount *m = p->spec->mounts + i;

                if (!payload_makes_mount(p->spec, m) || is_cgroup(m))
                        continue;
                r = mount_fresh(p, m, p->mount_fds + i);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Remembers the mounts that later steps ask for by what they are. */
static void note_mounts(Payload *p) {
        for (size_t i = 0; i < p->spec->n_mounts; i++) {
                const RuntimeMount *m = p->spec->mounts + i;

                if (m->type && streq(m->type, "proc") && streq(m->destination, "/proc"))
                        p->proc_fd = p->mount_fds[i];
                else if (m->type && streq(m->type, "sysfs") && streq(m->destination, "/sys"))
                        p->sys_fd = p->mount_fds[i];
                else if (m->type && streq(m->type, "devpts") &&
                         (p->devpts_fd < 0 || streq(m->destination, "/dev/pts")))
                        p->devpts_fd = p->mount_fds[i];
                else if (streq(m->destination, "/dev"))
                        p->dev_fd = p->mount_fds[i];
        }
        if (p->own_dev_fd >= 0)
                p->dev_fd = p->own_dev_fd;
}

int tree_receive_mounts(Payload *p) {
        _cleanup_(mount_set_done) MountSet set = {};

        /* The parent is gone, or has given up and knows why. */
        if (mount_set_receive(p->channel, &set, p->failure) <= 0)
                _exit(125);
        for (size_t i = 0; i < set.n; i++) {
                short slot = set.slots[i];
                int fd = TAKE_FD(set.fds[i]);

                if (slot == SLOT_ROOT)
                        p->root_fd = fd;
                else if (slot == SLOT_DEV)
                        p->own_dev_fd = fd;
                else if (slot == SLOT_USR)
                        p->usr_fd = fd;
                else
                        p->mount_fds[slot] = fd;
        }
        note_mounts(p);
        return 0;
}

/* On top of the old /, from where tree_pivot() takes it: no directory of the host is needed for it. Absolute
 * paths lead to the old tree until then, so everything below goes by fd. */
int tree_attach_root(Payload *p) {
        if (move_mount(p->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return negative_errno();
        return 0;
}

static int attach_at(Payload *p, int mount_fd, const char *path, MountTarget kind, int *ret_below) {
        _cleanup_close_ int target = -EBADF;
        struct stat st;
        int r;

        if (fstat(mount_fd, &st) < 0)
                return negative_errno();
        if (S_ISLNK(st.st_mode))
                return mount_copy_link(mount_fd, p->root_fd, path, p->failure);
        /* What is to be filled looks at what it is about to cover. */
        if (ret_below) {
                r = path_open_in_root(p->root_fd, path, O_RDONLY | O_DIRECTORY, ret_below);
                if (r < 0)
                        *ret_below = -EBADF;
        }
        r = mount_open_target(p->root_fd, path, kind, S_ISDIR(st.st_mode), &target, p->failure);
        if (r < 0)
                return r;
        return mount_attach(mount_fd, target, p->root_fd, path, kind, p->failure);
}

static int run_user(Payload *p, User *ret) {
        const RuntimeProcess *process = &p->spec->process;

        if (process->username)
                return user_resolve(p->root_fd, process->username, ret, p->failure);
        *ret = (User){ .uid = process->uid, .gid = process->gid };
        return 0;
}

static bool has_mode(const RuntimeMount *m) {
        STRV_FOREACH(i, m->options.data)
                if (startswith(*i, "mode="))
                        return true;
        return false;
}

/* A place that the image does not have belongs to who runs, as in podman. */
static int give_mount(Payload *p, int mount_fd, bool deep) {
        _cleanup_(user_done) User user = {};
        int r;

        r = run_user(p, &user);
        if (r < 0)
                return r;
        if (deep)
                return fill_chown(mount_fd, user.uid, user.gid);
        if (fchownat(mount_fd, "", user.uid, user.gid, AT_EMPTY_PATH) < 0)
                return negative_errno();
        return 0;
}

/* An empty volume or tmpfs gets what the image has in its place. */
static int fill_mount(Payload *p, const RuntimeMount *m, int mount_fd, int below_fd) {
        uint64_t later = (m->options.attr_set | m->options.recursive_set) & MOUNT_ATTR_RDONLY;
        struct mount_attr attr = { .attr_set = later };
        struct stat st;
        int r;

        if (m->fill && fstat(mount_fd, &st) >= 0 && S_ISDIR(st.st_mode)) {
                r = fill_is_empty(mount_fd);
                if (r > 0 && below_fd >= 0)
                        r = fill_copy(below_fd, mount_fd, !has_mode(m));
                else if (r > 0 && m->options.bind && !m->chown)
                        r = give_mount(p, mount_fd, false);
                if (r < 0)
                        return p->failure->text ? r
                                                : failure_set_errno(p->failure, FAILURE_STORAGE, r,
                                                                    "cannot copy %s of the image into the "
                                                                    "mount",
                                                                    m->destination);
        }
        if (m->chown && !m->options.bind) {
                r = give_mount(p, mount_fd, true);
                if (r < 0)
                        return p->failure->text ? r
                                                : failure_set_errno(p->failure, FAILURE_STORAGE, r,
                                                                    "cannot give %s to its user",
                                                                    m->destination);
        }
        if (m->fill && later && mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
                return failure_set_errno(p->failure, FAILURE_SYSTEM, errno, "cannot make %s read-only",
                                         m->destination);
        return 0;
}

static int attach_one(Payload *p, const RuntimeMount *m, int mount_fd) {
        _cleanup_close_ int below = -EBADF;
        int r;

        r = attach_at(p, mount_fd, m->destination, target_kind(m), m->fill ? &below : NULL);
        return r < 0 || (!m->fill && !m->chown) ? r : fill_mount(p, m, mount_fd, below);
}

int tree_attach_mounts(Payload *p) {
        int r;

        if (p->usr_fd >= 0) {
                r = attach_at(p, p->usr_fd, "/usr", MOUNT_TARGET_NO_LINKS, NULL);
                if (r < 0)
                        return r;
        }
        if (p->own_dev_fd >= 0) {
                r = attach_at(p, p->own_dev_fd, "/dev", MOUNT_TARGET_NO_LINKS, NULL);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < p->spec->n_mounts; i++) {
                const RuntimeMount *m = p->spec->mounts + i;

                if (!is_cgroup(m) || !payload_makes_mount(p->spec, m))
                        r = attach_one(p, m, p->mount_fds[i]);
                else if (p->cgroup_target_fd >= 0)
                        return failure_set(p->failure, FAILURE_CONFIGURATION,
                                           "the cgroup file system is to be mounted twice");
                else {
                        p->cgroup_mount = i;
                        r = mount_open_target(p->root_fd, m->destination, MOUNT_TARGET_NO_LINKS, true,
                                              &p->cgroup_target_fd, p->failure);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int tree_hide_paths(Payload *p) {
        _cleanup_(mask_done) MaskContext c = {
                .root_fd = p->root_fd,
                .proc_fd = p->proc_fd,
                .sys_fd = p->sys_fd,
                .dev_fd = p->dev_fd,
                .empty_fd = -EBADF,
        };
        int r;

        STRV_FOREACH(i, p->spec->readonly_paths) {
                r = mask_read_only(&c, *i, p->failure);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(i, p->spec->masked_paths) {
                r = mask_path(&c, *i, p->failure);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A missing working directory is made, as other engines do. It is opened now, because in a read-only root it
 * could not be made later. */
int tree_open_cwd(Payload *p) {
        int r;

        r = path_mkdir_in_root(p->root_fd, p->spec->process.cwd, 0755, (uid_t) -1, (gid_t) -1, &p->cwd_fd);
        if (r < 0)
                return failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot use %s as the working directory", p->spec->process.cwd);
        return 0;
}

int tree_set_read_only(Payload *p) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

        for (size_t i = 0; i < p->spec->n_mounts; i++)
                if (payload_mount_is_dev(p->spec->mounts + i) &&
                    (p->spec->mounts[i].options.attr_set & MOUNT_ATTR_RDONLY) &&
                    mount_setattr(p->mount_fds[i], "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
                        return negative_errno();
        if (!p->spec->root_readonly)
                return 0;
        return mount_setattr(p->root_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? negative_errno() : 0;
}

/* What the root's propagation has changed of mounts that say slave or unbindable of themselves. */
static int restore_propagation(Payload *p) {
        for (size_t i = 0; i < p->spec->n_mounts; i++) {
                const MountOptions *o = &p->spec->mounts[i].options;
                struct mount_attr attr = { .propagation = o->propagation };

                if ((o->propagation == MS_SLAVE || o->propagation == MS_UNBINDABLE) &&
                    p->mount_fds[i] >= 0 &&
                    mount_setattr(p->mount_fds[i], "",
                                  AT_EMPTY_PATH | (o->propagation_recursive ? AT_RECURSIVE : 0), &attr,
                                  sizeof(attr)) < 0)
                        return negative_errno();
        }
        return 0;
}

int tree_pivot(Payload *p) {
        const RuntimeSpec *s = p->spec;

        if (fchdir(p->root_fd) < 0)
                return negative_errno();
        /* Both in one place (pivot_root(2), "pivot_root(".", ".")"): the old root ends up on top of the new
         * one, as cwd's mount. */
        if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                return negative_errno();
        if (s->rootfs_propagation &&
            mount(NULL, "/", NULL, s->rootfs_propagation | (s->rootfs_propagation_recursive ? MS_REC : 0),
                  NULL) < 0)
                return negative_errno();
        return s->rootfs_propagation_recursive ? restore_propagation(p) : 0;
}

int tree_mount_cgroup(Payload *p) {
        _cleanup_close_ int fd = -EBADF, root = -EBADF;
        const RuntimeMount *m;
        int r;

        if (namespace_is_new(p->spec, RUNTIME_NAMESPACE_CGROUP) && unshare(CLONE_NEWCGROUP) < 0)
                return negative_errno();
        if (p->spec->namespaces[RUNTIME_NAMESPACE_CGROUP].path && setns(p->cgroupns_fd, CLONE_NEWCGROUP) < 0)
                return failure_set_errno(p->failure, FAILURE_SYSTEM, errno,
                                         "cannot join the cgroup namespace %s",
                                         p->spec->namespaces[RUNTIME_NAMESPACE_CGROUP].path);
        if (p->cgroup_target_fd < 0)
                return 0;
        m = p->spec->mounts + p->cgroup_mount;
        r = mount_new("cgroup2", m->source, &m->options, &fd, p->failure);
        if (r < 0)
                return r;
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return negative_errno();
        return mount_attach(fd, p->cgroup_target_fd, root, m->destination, MOUNT_TARGET_NO_LINKS,
                            p->failure);
}
