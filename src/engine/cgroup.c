/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "engine/cgroup.h"

#define DEPTH_MAX 64

#define CGROUP_PATH_BYTES_MAX 4096

int cgroup_scope_of(pid_t pid, char **ret) {
        _cleanup_free_ char *cgroup = NULL;
        char path[64], *end;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        r = file_read_cgroup(AT_FDCWD, path, &cgroup);
        if (r < 0)
                return r;
        /* a name may have ".scope" in its middle */
        for (end = strstr(cgroup, ".scope"); end; end = strstr(end + 1, ".scope"))
                if (!end[strlen(".scope")] || end[strlen(".scope")] == '/')
                        break;
        if (!end)
                return -ENXIO;
        end[strlen(".scope")] = 0;
        *ret = TAKE_PTR(cgroup);
        return 0;
}

int cgroup_open_supervisor(const char *scope, int *ret_fd) {
        _cleanup_free_ char *path = NULL;
        int r, fd;

        r = string_format(&path, "/sys/fs/cgroup%s/supervisor", scope);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

static void signal_processes(int dirfd, int signal) {
        _cleanup_free_ char *text = NULL;
        uint32_t pid;

        if (file_read_virtual(dirfd, "cgroup.procs", &text) < 0)
                return;
        for (char *save = NULL, *word = strtok_r(text, "\n", &save); word;
             word = strtok_r(NULL, "\n", &save))
                if (parse_u32(word, &pid) >= 0 && pid > 1)
                        (void) kill((pid_t) pid, signal);
}

static void signal_tree(int dirfd, int signal, unsigned depth) {
        struct dirent *de;
        DIR *dir;
        int copy;

        signal_processes(dirfd, signal);
        copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = copy >= 0 ? fdopendir(copy) : NULL;
        if (!dir) {
                (void) fd_close(copy);
                return;
        }
        while (depth < DEPTH_MAX && (de = readdir(dir))) {
                _cleanup_close_ int child = -EBADF;

                if (de->d_type != DT_DIR || de->d_name[0] == '.')
                        continue;
                child = openat(dirfd, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        signal_tree(child, signal, depth + 1);
        }
        (void) closedir(dir);
}

static int open_payload(const char *scope, int *ret_fd) {
        _cleanup_free_ char *path = NULL;
        int r, fd;

        r = string_format(&path, "/sys/fs/cgroup%s/payload", scope);
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

static int open_attribute(const char *scope, const char *name, int flags, int *ret_fd) {
        _cleanup_close_ int payload = -EBADF;
        int r, fd;

        r = open_payload(scope, &payload);
        if (r < 0)
                return r;
        fd = openat(payload, name, flags | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

int cgroup_freeze_payload(const char *scope, bool freeze) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = open_attribute(scope, "cgroup.freeze", O_WRONLY, &fd);
        return r < 0 ? r : fd_write_all(fd, freeze ? "1" : "0", 1);
}

int cgroup_payload_events_open(const char *scope, int *ret_fd) {
        return open_attribute(scope, "cgroup.events", O_RDONLY, ret_fd);
}

int cgroup_events_frozen(int fd) {
        char text[256];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

        if (n < 0)
                return negative_errno();
        text[n] = 0;
        return startswith(text, "frozen 1\n") || strstr(text, "\nfrozen 1\n");
}

int cgroup_signal_payload(const char *scope, int signal) {
        _cleanup_close_ int fd = -EBADF, kill_fd = -EBADF;
        int r;

        r = open_payload(scope, &fd);
        if (r < 0)
                return r;
        if (signal == SIGKILL) {
                kill_fd = openat(fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
                if (kill_fd >= 0 && fd_write_all(kill_fd, "1", 1) >= 0)
                        return 0;
        }
        signal_tree(fd, signal, 0);
        return 0;
}

/* "a-b.slice" -> "a.slice/a-b.slice", systemd.slice(5). */
static int append_slices(FILE *f, const char *slice) {
        if (streq(slice, "-.slice"))
                return 0;
        for (const char *dash = strchr(slice, '-'); dash; dash = strchr(dash + 1, '-'))
                if (fprintf(f, "/%.*s.slice", (int) (dash - slice), slice) < 0)
                        return -ENAMETOOLONG;
        return fprintf(f, "/%s", slice) < 0 ? -ENAMETOOLONG : 0;
}

int cgroup_unit_is_empty(const char *slice, const char *unit) {
        char path[CGROUP_PATH_BYTES_MAX] = "";
        _cleanup_free_ char *text = NULL;
        FILE *f;
        int r;

        f = fmemopen(path, sizeof(path), "w");
        if (!f)
                return negative_errno();
        r = fputs("/sys/fs/cgroup", f) < 0 ? -ENAMETOOLONG : append_slices(f, slice);
        if (r >= 0 && fprintf(f, "/%s/cgroup.events", unit) < 0)
                r = -ENAMETOOLONG;
        if (fclose(f) != 0 && r >= 0)
                r = -ENAMETOOLONG;
        if (r >= 0)
                r = file_read_virtual(AT_FDCWD, path, &text);
        return r < 0 ? r : startswith(text, "populated 0\n") || strstr(text, "\npopulated 0\n");
}
