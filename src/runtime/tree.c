/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/device.h"
#include "runtime/channel.h"
#include "runtime/fill.h"
#include "runtime/mask.h"
#include "runtime/mount-set.h"
#include "runtime/mount.h"
#include "runtime/namespace.h"
#include "runtime/tree.h"

#define FSCONFIG_TEXT_MAX 256

/* Kernel file systems stand on places that an image must not redirect. */
static const char *const kernel_types[] = { "proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2" };
static const char *const kernel_places[] = { "/proc", "/sys", "/dev" };

static bool is_cgroup(const RuntimeMount *m) {
        return !m->options.bind && (streq(m->type, "cgroup") || streq(m->type, "cgroup2"));
}

static bool is_tmpfs(const RuntimeMount *m) {
        return !m->options.bind && streq(m->type, "tmpfs");
}

/* Made where it is attached: when this process is in its cgroup, for that is what it shows. */
static bool is_cgroup_of(const Payload *p, size_t i) {
        return is_cgroup(p->spec->mounts + i) && payload_makes_mount(p->spec, p->spec->mounts + i);
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
        return m->destination_no_follow ? MOUNT_TARGET_ITSELF : MOUNT_TARGET_INSIDE;
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

static bool has_mode(const RuntimeMount *m) {
        STRV_FOREACH(i, m->options.data)
                if (startswith(*i, "mode="))
                        return true;
        return false;
}

/* Without a word about it, a tmpfs looks as the directory that it covers. */
static bool takes_mode(const Payload *p, const RuntimeMount *m) {
        return p->as_is && is_tmpfs(m) && !m->fill && !has_mode(m);
}

static bool is_long(const MountOptions *options) {
        STRV_FOREACH(i, options->data)
                if (strlen(*i) >= FSCONFIG_TEXT_MAX)
                        return true;
        return false;
}

static int mount_fresh(Payload *p, const RuntimeMount *m, int *ret_fd) {
        static char ptmx_mode[] = "ptmxmode=0666", *of_devpts[] = { ptmx_mode, NULL };
        MountOptions options = m->options; /* borrows its lists */

        /* What is still to be filled or changed must be written to first. */
        if (m->fill || takes_mode(p, m)) {
                options.attr_set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
                options.recursive_set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
        }
        /* Nobody could open a terminal. */
        if (p->as_is && (!options.data || !*options.data) && streq(m->type, "devpts"))
                options.data = of_devpts;
        /* Names of layers are relative to nothing, and may have what fsconfig(2) takes as its own. */
        if (is_long(&options) || streq(m->type, "overlay"))
                return mount_new_by_text(m->type, m->source, &options, ret_fd, p->failure);
        return mount_new(m->type, m->source, &options, ret_fd, p->failure);
}

int tree_make_mounts(Payload *p) {
        int r;

        for (size_t i = 0; i < p->spec->n_mounts; i++) {
                if (!payload_makes_mount(p->spec, p->spec->mounts + i) || is_cgroup_of(p, i))
                        continue;
                r = mount_fresh(p, p->spec->mounts + i, p->mount_fds + i);
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

static int mount_id(int fd, uint64_t *ret) {
        struct statx stx;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
                return negative_errno();
        *ret = stx.stx_mnt_id;
        return 0;
}

/* Where hooks look for it. */
static int attach_root_in_place(Payload *p) {
        _cleanup_close_ int fd = -EBADF;
        uint64_t wanted, found;

        if (move_mount(p->root_fd, "", AT_FDCWD, p->spec->root_path,
                       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
                return negative_errno();
        fd = open(p->spec->root_path, O_PATH | O_CLOEXEC);
        if (fd < 0 || mount_id(fd, &found) < 0 || mount_id(p->root_fd, &wanted) < 0 || wanted != found)
                return failure_set(p->failure, FAILURE_SECURITY, "%s was exchanged while it was mounted on",
                                   p->spec->root_path);
        return 0;
}

/* On top of the old /, from where tree_pivot() takes it: no directory of the host is needed for it. Absolute
 * paths lead to the old tree until then, so everything below goes by fd. */
int tree_attach_root(Payload *p) {
        int r;

        if (p->root_in_place && p->spec->root_path) {
                r = attach_root_in_place(p);
                /* A user namespace may not see the place. */
                if (r != -EACCES || p->failure->text)
                        return r;
        }
        if (move_mount(p->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return negative_errno();
        return 0;
}

static int attach_at(Payload *p, int mount_fd, const char *path, MountTarget kind) {
        _cleanup_close_ int target = -EBADF;
        struct stat st;
        int r;

        if (fstat(mount_fd, &st) < 0)
                return negative_errno();
        r = mount_open_target(p->root_fd, path, kind, S_ISDIR(st.st_mode), &target, p->failure);
        if (r < 0)
                return r;
        return mount_attach(mount_fd, target, p->root_fd, path, kind, p->failure);
}

/* Something else becomes the root, on top of it. */
static int attach_over_root(Payload *p, int mount_fd) {
        if (move_mount(mount_fd, "", p->root_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return failure_set_errno(p->failure, FAILURE_SYSTEM, errno, "cannot mount on /");
        p->root_fd = mount_fd;
        return 0;
}

static int run_user(Payload *p, User *ret) {
        const RuntimeProcess *process = &p->spec->process;

        if (process->username)
                return user_resolve(p->root_fd, process->username, ret, p->failure);
        *ret = (User){ .uid = process->uid, .gid = process->gid };
        return 0;
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

static int fail_unless_told(Payload *p, int error, const char *what, const RuntimeMount *m) {
        return error >= 0 || p->failure->text
                               ? error
                               : failure_set_errno(p->failure, FAILURE_STORAGE, error, what, m->destination);
}

/* An empty volume or tmpfs gets what the image has in its place. */
static int fill_mount(Payload *p, const RuntimeMount *m, int mount_fd, int below_fd) {
        struct stat st;
        int r = 0;

        if (m->fill && fstat(mount_fd, &st) >= 0 && S_ISDIR(st.st_mode)) {
                r = fill_is_empty(mount_fd);
                if (r > 0 && below_fd >= 0)
                        r = fill_copy(below_fd, mount_fd, !has_mode(m));
                else if (r > 0 && m->options.bind && !m->chown)
                        r = give_mount(p, mount_fd, false);
        }
        if (r < 0)
                return fail_unless_told(p, r, "cannot copy %s of the image into the mount", m);
        if (m->chown && !m->options.bind)
                return fail_unless_told(p, give_mount(p, mount_fd, true), "cannot give %s to its user", m);
        return 0;
}

/* What a mount gets of the place that it covers. */
static int take_over(Payload *p, const RuntimeMount *m, int mount_fd, int below_fd) {
        struct mount_attr attr = { .attr_set = (m->options.attr_set | m->options.recursive_set) &
                                               MOUNT_ATTR_RDONLY };
        struct stat st;
        int r;

        r = m->fill || m->chown ? fill_mount(p, m, mount_fd, below_fd) : 0;
        if (r < 0)
                return r;
        if (takes_mode(p, m) && below_fd >= 0 &&
            (fstat(below_fd, &st) < 0 || fchmodat(mount_fd, ".", st.st_mode & 07777, 0) < 0))
                return fail_unless_told(p, negative_errno(), "cannot set the mode of %s", m);
        if ((m->fill || takes_mode(p, m)) && attr.attr_set &&
            mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
                return fail_unless_told(p, negative_errno(), "cannot make %s read-only", m);
        return 0;
}

static int attach_one(Payload *p, const RuntimeMount *m, int mount_fd) {
        bool wants_below = m->fill || takes_mode(p, m);
        _cleanup_close_ int below = -EBADF;
        struct stat st;
        int r;

        if (m->copy_link && fstat(mount_fd, &st) >= 0 && S_ISLNK(st.st_mode))
                return mount_copy_link(mount_fd, p->root_fd, m->destination, p->failure);
        if (wants_below && path_open_in_root(p->root_fd, m->destination, O_RDONLY | O_DIRECTORY, &below) < 0)
                below = -EBADF;
        r = streq(m->destination, "/") ? attach_over_root(p, mount_fd)
                                       : attach_at(p, mount_fd, m->destination, target_kind(m));
        return r < 0 || (!wants_below && !m->chown) ? r : take_over(p, m, mount_fd, below);
}

static int enter_cgroup_namespace(Payload *p) {
        const RuntimeNamespace *n = p->spec->namespaces + RUNTIME_NAMESPACE_CGROUP;

        if (namespace_is_new(p->spec, RUNTIME_NAMESPACE_CGROUP) && unshare(CLONE_NEWCGROUP) < 0)
                return negative_errno();
        if (n->path && setns(p->cgroupns_fd, CLONE_NEWCGROUP) < 0)
                return failure_set_errno(p->failure, FAILURE_SYSTEM, errno,
                                         "cannot join the cgroup namespace %s", n->path);
        return 0;
}

/* The file system now, or the place for it until this process is in its cgroup. */
static int prepare_cgroup(Payload *p, size_t i) {
        const RuntimeMount *m = p->spec->mounts + i;

        if (p->in_cgroup)
                return mount_new("cgroup2", m->source, &m->options, p->mount_fds + i, p->failure);
        return mount_open_target(p->root_fd, m->destination, MOUNT_TARGET_NO_LINKS, true, p->mount_fds + i,
                                 p->failure);
}

/* The devices of a document that is taken as it is, and what else it may leave to the tree. */
static int complete_tree(Payload *p) {
        bool own_dev = false, host_dev = false;
        struct statfs sfs;
        int r;

        for (size_t i = 0; i < p->spec->n_mounts; i++) {
                const RuntimeMount *m = p->spec->mounts + i;

                if (streq(m->destination, "/dev")) {
                        own_dev = payload_mount_is_dev(m);
                        host_dev = m->options.bind || streq(m->type, "devtmpfs");
                }
        }
        r = host_dev ? 0 : device_complete_tree(p->spec, p->root_fd, own_dev, p->failure);
        if (r < 0 || p->devpts_fd >= 0 || !p->spec->process.terminal)
                return r;
        if (path_open_in_root(p->root_fd, "/dev/pts", O_PATH | O_DIRECTORY, &p->devpts_fd) >= 0 &&
            (fstatfs(p->devpts_fd, &sfs) < 0 || sfs.f_type != DEVPTS_SUPER_MAGIC))
                p->devpts_fd = fd_close(p->devpts_fd);
        return 0;
}

static int attach_own(Payload *p) {
        int r = 0;

        if (p->usr_fd >= 0)
                r = attach_at(p, p->usr_fd, "/usr", MOUNT_TARGET_NO_LINKS);
        if (r >= 0 && p->own_dev_fd >= 0)
                r = attach_at(p, p->own_dev_fd, "/dev", MOUNT_TARGET_NO_LINKS);
        return r;
}

int tree_attach_mounts(Payload *p) {
        int r;

        r = p->in_cgroup ? enter_cgroup_namespace(p) : 0;
        if (r >= 0)
                r = attach_own(p);
        for (size_t i = 0; r >= 0 && i < p->spec->n_mounts; i++) {
                bool cgroup = is_cgroup_of(p, i);

                r = cgroup ? prepare_cgroup(p, i) : 0;
                if (r >= 0 && (!cgroup || p->in_cgroup))
                        r = attach_one(p, p->spec->mounts + i, p->mount_fds[i]);
        }
        return r < 0 || !p->as_is ? r : complete_tree(p);
}

/* The host's, while paths lead there; one in the image may be anything. */
static int open_null(void) {
        _cleanup_close_ int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
                return -EBADF;
        return TAKE_FD(fd);
}

int tree_hide_paths(Payload *p) {
        _cleanup_(mask_done) MaskContext c = {
                .root_fd = p->root_fd,
                .proc_fd = p->proc_fd,
                .sys_fd = p->sys_fd,
                .null_fd = p->as_is ? open_null() : -EBADF,
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

                if (is_cgroup_of(p, i) && !p->in_cgroup)
                        continue;
                if ((o->propagation == MS_SLAVE || o->propagation == MS_UNBINDABLE) &&
                    p->mount_fds[i] >= 0 &&
                    mount_setattr(p->mount_fds[i], "",
                                  AT_EMPTY_PATH | (o->propagation_recursive ? AT_RECURSIVE : 0), &attr,
                                  sizeof(attr)) < 0)
                        return negative_errno();
        }
        return 0;
}

/* Both in one place (pivot_root(2), "pivot_root(".", ".")"): the old root ends up on top of the new one, as
 * cwd's mount. */
static int pivot(void) {
        return syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0
                               ? negative_errno()
                               : 0;
}

/* A root that cannot be exchanged is covered, where whoever may change its root again can get at it: not at
 * the kernel's file systems, at least. */
static int cover_root(Payload *p) {
        static const char *const places[] = { "/proc", "/sys" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int empty = -EBADF;
                int r;

                if (umount2(places[i], MNT_DETACH) >= 0)
                        continue;
                r = mount_new("tmpfs", NULL, &(MountOptions){ .attr_set = MOUNT_ATTR_RDONLY }, &empty,
                              p->failure);
                if (r < 0)
                        return r;
                if (move_mount(empty, "", AT_FDCWD, places[i], MOVE_MOUNT_F_EMPTY_PATH) < 0 &&
                    errno != ENOENT)
                        return negative_errno();
        }
        if (p->root_in_place && move_mount(p->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 &&
            errno != EINVAL)
                return negative_errno();
        return fchdir(p->root_fd) < 0 || chroot(".") < 0 || chdir("/") < 0 ? negative_errno() : 0;
}

int tree_pivot(Payload *p) {
        const RuntimeSpec *s = p->spec;
        int r;

        if (fchdir(p->root_fd) < 0)
                return negative_errno();
        r = p->no_pivot ? cover_root(p) : pivot();
        if (r < 0)
                return r;
        if (s->rootfs_propagation &&
            mount(NULL, "/", NULL, s->rootfs_propagation | (s->rootfs_propagation_recursive ? MS_REC : 0),
                  NULL) < 0)
                return negative_errno();
        return s->rootfs_propagation_recursive ? restore_propagation(p) : 0;
}

int tree_mount_cgroup(Payload *p) {
        _cleanup_close_ int root = -EBADF;
        int r;

        if (p->in_cgroup)
                return 0;
        r = enter_cgroup_namespace(p);
        for (size_t i = 0; r >= 0 && i < p->spec->n_mounts; i++) {
                const RuntimeMount *m = p->spec->mounts + i;
                _cleanup_close_ int fd = -EBADF;

                if (!is_cgroup_of(p, i))
                        continue;
                r = mount_new("cgroup2", m->source, &m->options, &fd, p->failure);
                if (r >= 0 && root < 0)
                        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (r >= 0)
                        r = root < 0 ? negative_errno()
                                     : mount_attach(fd, p->mount_fds[i], root, m->destination,
                                                    MOUNT_TARGET_NO_LINKS, p->failure);
        }
        return r;
}
