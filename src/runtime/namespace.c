/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/namespace.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

#define INITIAL_USER_INODE 0xEFFFFFFDU /* PROC_USER_INIT_INO, a part of the kernel's interface */

static void fclosep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

static const int clone_flags[] = {
        [RUNTIME_NAMESPACE_USER] = CLONE_NEWUSER,     [RUNTIME_NAMESPACE_MOUNT] = CLONE_NEWNS,
        [RUNTIME_NAMESPACE_PID] = CLONE_NEWPID,       [RUNTIME_NAMESPACE_NETWORK] = CLONE_NEWNET,
        [RUNTIME_NAMESPACE_IPC] = CLONE_NEWIPC,       [RUNTIME_NAMESPACE_UTS] = CLONE_NEWUTS,
        [RUNTIME_NAMESPACE_CGROUP] = CLONE_NEWCGROUP,
        [RUNTIME_NAMESPACE_TIME] = CLONE_NEWTIME,
};
static_assert(ELEMENTSOF(clone_flags) == _RUNTIME_NAMESPACE_MAX, "clone_flags is not full");

bool namespace_is_new(const RuntimeSpec *spec, RuntimeNamespaceType type) {
        return spec->namespaces[type].wanted && !spec->namespaces[type].path;
}

bool namespace_is_initial_user(void) {
        struct stat st;

        return stat("/proc/self/ns/user", &st) >= 0 && st.st_ino == INITIAL_USER_INODE;
}

uint64_t namespace_clone_flags(const RuntimeSpec *spec) {
        uint64_t flags = 0;

        for (RuntimeNamespaceType t = 0; t < _RUNTIME_NAMESPACE_MAX; t++)
                if (t != RUNTIME_NAMESPACE_CGROUP && t != RUNTIME_NAMESPACE_TIME &&
                    namespace_is_new(spec, t))
                        flags |= (uint64_t) clone_flags[t];
        return flags;
}

int namespace_open(const RuntimeSpec *spec, RuntimeNamespaceType type, int *ret_fd, Failure *reterr) {
        const char *name = runtime_namespace_to_string(type), *path = spec->namespaces[type].path;
        _cleanup_close_ int fd = -EBADF;
        struct statfs sfs;
        struct stat st;

        if (!path)
                return 0;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, errno,
                                         "cannot open the %s namespace %s", name, path);
        if (fstatfs(fd, &sfs) < 0 || fstat(fd, &st) < 0 || sfs.f_type != NSFS_MAGIC ||
            ioctl(fd, NS_GET_NSTYPE) != clone_flags[type])
                return failure_set(reterr, FAILURE_CONFIGURATION, "%s is not a %s namespace", path, name);
        if (spec->namespaces[type].inode > 0 && st.st_ino != spec->namespaces[type].inode)
                return failure_set(
                                reterr, FAILURE_INVALID_STATE,
                                "the container whose %s namespace is to be shared has just ended; start it "
                                "again",
                                name);
        *ret_fd = TAKE_FD(fd);
        return 1;
}

