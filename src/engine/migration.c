/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "engine/engine.h"
#include "engine/migration.h"
#include "engine/reaper.h"

#define STACK_BYTES 4096

/* The child shares errno with us, so it calls the kernel by itself. */
#if defined(__x86_64__)
static inline void write_bare(int fd, const char *data, size_t n_bytes) {
        long r = SYS_write;

        __asm__ volatile("syscall"
                         : "+a"(r)
                         : "D"((long) fd), "S"(data), "d"(n_bytes)
                         : "rcx", "r11", "memory");
}
#elif defined(__aarch64__)
static inline void write_bare(int fd, const char *data, size_t n_bytes) {
        register long x8 __asm__("x8") = SYS_write, x0 __asm__("x0") = fd, x1 __asm__("x1") = (long) data,
                         x2 __asm__("x2") = (long) n_bytes;

        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
}
#else
static inline void write_bare(int fd, const char *data, size_t n_bytes) {
}
#endif

__attribute__((no_sanitize("address", "undefined"))) static int move_to_the_same(void *p) {
        write_bare((int) (intptr_t) p, "0", 1);
        return 0;
}

static int open_own_cgroup(void) {
        _cleanup_free_ char *cgroup = NULL, *path = NULL;
        int r;

        r = file_read_cgroup(AT_FDCWD, "/proc/self/cgroup", &cgroup);
        if (r >= 0)
                r = string_format(&path, "/sys/fs/cgroup%s/cgroup.procs", cgroup);
        if (r < 0)
                return r;
        r = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return r < 0 ? negative_errno() : r;
}

static void on_done(void *userdata) {
        Engine *e = userdata;

        e->migration_announced = false;
}

void migration_announce(Engine *e) {
        static char stack[STACK_BYTES] __attribute__((aligned(16)));
        int pidfd = -EBADF;
        pid_t pid;

        if (e->migration_announced)
                return;
        if (e->own_cgroup_fd == -EBADF)
                e->own_cgroup_fd = open_own_cgroup();
        if (e->own_cgroup_fd < 0) /* a failure stays: it would not end differently the next time */
                return;
        /* Descriptors are shared so that none of ours lives longer for it. */
        pid = clone(move_to_the_same, stack + sizeof(stack),
                    CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_PIDFD | SIGCHLD,
                    (void *) (intptr_t) e->own_cgroup_fd, &pidfd);
        if (pid < 0) {
                log_debug_errno(errno, "Cannot announce a migration, ignoring: %m");
                return;
        }
        e->migration_announced = true;
        reaper_add(e->event, pid, pidfd, on_done, e);
}
