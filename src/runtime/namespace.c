/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/namespace.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

static const int clone_flags[] = {
                [RUNTIME_NAMESPACE_USER] = CLONE_NEWUSER,     [RUNTIME_NAMESPACE_MOUNT] = CLONE_NEWNS,
                [RUNTIME_NAMESPACE_PID] = CLONE_NEWPID,       [RUNTIME_NAMESPACE_NETWORK] = CLONE_NEWNET,
                [RUNTIME_NAMESPACE_IPC] = CLONE_NEWIPC,       [RUNTIME_NAMESPACE_UTS] = CLONE_NEWUTS,
                [RUNTIME_NAMESPACE_CGROUP] = CLONE_NEWCGROUP,
};
static_assert(ELEMENTSOF(clone_flags) == _RUNTIME_NAMESPACE_MAX, "clone_flags is not full");

bool namespace_is_new(const RuntimeSpec *spec, RuntimeNamespaceType type) {
        return spec->namespaces[type].wanted && !spec->namespaces[type].path;
}

uint64_t namespace_clone_flags(const RuntimeSpec *spec) {
        uint64_t flags = 0;

        for (RuntimeNamespaceType t = 0; t < _RUNTIME_NAMESPACE_MAX; t++)
                if (t != RUNTIME_NAMESPACE_CGROUP && namespace_is_new(spec, t))
                        flags |= (uint64_t) clone_flags[t];
        return flags;
}

static int join_one(RuntimeNamespaceType type, const char *path, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        struct statfs sfs;

        if (type == RUNTIME_NAMESPACE_USER || type == RUNTIME_NAMESPACE_MOUNT)
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "cannot join the %s namespace %s: only a new one is possible",
                                   runtime_namespace_to_string(type), path);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, errno,
                                         "cannot open the %s namespace %s",
                                         runtime_namespace_to_string(type), path);
        if (fstatfs(fd, &sfs) < 0 || sfs.f_type != NSFS_MAGIC)
                return failure_set(reterr, FAILURE_CONFIGURATION, "%s is not a namespace", path);
        if (setns(fd, clone_flags[type]) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot join the %s namespace %s",
                                         runtime_namespace_to_string(type), path);
        return 0;
}

int namespace_join(const RuntimeSpec *spec, Failure *reterr) {
        for (RuntimeNamespaceType t = 0; t < _RUNTIME_NAMESPACE_MAX; t++)
                if (spec->namespaces[t].path) {
                        int r = join_one(t, spec->namespaces[t].path, reterr);

                        if (r < 0)
                                return r;
                }
        return 0;
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
