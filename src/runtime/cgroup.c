/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/cgroup-tree.h"
#include "runtime/cgroup.h"
#include "spec/cgroup-key.h"

#define ATTRIBUTE_BYTES_MAX 4096

/* The unified hierarchy's place: alone, or beside version 1. */
static const char *const hierarchies[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

int cgroup_open(const char *path, int *ret_fd) {
        for (size_t i = 0; i < ELEMENTSOF(hierarchies); i++) {
                _cleanup_close_ int root = open(hierarchies[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
                struct statfs sfs;

                if (root >= 0 && fstatfs(root, &sfs) >= 0 && sfs.f_type == CGROUP2_SUPER_MAGIC)
                        return path_openat2(root, path, O_RDONLY | O_DIRECTORY, 0,
                                            RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV, ret_fd);
        }
        return -EOPNOTSUPP;
}

static int enable_controllers(int fd) {
        char controllers[ATTRIBUTE_BYTES_MAX], all[ATTRIBUTE_BYTES_MAX * 2], one[NAME_MAX + 2];
        _cleanup_strv_free_ char **names = NULL;
        size_t n = 0;
        int r;

        r = cgroup_read(fd, "cgroup.controllers", controllers, sizeof(controllers));
        if (r < 0)
                return r;
        r = strv_split(controllers, " \n", &names);
        if (r < 0 || !names)
                return r;
        STRV_FOREACH(i, names)
                n += (size_t) snprintf(all + n, sizeof(all) - n, "+%s ", *i);
        if (cgroup_write(fd, "cgroup.subtree_control", all) >= 0)
                return 0;
        /* One that refuses, such as cpu while there are realtime tasks, must not cost the others. */
        STRV_FOREACH(i, names) {
                (void) snprintf(one, sizeof(one), "+%s", *i);
                (void) cgroup_write(fd, "cgroup.subtree_control", one);
        }
        return 0;
}

static int make_open(int fd, const char *name, int *ret_fd) {
        int child;

        if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
                return negative_errno();
        child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (child < 0)
                return negative_errno();
        *ret_fd = child;
        return 0;
}

int cgroup_split(int fd, pid_t pid, uid_t uid, gid_t gid, int *ret_payload_fd, Failure *reterr) {
        _cleanup_close_ int supervisor = -EBADF, payload = -EBADF;
        int r;

        r = make_open(fd, "supervisor", &supervisor);
        if (r >= 0)
                r = make_open(fd, "payload", &payload);
        if (r >= 0)
                r = cgroup_attach(supervisor, 0);
        /* A payload that was born after systemd had moved us is in the scope itself, and where processes are
         * no controller can be enabled. One that is dead has said why. */
        if (r >= 0) {
                r = cgroup_attach(payload, pid);
                r = r == -ESRCH ? 0 : r;
        }
        if (r >= 0)
                r = enable_controllers(fd);
        if (r >= 0 && (uid != 0 || gid != 0))
                r = cgroup_delegate(payload, uid, gid);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot set up the container's cgroup");
        *ret_payload_fd = TAKE_FD(payload);
        return 0;
}

static bool has_controller(int fd, const char *name, size_t n) {
        char controllers[ATTRIBUTE_BYTES_MAX];

        if (cgroup_read(fd, "cgroup.controllers", controllers, sizeof(controllers)) < 0)
                return false;
        for (char *save = NULL, *word = strtok_r(controllers, " \n", &save); word;
             word = strtok_r(NULL, " \n", &save))
                if (strlen(word) == n && strncmp(word, name, n) == 0)
                        return true;
        return false;
}

/* Those that systemd manages are there already, or are not to be had. */
static bool is_foreign_controller(const char *name, size_t n) {
        static const char *const names[] = { "hugetlb", "rdma", "misc" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strlen(names[i]) == n && strncmp(name, names[i], n) == 0)
                        return true;
        return false;
}

/* From the root down to the scope itself, as crun does it: systemd leaves alone what it does not know. */
static int enable_foreign(const char *path, const char *name, size_t n) {
        _cleanup_free_ char *prefix = strdup(path), *word = NULL;
        int r;

        if (!prefix)
                return -ENOMEM;
        r = string_format(&word, "+%.*s", (int) n, name);
        for (size_t i = 0; r >= 0 && i <= strlen(path); i++) {
                _cleanup_close_ int fd = -EBADF;

                if (path[i] && path[i] != '/')
                        continue;
                prefix[i] = 0;
                r = cgroup_open(i == 0 ? "/" : prefix, &fd);
                if (r >= 0)
                        r = cgroup_write(fd, "cgroup.subtree_control", word);
                prefix[i] = path[i];
        }
        return r;
}

int cgroup_enable(const char *path, const char *controller) {
        return enable_foreign(path, controller, strlen(controller));
}

int cgroup_configure(const char *path, int payload_fd, char *const *pairs, Failure *reterr) {
        STRV_FOREACH(i, pairs) {
                _cleanup_free_ char *key = NULL;
                const char *value;
                size_t n;
                int r;

                r = cgroup_key_parse(*i, &key, &value);
                if (r < 0)
                        return r;
                n = cgroup_key_controller(key);
                if (is_foreign_controller(key, n) && !has_controller(payload_fd, key, n))
                        (void) enable_foreign(path, key, n);
                r = cgroup_write(payload_fd, key, value);
                if (r == -ENOENT)
                        return failure_set(
                                        reterr, FAILURE_CONFIGURATION,
                                        "there is no %s in the container's cgroup: the controller '%.*s' is "
                                        "not there, or has no such file",
                                        key, (int) n, key);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_CONFIGURATION, r,
                                                 "cannot set %s of the container's cgroup to '%s'", key,
                                                 value);
        }
        return 0;
}

int cgroup_attach(int fd, pid_t pid) {
        char number[16];

        (void) snprintf(number, sizeof(number), "%d", pid);
        return cgroup_write(fd, "cgroup.procs", number);
}

int cgroup_kill(int fd) {
        return cgroup_write(fd, "cgroup.kill", "1");
}

bool cgroup_is_frozen(const char *path) {
        char events[ATTRIBUTE_BYTES_MAX];
        _cleanup_close_ int fd = -EBADF;

        return cgroup_open(path, &fd) >= 0 &&
               cgroup_read(fd, "cgroup.events", events, sizeof(events)) >= 0 &&
               strstr(events, "frozen 1");
}

int cgroup_thaw(int fd) {
        return cgroup_write(fd, "cgroup.freeze", "0");
}

int cgroup_wait_empty(int fd, uint64_t timeout_usec) {
        uint64_t deadline = clock_now_monotonic_usec() + timeout_usec;
        _cleanup_close_ int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (events < 0)
                return negative_errno();
        for (;;) {
                struct pollfd p = { .fd = events, .events = POLLPRI };
                uint64_t now = clock_now_monotonic_usec();
                char text[ATTRIBUTE_BYTES_MAX];
                ssize_t n = pread(events, text, sizeof(text) - 1, 0);

                if (n < 0)
                        return negative_errno();
                text[n] = 0;
                if (!strstr(text, "populated 1"))
                        return 0;
                if (now >= deadline)
                        return -ETIMEDOUT;
                if (poll(&p, 1, (int) ((deadline - now) / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
                        return negative_errno();
        }
}

bool cgroup_was_oom_killed(int fd) {
        char events[ATTRIBUTE_BYTES_MAX], *p;

        if (cgroup_read(fd, "memory.events", events, sizeof(events)) < 0)
                return false;
        p = strstr(events, "\noom_kill ");
        return p && p[strlen("\noom_kill ")] != '0';
}

int cgroup_remove_payload(int fd) {
        return unlinkat(fd, "payload", AT_REMOVEDIR) < 0 ? negative_errno() : 0;
}
