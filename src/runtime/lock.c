/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "runtime/channel.h"
#include "runtime/lock.h"
#include "runtime/mount.h"
#include "security/capability.h"

static bool is_wanted(const RuntimeSpec *spec, const MountSet *set, size_t i) {
        const RuntimeMount *m = set->slots[i] >= 0 ? spec->mounts + set->slots[i] : NULL;
        struct stat st;

        return m && m->options.bind && m->options.propagation != MS_SHARED &&
               fstat(set->fds[i], &st) >= 0 && !S_ISLNK(st.st_mode);
}

/* A tmpfs on top of / as this process's working directory. */
static int enter_scratch(int *ret_fd, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        MountOptions options = {};
        int r;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
                return negative_errno();
        r = mount_new("tmpfs", NULL, &options, &fd, reterr);
        if (r < 0)
                return r;
        if (move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(fd) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static void name_of(size_t i, char ret[static 24]) {
        (void) snprintf(ret, 24, "%zu", i);
}

static int attach(int scratch_fd, size_t i, int fd) {
        char name[24];
        struct stat st;
        int r;

        name_of(i, name);
        if (fstat(fd, &st) < 0)
                return negative_errno();
        r = S_ISDIR(st.st_mode) ? mkdirat(scratch_fd, name, 0755)
                                : mknodat(scratch_fd, name, S_IFREG | 0644, 0);
        if (r < 0 || move_mount(fd, "", scratch_fd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return negative_errno();
        return 0;
}

static int copy_locked(const RuntimeSpec *spec, int userns_fd, MountSet *set, Failure *reterr) {
        _cleanup_close_ int scratch = -EBADF;
        int r;

        r = enter_scratch(&scratch, reterr);
        for (size_t i = 0; i < set->n && r >= 0; i++)
                r = is_wanted(spec, set, i) ? attach(scratch, i, set->fds[i]) : 0;
        if (r < 0)
                return r;
        if (setns(userns_fd, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
                return negative_errno();
        for (size_t i = 0; i < set->n; i++) {
                char name[24];
                int fd;

                if (!is_wanted(spec, set, i))
                        continue;
                name_of(i, name);
                fd = open_tree(AT_FDCWD, name,
                               OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
                if (fd < 0)
                        return negative_errno();
                (void) fd_close(set->fds[i]);
                set->fds[i] = fd;
        }
        return 0;
}

_noreturn_ static void child_run(const RuntimeSpec *spec, int userns_fd, MountSet *set, int channel) {
        _cleanup_failure_ Failure failure = {};
        int r;

        r = copy_locked(spec, userns_fd, set, &failure);
        if (r >= 0)
                r = mount_set_send(set, channel);
        if (r < 0) {
                Packet refusal = { .type = PACKET_FAILED,
                                   .kind = failure.text ? failure.kind : FAILURE_SYSTEM };

                (void) snprintf(refusal.text, sizeof(refusal.text), "cannot lock mounts: %s",
                                failure.text ?: strerrordesc_np(-r));
                (void) channel_send(channel, &refusal);
        }
        _exit(r < 0);
}

/* Takes over the fds of the child's answer, which has them in the same places. */
static int take_answer(int channel, MountSet *set, Failure *reterr) {
        _cleanup_(mount_set_done) MountSet answer = {};
        MountSet old;
        int r;

        r = mount_set_receive(channel, &answer, reterr);
        if (r <= 0)
                return r < 0 ? r : -EPIPE;
        if (answer.n != set->n)
                return -EBADMSG;
        old = *set;
        *set = answer;
        answer = old;
        return 0;
}

int lock_binds(const RuntimeSpec *spec, int userns_fd, MountSet *set, Failure *reterr) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        const char *name;
        uint64_t bounding;
        bool wanted = false;
        int status, r;
        long pid;

        for (size_t i = 0; i < set->n; i++)
                wanted = wanted || is_wanted(spec, set, i);
        if (userns_fd < 0 || !wanted ||
            capability_set_parse(spec->process.capabilities[RUNTIME_CAPABILITY_BOUNDING], &bounding, &name) <
                            0 ||
            !(bounding & CAPABILITY_BIT(CAP_SYS_ADMIN)))
                return 0;
        r = channel_new(&ours, &theirs);
        if (r < 0)
                return r;
        pid = syscall(SYS_clone3, &(struct clone_args){ .exit_signal = SIGCHLD }, sizeof(struct clone_args));
        if (pid < 0)
                return negative_errno();
        if (pid == 0) {
                ours = fd_close(ours);
                child_run(spec, userns_fd, set, theirs);
        }
        theirs = fd_close(theirs);
        r = take_answer(ours, set, reterr);
        (void) waitpid((pid_t) pid, &status, 0);
        return r < 0 && !reterr->text ? failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                                          "cannot lock the container's mounts")
                                      : r;
}
