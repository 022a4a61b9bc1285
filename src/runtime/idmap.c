/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "runtime/idmap.h"
#include "runtime/namespace.h"

/* A process that does nothing but keep a new user namespace alive. */
static int clone_holder(pid_t *ret_pid, int *ret_pidfd) {
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_NEWUSER,
                .pidfd = (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
        };
        long pid;

        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                return negative_errno();
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
                for (;;)
                        (void) pause();
        }
        *ret_pid = (pid_t) pid;
        *ret_pidfd = pidfd;
        return 0;
}

static int userns_new(const RuntimeIdMapping *uids, size_t n_uids, const RuntimeIdMapping *gids,
                      size_t n_gids, int *ret_fd, Failure *reterr) {
        /* Only the mappings are read. */
        const RuntimeSpec mappings = { .uid_mappings = (RuntimeIdMapping *) uids,
                                       .n_uid_mappings = n_uids,
                                       .gid_mappings = (RuntimeIdMapping *) gids,
                                       .n_gid_mappings = n_gids };
        _cleanup_close_ int pidfd = -EBADF;
        char path[64];
        pid_t pid;
        int r;

        r = clone_holder(&pid, &pidfd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                         "cannot make a user namespace for a mount");
        r = namespace_map(pid, &mappings, reterr);
        if (r >= 0) {
                (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
                *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
                if (*ret_fd < 0)
                        r = failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                              "cannot open the user namespace of a mount");
        }
        (void) syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
        (void) waitid(P_PIDFD, (id_t) pidfd, &(siginfo_t){}, WEXITED);
        return r;
}

static int map_owner(const RuntimeSpec *spec, const RuntimeMount *m, int source_fd, int *ret_fd,
                     Failure *reterr) {
        RuntimeIdMapping uid = { .size = 1 }, gid = { .size = 1 };
        struct stat st;

        if (fstat(source_fd, &st) < 0)
                return negative_errno();
        uid.container_id = st.st_uid;
        uid.host_id = namespace_host_id(spec->uid_mappings, spec->n_uid_mappings, 0);
        gid.container_id = st.st_gid;
        gid.host_id = namespace_host_id(spec->gid_mappings, spec->n_gid_mappings, 0);
        return userns_new(&uid, 1, &gid, 1, ret_fd, reterr);
}

int idmap_open(const RuntimeSpec *spec, const RuntimeMount *m, int source_fd, int userns_fd, int *ret_fd,
               Failure *reterr) {
        *ret_fd = -EBADF;
        if (m->root_idmap)
                return map_owner(spec, m, source_fd, ret_fd, reterr);
        if (!m->options.idmap)
                return 0;
        if (m->n_uid_mappings > 0)
                return userns_new(m->uid_mappings, m->n_uid_mappings, m->gid_mappings, m->n_gid_mappings,
                                  ret_fd, reterr);
        if (userns_fd < 0)
                return 0;
        *ret_fd = fcntl(userns_fd, F_DUPFD_CLOEXEC, 3);
        return *ret_fd < 0 ? negative_errno() : 0;
}

static uint32_t on_disk(const RuntimeIdMapping *container, size_t n_container, const RuntimeIdMapping *mount,
                        size_t n_mount, bool idmap, uint32_t id) {
        uint32_t host = namespace_host_id(container, n_container, id);

        if (!idmap)
                return host;
        if (n_mount == 0)
                return id;
        for (size_t i = 0; i < n_mount; i++)
                if (host >= mount[i].host_id && host - mount[i].host_id < mount[i].size)
                        return mount[i].container_id + (host - mount[i].host_id);
        return (uint32_t) -1;
}

void idmap_ids_on_disk(const RuntimeSpec *spec, const RuntimeMount *m, uint32_t uid, uint32_t gid,
                       uint32_t *ret_uid, uint32_t *ret_gid) {
        *ret_uid = on_disk(spec->uid_mappings, spec->n_uid_mappings, m->uid_mappings, m->n_uid_mappings,
                           m->options.idmap, uid);
        *ret_gid = on_disk(spec->gid_mappings, spec->n_gid_mappings, m->gid_mappings, m->n_gid_mappings,
                           m->options.idmap, gid);
}