static int open_own(RuntimeNamespaceType type, int *ret_fd) {
        static const char *const files[] = {
                [RUNTIME_NAMESPACE_USER] = "user",     [RUNTIME_NAMESPACE_MOUNT] = "mnt",
                [RUNTIME_NAMESPACE_PID] = "pid",       [RUNTIME_NAMESPACE_NETWORK] = "net",
                [RUNTIME_NAMESPACE_IPC] = "ipc",       [RUNTIME_NAMESPACE_UTS] = "uts",
                [RUNTIME_NAMESPACE_CGROUP] = "cgroup", [RUNTIME_NAMESPACE_TIME] = "time",
        };
        char path[32];

        static_assert(ELEMENTSOF(files) == _RUNTIME_NAMESPACE_MAX, "files is not full");
        (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", files[type]);
        *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
        return *ret_fd < 0 ? negative_errno() : 0;
}

static bool is_same(int a_fd, int b_fd) {
        struct stat a, b;

        return fstat(a_fd, &a) >= 0 && fstat(b_fd, &b) >= 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int namespace_forget_own_user(RuntimeSpec *spec, Failure *reterr) {
        RuntimeNamespace *user = spec->namespaces + RUNTIME_NAMESPACE_USER;
        _cleanup_close_ int fd = -EBADF, own = -EBADF;
        int r;

        r = namespace_open(spec, RUNTIME_NAMESPACE_USER, &fd, reterr);
        if (r <= 0)
                return r;
        r = open_own(RUNTIME_NAMESPACE_USER, &own);
        if (r < 0 || !is_same(fd, own))
                return r;
        user->path = mfree(user->path);
        user->wanted = false;
        spec->uid_mappings = mfree(spec->uid_mappings);
        spec->gid_mappings = mfree(spec->gid_mappings);
        spec->n_uid_mappings = spec->n_gid_mappings = 0;
        return 0;
}

int namespace_return(int own_fds[static _RUNTIME_NAMESPACE_MAX]) {
        int r = 0;

        for (RuntimeNamespaceType t = 0; t < _RUNTIME_NAMESPACE_MAX; t++) {
                if (own_fds[t] >= 0 && setns(own_fds[t], clone_flags[t]) < 0)
                        r = negative_errno();
                own_fds[t] = fd_close(own_fds[t]);
        }
        return r;
}

int namespace_join(const RuntimeSpec *spec, int own_fds[static _RUNTIME_NAMESPACE_MAX], Failure *reterr) {
        for (RuntimeNamespaceType t = 0; t < _RUNTIME_NAMESPACE_MAX; t++) {
                _cleanup_close_ int fd = -EBADF;
                int r;

                if (t == RUNTIME_NAMESPACE_USER || t == RUNTIME_NAMESPACE_CGROUP ||
                    (t == RUNTIME_NAMESPACE_PID && spec->namespaces[RUNTIME_NAMESPACE_USER].path))
                        continue;
                if (t == RUNTIME_NAMESPACE_MOUNT && spec->namespaces[t].path)
                        return failure_set(reterr, FAILURE_CONFIGURATION,
                                           "cannot join the mount namespace %s: only a new one is possible",
                                           spec->namespaces[t].path);
                r = namespace_open(spec, t, &fd, reterr);
                if (r > 0 && open_own(t, own_fds + t) < 0)
                        return negative_errno();
                /* Whoever is in there already need not be allowed to join. */
                if (r > 0 && is_same(fd, own_fds[t])) {
                        own_fds[t] = fd_close(own_fds[t]);
                        continue;
                }
                if (r > 0 && setns(fd, clone_flags[t]) < 0)
                        r = failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                              "cannot join the %s namespace %s",
                                              runtime_namespace_to_string(t), spec->namespaces[t].path);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A helper process that shares memory and descriptors with this one, which waits for it: what it does to its
 * own credentials and namespaces is gone with it, and nothing in there can trace it or see more of it than
 * of us. The payload that is born from it goes on with a copy of its stack, and walks trees on that which
 * are as deep as runtime/fill.h allows. */
#define HELPER_STACK_BYTES (1024 * 1024)

static int helper_call(int (*run)(void *userdata), void *userdata) {
        _cleanup_free_ char *stack = malloc(HELPER_STACK_BYTES);
        pid_t pid;

        if (!stack)
                return -ENOMEM;
        pid = clone(run, stack + HELPER_STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD,
                    userdata);
        if (pid < 0)
                return negative_errno();
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        return 0;
}

typedef struct Birth {
        int userns_fd, pidns_fd, cgroup_fd, pidfd, error;
        uint64_t flags;
        pid_t pid;
        void (*child)(void *userdata);
        void *userdata;
} Birth;

static int birth_run(void *userdata) {
        Birth *b = userdata;
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_PARENT | b->flags,
                .pidfd = (uintptr_t) &b->pidfd,
        };
        long pid;

        /* Here and not in the parent: numbers of processes are those of the one who asks. */
        if ((b->pidns_fd >= 0 && setns(b->pidns_fd, CLONE_NEWPID) < 0) ||
            setns(b->userns_fd, CLONE_NEWUSER) < 0) {
                b->error = negative_errno();
                return 0;
        }
        if (b->cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) b->cgroup_fd;
        }
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid == 0) {
                b->child(b->userdata);
                _exit(EXIT_FAILURE);
        }
        b->error = pid < 0 ? negative_errno() : 0;
        b->pid = (pid_t) pid;
        return 0;
}

