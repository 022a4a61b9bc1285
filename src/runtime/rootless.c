/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/namespace.h"
#include "runtime/rootless.h"

#define NUMBER_BYTES 16
#define STATUS_MISSING 127

/* One of the two maps of the namespace to come. */
typedef struct Map {
        const char *file, *program, *ids;
        const RuntimeIdMapping *mappings;
        size_t n;
        uint32_t own;
        pid_t helper; /* waits in the namespace that is left, to execute @program; 0: we can do it ourselves
                       */
        int go_fd;    /* where it waits for a byte of ours */
} Map;

/* The kernel lets everybody map themselves, and nobody else. */
static bool is_own(const Map *m) {
        return m->n == 1 && m->mappings[0].size == 1 && m->mappings[0].host_id == m->own;
}

_noreturn_ static void helper_execute(const Map *m, pid_t pid) {
        static char numbers[3 * RUNTIME_MAPPINGS_MAX + 1][NUMBER_BYTES];
        static const char *arguments[ELEMENTSOF(numbers) + 2];

        arguments[0] = m->program;
        (void) snprintf(numbers[0], NUMBER_BYTES, "%d", pid);
        for (size_t i = 0; i < MIN(m->n, (size_t) RUNTIME_MAPPINGS_MAX); i++) {
                const uint32_t values[] = { m->mappings[i].container_id, m->mappings[i].host_id,
                                            m->mappings[i].size };

                for (size_t j = 0; j < 3; j++)
                        (void) snprintf(numbers[1 + 3 * i + j], NUMBER_BYTES, "%" PRIu32, values[j]);
        }
        for (size_t i = 0; i < ELEMENTSOF(numbers) && *numbers[i]; i++)
                arguments[1 + i] = numbers[i];
        (void) execvp(m->program, (char *const *) arguments);
        _exit(STATUS_MISSING);
}

/* Only who stays behind can execute a program with privileges over what is there. */
static int helper_start(Map *m) {
        _cleanup_close_ int wait = -EBADF;
        pid_t self = getpid();
        int fds[2];
        char byte;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return negative_errno();
        wait = fds[0];
        m->go_fd = fds[1];
        m->helper = fork();
        if (m->helper != 0)
                return m->helper < 0 ? negative_errno() : 0;
        m->go_fd = fd_close(m->go_fd);
        if (read(wait, &byte, 1) == 1)
                helper_execute(m, self);
        _exit(EXIT_FAILURE);
}

static int helper_finish(Map *m, Failure *reterr) {
        int status = -1;

        if (write(m->go_fd, "", 1) != 1)
                return negative_errno();
        while (waitpid(m->helper, &status, 0) < 0)
                if (errno != EINTR)
                        return negative_errno();
        m->helper = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_MISSING)
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "more %s than one need %s, which cannot be executed; install the package "
                                   "uidmap",
                                   m->ids, m->program);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "%s refuses to map the %s; are they those of /etc/sub%cid?", m->program,
                                   m->ids, m->program[3]);
        return 0;
}

static int write_file(const char *path, const char *text) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

        return fd < 0 ? negative_errno() : fd_write_all(fd, text, strlen(text));
}

static int map_ourselves(const Map *m, bool groups, Failure *reterr) {
        char path[64], text[3 * NUMBER_BYTES];
        int r = 0;

        /* Groups are mapped by those alone who cannot drop one that keeps them out. */
        if (groups)
                r = write_file("/proc/self/setgroups", "deny");
        (void) snprintf(path, sizeof(path), "/proc/self/%s", m->file);
        (void) snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 " 1\n", m->mappings[0].container_id,
                        m->own);
        if (r >= 0)
                r = write_file(path, text);
        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot map the %s of the container",
                                         m->ids)
                     : 0;
}

/* One that was not let go ends when our side of its pipe is closed, and in the copy of each other. */
static void helpers_end(Map maps[static 2]) {
        for (size_t i = 0; i < 2; i++)
                maps[i].go_fd = fd_close(maps[i].go_fd);
        for (size_t i = 0; i < 2; i++)
                if (maps[i].helper > 0)
                        (void) waitpid(maps[i].helper, NULL, 0);
}

/* A new user namespace, and the mounts as it sees them. */
static int enter_new(Map maps[static 2], Failure *reterr) {
        int r = 0;

        for (size_t i = 0; i < 2 && r >= 0; i++)
                if (!is_own(maps + i))
                        r = helper_start(maps + i);
        if (r >= 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                r = failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                      "cannot make a user namespace; does the kernel allow it to users "
                                      "(sysctl user.max_user_namespaces)?");
        for (size_t i = 0; i < 2 && r >= 0; i++)
                r = maps[i].helper > 0 ? helper_finish(maps + i, reterr)
                                       : map_ourselves(maps + i, i == 1, reterr);
        return r;
}

static int enter_existing(const RuntimeSpec *spec, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = namespace_open(spec, RUNTIME_NAMESPACE_USER, &fd, reterr);
        if (r < 0)
                return r;
        if (setns(fd, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno, "cannot join the user namespace %s",
                                         spec->namespaces[RUNTIME_NAMESPACE_USER].path);
        return 0;
}

static int enter(const RuntimeSpec *spec, Failure *reterr) {
        const RuntimeIdMapping uid = { 0, geteuid(), 1 }, gid = { 0, getegid(), 1 };
        Map maps[] = { { "uid_map", "newuidmap", "users", spec->uid_mappings, spec->n_uid_mappings,
                         geteuid(), 0, -EBADF },
                       { "gid_map", "newgidmap", "groups", spec->gid_mappings, spec->n_gid_mappings,
                         getegid(), 0, -EBADF } };
        int r;

        if (spec->namespaces[RUNTIME_NAMESPACE_USER].path)
                return enter_existing(spec, reterr);
        if (maps[0].n == 0)
                maps[0].mappings = &uid, maps[0].n = 1;
        if (maps[1].n == 0)
                maps[1].mappings = &gid, maps[1].n = 1;
        r = enter_new(maps, reterr);
        helpers_end(maps);
        return r;
}

static void forget_namespace(RuntimeSpec *spec) {
        RuntimeNamespace *n = spec->namespaces + RUNTIME_NAMESPACE_USER;

        free(n->path);
        *n = (RuntimeNamespace){};
        spec->uid_mappings = mfree(spec->uid_mappings);
        spec->gid_mappings = mfree(spec->gid_mappings);
        spec->n_uid_mappings = spec->n_gid_mappings = 0;
}

int rootless_enter(RuntimeSpec *spec, Failure *reterr) {
        int dumpable, r;

        if (geteuid() == 0)
                return 0;
        dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
        /* Else our own files in /proc are not ours. */
        (void) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        r = enter(spec, reterr);
        /* A document need not map a root, and its maker has all rights all the same. */
        if (r >= 0 && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) && errno != EINVAL)
                r = negative_errno();
        (void) prctl(PR_SET_DUMPABLE, dumpable == 1, 0, 0, 0);
        if (r < 0)
                return reterr->text ? r
                                    : failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                                        "cannot become root of a user namespace");
        forget_namespace(spec);
        return 1;
}
