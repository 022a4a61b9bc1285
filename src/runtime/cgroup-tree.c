/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/cgroup-tree.h"
#include "runtime/cgroup.h"

#define TEXT_BYTES_MAX 4096

/* Files of a delegated cgroup that its owner may write; the later ones depend on controllers. */
static const char *const delegated_files[] = { "cgroup.procs", "cgroup.subtree_control", "cgroup.threads",
                                               "memory.oom.group", "memory.reclaim" };

int cgroup_write(int fd, const char *name, const char *value) {
        _cleanup_close_ int file = openat(fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

        if (file < 0)
                return negative_errno();
        return fd_write_all(file, value, strlen(value));
}

int cgroup_read(int fd, const char *name, char *buf, size_t size) {
        _cleanup_close_ int file = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        ssize_t n;

        if (file < 0)
                return negative_errno();
        n = fd_read_full(file, buf, size - 1);
        if (n < 0)
                return (int) n;
        buf[n] = 0;
        return 0;
}

int cgroup_read_number(int fd, const char *name, uint64_t *ret) {
        char text[32];
        int r;

        r = cgroup_read(fd, name, text, sizeof(text));
        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = 0;
        if (streq(text, "max")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_u64(text, ret);
}

int cgroup_read_keyed(int fd, const char *name, const char *key, uint64_t *ret) {
        _cleanup_free_ char *text = NULL;
        size_t n = strlen(key);
        int r;

        r = file_read_virtual(fd, name, &text);
        if (r < 0)
                return r;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
                if (strncmp(line, key, n) == 0 && line[n] == ' ')
                        return parse_u64(line + n + 1, ret);
        return -ENODATA;
}

/* Is @word among those of @text, which blanks part? */
static bool has_word(const char *text, const char *word, size_t n) {
        while (*text) {
                size_t m = strcspn(text, " \n");

                if (m == n && strncmp(text, word, n) == 0)
                        return true;
                text += m + strspn(text + m, " \n");
        }
        return false;
}

/* Hands every controller of @fd down to its children, but for those that refuse, such as cpu while there are
 * realtime tasks, or all of them where processes are. */
static void hand_down(int fd) {
        char there[TEXT_BYTES_MAX] = "", already[TEXT_BYTES_MAX] = "", all[TEXT_BYTES_MAX * 2];
        size_t n = 0;

        if (cgroup_read(fd, "cgroup.controllers", there, sizeof(there)) < 0 ||
            cgroup_read(fd, "cgroup.subtree_control", already, sizeof(already)) < 0)
                return;
        for (const char *p = there; *p;) {
                size_t m = strcspn(p, " \n");

                if (m > 0 && !has_word(already, p, m))
                        n += (size_t) snprintf(all + n, sizeof(all) - n, "+%.*s ", (int) m, p);
                p += m + strspn(p + m, " \n");
        }
        if (n == 0 || cgroup_write(fd, "cgroup.subtree_control", all) >= 0)
                return;
        for (char *save = NULL, *word = strtok_r(all, " ", &save); word; word = strtok_r(NULL, " ", &save))
                (void) cgroup_write(fd, "cgroup.subtree_control", word);
}

int cgroup_make_beneath(int fd, const char *name, int *ret_fd, bool *ret_made) {
        _cleanup_strv_free_ char **parts = NULL;
        _cleanup_close_ int at = -EBADF;
        bool made = false;
        int r;

        r = strv_split(name, "/", &parts);
        if (r < 0)
                return r;
        at = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (at < 0)
                return negative_errno();
        STRV_FOREACH(i, parts) {
                int child;

                if (!path_component_is_valid(*i))
                        return -EINVAL;
                hand_down(at);
                made = mkdirat(at, *i, 0755) >= 0;
                if (!made && errno != EEXIST)
                        return negative_errno();
                child = openat(at, *i, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (child < 0)
                        return negative_errno();
                (void) fd_close(at);
                at = child;
        }
        *ret_fd = TAKE_FD(at);
        *ret_made = made;
        return 0;
}

int cgroup_make(const char *path, int *ret_fd, bool *ret_made) {
        _cleanup_close_ int root = -EBADF;
        int r;

        r = cgroup_open("/", &root);
        return r < 0 ? r : cgroup_make_beneath(root, path, ret_fd, ret_made);
}

int cgroup_delegate(int fd, uid_t uid, gid_t gid) {
        if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                return negative_errno();
        for (size_t i = 0; i < ELEMENTSOF(delegated_files); i++)
                if (fchownat(fd, delegated_files[i], uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
                        return negative_errno();
        return 0;
}

/* Calls @visit for the cgroup and everything beneath, the deepest first. The first failure ends it. */
typedef int (*visit_t)(int fd, void *userdata);

static int walk_at(int fd, visit_t visit, void *userdata, unsigned depth);

static int walk_children(int fd, visit_t visit, void *userdata, unsigned depth) {
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = copy < 0 ? NULL : fdopendir(copy);
        struct dirent *entry;
        int r = 0;

        if (!dir) {
                r = negative_errno();
                (void) fd_close(copy);
                return r;
        }
        while (r >= 0 && (entry = readdir(dir))) {
                _cleanup_close_ int child = -EBADF;

                if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                        continue;
                child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (child >= 0)
                        r = walk_at(child, visit, userdata, depth + 1);
        }
        (void) closedir(dir);
        return r;
}

static int walk_at(int fd, visit_t visit, void *userdata, unsigned depth) {
        int r;

        if (depth > CGROUP_DEPTH_MAX)
                return -ELOOP;
        r = walk_children(fd, visit, userdata, depth);
        return r < 0 ? r : visit(fd, userdata);
}

typedef struct Pids {
        pid_t *pids;
        size_t n, n_allocated;
} Pids;

static int collect_pids(int fd, void *userdata) {
        _cleanup_free_ char *text = NULL;
        Pids *p = userdata;
        int r;

        r = file_read_virtual(fd, "cgroup.procs", &text);
        if (r == -EOPNOTSUPP || r == -ENOENT ||
            r == -ENODEV) /* threaded: they are those of one above. Gone */
                return 0;
        if (r < 0)
                return r;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
                uint32_t pid;

                /* 0: of a PID namespace that we do not see. */
                if (parse_u32(line, &pid) < 0 || pid == 0)
                        continue;
                if (p->n >= CGROUP_PIDS_MAX)
                        return -E2BIG;
                if (!GREEDY_REALLOC(p->pids, p->n_allocated, p->n + 1))
                        return -ENOMEM;
                p->pids[p->n++] = (pid_t) pid;
        }
        return 0;
}

int cgroup_pids(int fd, pid_t **ret, size_t *ret_n) {
        Pids p = {};
        int r;

        r = walk_at(fd, collect_pids, &p, 0);
        if (r < 0) {
                free(p.pids);
                return r;
        }
        *ret = p.pids;
        *ret_n = p.n;
        return 0;
}

static int read_event(int events, const char *key) {
        char text[TEXT_BYTES_MAX];
        ssize_t n = pread(events, text, sizeof(text) - 1, 0);
        const char *p;

        if (n < 0)
                return negative_errno();
        text[n] = 0;
        p = strstr(text, key);
        return p ? p[strlen(key)] == '1' : -ENODATA;
}

static int ask_event(int fd, const char *key) {
        _cleanup_close_ int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        return events < 0 ? negative_errno() : read_event(events, key);
}

int cgroup_is_populated(int fd) {
        return ask_event(fd, "populated ");
}

int cgroup_tree_is_frozen(int fd) {
        return ask_event(fd, "frozen ");
}

static int wait_event(int fd, const char *key, bool value, uint64_t timeout_usec) {
        uint64_t deadline = clock_now_monotonic_usec() + timeout_usec;
        _cleanup_close_ int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (events < 0)
                return negative_errno();
        for (;;) {
                struct pollfd p = { .fd = events, .events = POLLPRI };
                uint64_t now = clock_now_monotonic_usec();
                int r = read_event(events, key);

                if (r < 0 || r == value)
                        return MIN(r, 0);
                if (now >= deadline)
                        return -ETIMEDOUT;
                if (poll(&p, 1, (int) ((deadline - now) / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
                        return negative_errno();
        }
}

int cgroup_freeze(int fd, uint64_t timeout_usec) {
        int r;

        r = cgroup_write(fd, "cgroup.freeze", "1");
        if (r < 0)
                return r;
        r = wait_event(fd, "frozen ", true, timeout_usec);
        if (r < 0)
                (void) cgroup_write(fd, "cgroup.freeze", "0");
        return r;
}

int cgroup_unfreeze(int fd, uint64_t timeout_usec) {
        int r;

        r = cgroup_write(fd, "cgroup.freeze", "0");
        return r < 0 ? r : wait_event(fd, "frozen ", false, timeout_usec);
}

int cgroup_signal(int fd, int signal) {
        _cleanup_free_ pid_t *pids = NULL;
        size_t n;
        int r;

        if (signal == SIGKILL)
                return cgroup_write(fd, "cgroup.kill", "1");
        r = cgroup_pids(fd, &pids, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (kill(pids[i], signal) < 0 && errno != ESRCH)
                        r = negative_errno();
        return r;
}

/* Removes the directory @name of @fd when everything beneath is gone. */
static int remove_at(int fd, const char *name, unsigned depth) {
        _cleanup_close_ int dir_fd = -EBADF;
        struct dirent *entry;
        int r = 0;
        DIR *dir;

        if (unlinkat(fd, name, AT_REMOVEDIR) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EBUSY || depth > CGROUP_DEPTH_MAX)
                return negative_errno();
        dir_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        dir = dir_fd < 0 ? NULL : fdopendir(dir_fd);
        if (!dir)
                return errno == ENOENT ? 0 : negative_errno();
        (void) TAKE_FD(dir_fd);
        while (r >= 0 && (entry = readdir(dir)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                        r = remove_at(dirfd(dir), entry->d_name, depth + 1);
        (void) closedir(dir);
        if (r < 0)
                return r;
        return unlinkat(fd, name, AT_REMOVEDIR) >= 0 || errno == ENOENT ? 0 : negative_errno();
}

static int empty(int fd, uint64_t timeout_usec) {
        int r;

        r = cgroup_is_populated(fd);
        if (r <= 0)
                return r == -ENODEV ? 0 : r; /* somebody else has removed it */
        r = cgroup_write(fd, "cgroup.kill", "1");
        if (r >= 0)
                r = wait_event(fd, "populated ", false, timeout_usec);
        return r == -ENODEV ? 0 : r == -ETIMEDOUT ? -EBUSY : r;
}

int cgroup_empty(const char *path, uint64_t timeout_usec) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = cgroup_open(path, &fd);
        if (r >= 0)
                r = empty(fd, timeout_usec);
        return r == -ENOENT ? 0 : r;
}

static int wait_empty(int fd, uint64_t timeout_usec) {
        int r;

        r = cgroup_is_populated(fd);
        if (r > 0)
                r = wait_event(fd, "populated ", false, timeout_usec);
        return r == -ENODEV ? 0 : r == -ETIMEDOUT ? -EBUSY : r;
}

static int remove_with(const char *path, int (*make_empty)(int fd, uint64_t timeout_usec),
                       uint64_t timeout_usec) {
        _cleanup_close_ int fd = -EBADF, parent_fd = -EBADF;
        _cleanup_free_ char *parent = strdup(path);
        char *slash;
        int r;

        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        if (!slash || !path_component_is_valid(slash + 1))
                return -EINVAL;
        *slash = 0;
        r = cgroup_open(path, &fd);
        if (r >= 0)
                r = make_empty(fd, timeout_usec);
        if (r >= 0)
                r = cgroup_open(isempty(parent) ? "/" : parent, &parent_fd);
        if (r >= 0)
                r = remove_at(parent_fd, slash + 1, 0);
        return r == -ENOENT ? 0 : r;
}

int cgroup_remove(const char *path, uint64_t timeout_usec) {
        return remove_with(path, empty, timeout_usec);
}

int cgroup_remove_unused(const char *path, uint64_t timeout_usec) {
        return remove_with(path, wait_empty, timeout_usec);
}
