/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/spawn.h"

#define STACK_BYTES (64 * 1024)
#define FDS_MAX 32

typedef struct Child {
        const Spawn *spawn;
        pid_t parent;
        int error; /* shared with the parent */
} Child;

/* Puts the wanted fds in their places: first all of them out of the way, then each where it belongs. */
static int child_arrange_fds(const Spawn *spawn) {
        int moved[FDS_MAX + 4], wanted[FDS_MAX + 4];
        size_t n = 0;
        int base = STDERR_FILENO + 1 + (int) spawn->n_fds + 1, null;

        for (int i = 0; i < 3; i++)
                wanted[n++] = spawn->stdio_fds[i] >= 0 ? spawn->stdio_fds[i]
                              : i == STDERR_FILENO     ? STDERR_FILENO
                                                       : -1;
        for (size_t i = 0; i < spawn->n_fds; i++)
                wanted[n++] = spawn->fds[i];
        wanted[n++] = spawn->exec_fd;

        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0)
                return negative_errno();
        for (size_t i = 0; i < n; i++) {
                moved[i] = fcntl(wanted[i] >= 0 ? wanted[i] : null, F_DUPFD_CLOEXEC, base);
                if (moved[i] < 0)
                        return negative_errno();
        }
        for (size_t i = 0; i < n; i++)
                if (dup3(moved[i], (int) i, i + 1 == n ? O_CLOEXEC : 0) < 0)
                        return negative_errno();
        if (syscall(SYS_close_range, (unsigned) n, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return negative_errno();
        return (int) n - 1;
}

static int child_reset_signals(void) {
        struct sigaction sa = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int i = 1; i < _NSIG; i++)
                if (i != SIGKILL && i != SIGSTOP)
                        (void) sigaction(i, &sa, NULL);
        (void) sigemptyset(&none);
        return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? negative_errno() : 0;
}

static int child_run(void *p) {
        Child *child = p;
        static char *const empty[] = { NULL };
        int exec_fd, r;

        r = child_reset_signals();
        if (r >= 0 && child->spawn->die_with_parent) {
                r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? negative_errno() : 0;
                if (getppid() != child->parent)
                        _exit(EXIT_FAILURE);
        }
        if (r >= 0)
                r = exec_fd = child_arrange_fds(child->spawn);
        if (r >= 0) {
                (void) umask(0022);
                (void) syscall(SYS_execveat, exec_fd, "", child->spawn->argv, child->spawn->env ?: empty,
                               AT_EMPTY_PATH);
                r = negative_errno();
        }
        child->error = r;
        _exit(EXIT_FAILURE);
}

/* CLONE_VFORK|CLONE_VM: no page tables are copied. */
static pid_t clone_sharing(Child *child, char *stack, int *ret_pidfd) {
        return clone(child_run, stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, ret_pidfd);
}

/* Only clone3(2) knows cgroups, and without a wrapper of the C library it cannot be given a stack: the child
 * has its own copy of everything but @child, which is in shared memory. */
static pid_t clone_into_cgroup(Child *child, int cgroup_fd, int *ret_pidfd) {
        struct clone_args args = { .flags = CLONE_VFORK | CLONE_PIDFD | CLONE_INTO_CGROUP,
                                   .pidfd = (uintptr_t) ret_pidfd,
                                   .exit_signal = SIGCHLD,
                                   .cgroup = (uint64_t) cgroup_fd };
        pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));

        if (pid == 0)
                (void) child_run(child);
        return pid;
}

int spawn_run(const Spawn *spawn, pid_t *ret_pid, int *ret_pidfd) {
        int pidfd = -EBADF, r;
        sigset_t all, saved;
        Child *child;
        char *memory;
        pid_t pid;

        if (spawn->n_fds > FDS_MAX)
                return -E2BIG;
        memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return negative_errno();
        child = (Child *) (memory + STACK_BYTES) - 1;
        *child = (Child){ .spawn = spawn, .parent = getpid() };

        /* The parent waits for the exec and learns its result from memory. Signals stay blocked so that no
         * handler of ours runs in the child. */
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, &saved);
        pid = spawn->cgroup_fd > 0
                              ? clone_into_cgroup(child, spawn->cgroup_fd, &pidfd)
                              : clone_sharing(child, (char *) ((uintptr_t) child & ~(uintptr_t) 63), &pidfd);
        r = pid < 0 ? negative_errno() : child->error;
        (void) sigprocmask(SIG_SETMASK, &saved, NULL);
        (void) munmap(memory, STACK_BYTES);

        if (r < 0) {
                if (pid > 0)
                        (void) waitpid(pid, NULL, 0);
                (void) fd_close(pidfd);
                return r;
        }
        *ret_pid = pid;
        *ret_pidfd = pidfd;
        return 0;
}