int namespace_clone_into(int userns_fd, int pidns_fd, int cgroup_fd, uint64_t flags,
                         void (*child)(void *userdata), void *userdata, pid_t *ret_pid, int *ret_pidfd) {
        Birth b = { .userns_fd = userns_fd,
                    .pidns_fd = pidns_fd,
                    .cgroup_fd = cgroup_fd,
                    .pidfd = -EBADF,
                    .flags = flags,
                    .child = child,
                    .userdata = userdata };
        int r;

        r = helper_call(birth_run, &b);
        if (r >= 0)
                r = b.error;
        if (r < 0)
                return r;
        *ret_pid = b.pid;
        *ret_pidfd = b.pidfd;
        return 0;
}

typedef struct Visit {
        pid_t pid;
        int (*run)(void *userdata);
        void *userdata;
        int result;
} Visit;

static int visit_run(void *userdata) {
        static const struct {
                const char *name;
                int flag;
        } places[] = { { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS } };
        Visit *v = userdata;

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int fd = -EBADF;
                char path[64];

                (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", v->pid, places[i].name);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd < 0 || setns(fd, places[i].flag) < 0) {
                        v->result = negative_errno();
                        return 0;
                }
        }
        v->result = v->run(v->userdata);
        return 0;
}

int namespace_call_in(pid_t pid, int (*run)(void *userdata), void *userdata) {
        Visit v = { .pid = pid, .run = run, .userdata = userdata };
        int r;

        r = helper_call(visit_run, &v);
        return r < 0 ? r : v.result;
}

static int read_map(pid_t pid, const char *file, RuntimeIdMapping **ret, size_t *ret_n) {
        _cleanup_(fclosep) FILE *f = NULL;
        _cleanup_id_map_ IdMap map = {};
        IdMapping m;
        char path[64];
        int n;

        (void) snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
        f = fopen(path, "re");
        if (!f)
                return negative_errno();
        while ((n = fscanf(f, "%" SCNu32 " %" SCNu32 " %" SCNu32, &m.container_id, &m.host_id, &m.size)) ==
               3) {
                int r = id_map_add(&map, &m);

                if (r < 0)
                        return r;
        }
        if (map.n == 0)
                return -ENODATA;
        *ret = TAKE_PTR(map.mappings);
        *ret_n = map.n;
        return 0;
}

int namespace_read_maps(pid_t pid, RuntimeSpec *spec, Failure *reterr) {
        int r;

        if (spec->n_uid_mappings > 0 || spec->n_gid_mappings > 0)
                return 0;
        r = read_map(pid, "uid_map", &spec->uid_mappings, &spec->n_uid_mappings);
        if (r >= 0)
                r = read_map(pid, "gid_map", &spec->gid_mappings, &spec->n_gid_mappings);
        return r < 0 ? failure_set_errno(reterr, FAILURE_CONFIGURATION, r,
                                         "cannot use the user namespace %s: it maps no ids",
                                         spec->namespaces[RUNTIME_NAMESPACE_USER].path)
                     : 0;
}

static int map_one(pid_t pid, const char *file, const RuntimeIdMapping *mappings, size_t n_mappings) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t size = n_mappings * 36 + 1, n = 0;
        int r;

        r = string_format(&path, "/proc/%d/%s", pid, file);
        if (r < 0)
                return r;
        text = malloc(size);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < n_mappings; i++)
                n += (size_t) snprintf(text + n, size - n, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
                                       mappings[i].container_id, mappings[i].host_id, mappings[i].size);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        return fd_write_all(fd, text, n);
}

int namespace_map(pid_t pid, const RuntimeSpec *spec, Failure *reterr) {
        int r;

        r = map_one(pid, "uid_map", spec->uid_mappings, spec->n_uid_mappings);
        if (r >= 0)
                r = map_one(pid, "gid_map", spec->gid_mappings, spec->n_gid_mappings);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                         "cannot map users and groups from host id %" PRIu32 " on",
                                         spec->uid_mappings[0].host_id);
        return 0;
}

uint32_t namespace_host_id(const RuntimeIdMapping *mappings, size_t n_mappings, uint32_t id) {
        if (n_mappings == 0)
                return id;
        for (size_t i = 0; i < n_mappings; i++)
                if (id >= mappings[i].container_id && id - mappings[i].container_id < mappings[i].size)
                        return mappings[i].host_id + (id - mappings[i].container_id);
        return (uint32_t) -1;
}
