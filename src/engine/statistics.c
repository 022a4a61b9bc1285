/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "engine/statistics.h"

#define CGROUPS_MAX 4096 /* of one container, for counting its tasks */
#define DEPTH_MAX 64     /* a container may nest them as it likes, each takes descriptors and stack */

static void set(Statistics *s, Statistic key, uint64_t value) {
        s->values[key] = value;
        s->is_set[key] = true;
}

static void add(Statistics *s, Statistic key, uint64_t value) {
        set(s, key, s->values[key] + value);
}

/* A file with one number, or "max". */
static int read_number(int dirfd, const char *name, uint64_t *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read_virtual(dirfd, name, &text);
        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = 0;
        if (streq(text, "max")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_u64(text, ret);
}

typedef struct FlatKey {
        const char *name;
        Statistic key;
} FlatKey;

/* A file of lines "name number". */
static void read_flat(int dirfd, const char *name, const FlatKey *keys, size_t n_keys, Statistics *s) {
        _cleanup_free_ char *text = NULL;

        if (file_read_virtual(dirfd, name, &text) < 0)
                return;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
                char *blank = strchr(line, ' ');
                uint64_t v;

                if (!blank)
                        continue;
                *blank = 0;
                for (size_t i = 0; i < n_keys; i++)
                        if (streq(line, keys[i].name) && parse_u64(blank + 1, &v) >= 0)
                                set(s, keys[i].key, v);
        }
}

static void read_cpu(int fd, Statistics *s) {
        static const FlatKey keys[] = {
                { "usage_usec", STATISTIC_CPU_USAGE_USEC },
                { "user_usec", STATISTIC_CPU_USER_USEC },
                { "system_usec", STATISTIC_CPU_SYSTEM_USEC },
        };

        read_flat(fd, "cpu.stat", keys, ELEMENTSOF(keys), s);
}

/* The quota is the scope's. */
static void read_throttling(int scope_fd, Statistics *s) {
        static const FlatKey keys[] = {
                { "nr_periods", STATISTIC_CPU_PERIODS },
                { "nr_throttled", STATISTIC_CPU_THROTTLED_PERIODS },
                { "throttled_usec", STATISTIC_CPU_THROTTLED_USEC },
        };

        read_flat(scope_fd, "cpu.stat", keys, ELEMENTSOF(keys), s);
}

/* The lower of two limits; UINT64_MAX where there is none. */
static uint64_t read_limit(int payload_fd, int scope_fd, const char *name) {
        uint64_t a = UINT64_MAX, b = UINT64_MAX;

        (void) read_number(payload_fd, name, &a);
        (void) read_number(scope_fd, name, &b);
        return MIN(a, b);
}

static void read_memory(int payload_fd, int scope_fd, Statistics *s) {
        static const FlatKey keys[] = {
                { "anon", STATISTIC_MEMORY_ANONYMOUS },
                { "file", STATISTIC_MEMORY_FILE },
                { "kernel", STATISTIC_MEMORY_KERNEL },
                { "inactive_file", STATISTIC_MEMORY_USAGE }, /* for a moment */
        };
        static const FlatKey event_keys[] = { { "oom_kill", STATISTIC_MEMORY_OOM_KILLS } };
        uint64_t host = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE), v, inactive;

        if (read_number(payload_fd, "memory.current", &v) < 0)
                return;
        set(s, STATISTIC_MEMORY_CURRENT, v);
        read_flat(payload_fd, "memory.stat", keys, ELEMENTSOF(keys), s);
        inactive = s->values[STATISTIC_MEMORY_USAGE];
        set(s, STATISTIC_MEMORY_USAGE, v > inactive ? v - inactive : 0);
        if (read_number(payload_fd, "memory.peak", &v) >= 0)
                set(s, STATISTIC_MEMORY_PEAK, v);
        set(s, STATISTIC_MEMORY_LIMIT, MIN(read_limit(payload_fd, scope_fd, "memory.max"), host));
        if (read_number(payload_fd, "memory.swap.current", &v) >= 0)
                set(s, STATISTIC_MEMORY_SWAP, v);
        v = read_limit(payload_fd, scope_fd, "memory.swap.max");
        if (v != UINT64_MAX)
                set(s, STATISTIC_MEMORY_SWAP_LIMIT, v);
        read_flat(payload_fd, "memory.events", event_keys, ELEMENTSOF(event_keys), s);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0", a line per device */
static void read_io(int fd, Statistics *s) {
        static const FlatKey keys[] = {
                { "rbytes=", STATISTIC_IO_READ_BYTES },
                { "wbytes=", STATISTIC_IO_WRITE_BYTES },
                { "rios=", STATISTIC_IO_READ_OPERATIONS },
                { "wios=", STATISTIC_IO_WRITE_OPERATIONS },
        };
        _cleanup_free_ char *text = NULL;

        if (file_read_virtual(fd, "io.stat", &text) < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                set(s, keys[i].key, 0);
        for (char *save = NULL, *word = strtok_r(text, " \n", &save); word;
             word = strtok_r(NULL, " \n", &save))
                for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                        const char *number = startswith(word, keys[i].name);
                        uint64_t v;

                        if (number && parse_u64(number, &v) >= 0)
                                add(s, keys[i].key, v);
                }
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void read_pressure(int fd, const char *name, PressureKind some, Statistics *s) {
        _cleanup_free_ char *text = NULL;

        if (file_read_virtual(fd, name, &text) < 0)
                return;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
                const char *rest = startswith(line, "some ") ?: startswith(line, "full ");
                Pressure p = { .is_set = true };

                if (rest && sscanf(rest, "avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, &p.average10,
                                   &p.average60, &p.average300, &p.total_usec) == 4)
                        s->pressure[some + (*line == 'f')] = p;
        }
}

static uint64_t count_lines(int dirfd, const char *name) {
        _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        char buf[4096];
        uint64_t n = 0;
        ssize_t got;

        if (fd < 0)
                return 0;
        while ((got = read(fd, buf, sizeof(buf))) > 0)
                for (ssize_t i = 0; i < got; i++)
                        n += buf[i] == '\n';
        return n;
}

static uint64_t count_tasks(int dirfd, unsigned depth, unsigned *budget) {
        int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
        uint64_t n = count_lines(dirfd, "cgroup.threads");
        struct dirent *de;

        if (!dir) {
                (void) fd_close(copy);
                return n;
        }
        while (depth < DEPTH_MAX && *budget > 0 && (de = readdir(dir))) {
                _cleanup_close_ int child = -EBADF;

                if (de->d_type != DT_DIR || de->d_name[0] == '.')
                        continue;
                (*budget)--;
                child = openat(dirfd, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        n += count_tasks(child, depth + 1, budget);
        }
        (void) closedir(dir);
        return n;
}

static void read_tasks(int payload_fd, int scope_fd, Statistics *s) {
        unsigned budget = CGROUPS_MAX;
        uint64_t v;

        if (read_number(payload_fd, "pids.current", &v) < 0)
                v = count_tasks(payload_fd, 0, &budget);
        set(s, STATISTIC_TASKS, v);
        v = read_limit(payload_fd, scope_fd, "pids.max");
        if (v != UINT64_MAX)
                set(s, STATISTIC_TASKS_LIMIT, v);
}

void statistics_read_cgroup(int payload_fd, int scope_fd, Statistics *s) {
        read_cpu(payload_fd, s);
        read_throttling(scope_fd, s);
        read_memory(payload_fd, scope_fd, s);
        read_io(payload_fd, s);
        read_tasks(payload_fd, scope_fd, s);
        read_pressure(payload_fd, "cpu.pressure", PRESSURE_CPU_SOME, s);
        read_pressure(payload_fd, "memory.pressure", PRESSURE_MEMORY_SOME, s);
        read_pressure(payload_fd, "io.pressure", PRESSURE_IO_SOME, s);
}

void statistics_parse_network(const char *text, Statistics *s) {
        for (Statistic i = STATISTIC_NETWORK_RECEIVED_BYTES; i <= STATISTIC_NETWORK_SENT_DROPPED; i++)
                set(s, i, 0);
        for (const char *line = text; line && *line;
             line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                const char *end = line + strcspn(line, "\n"),
                           *colon = memchr(line, ':', (size_t) (end - line));
                uint64_t v[12];

                if (!colon || startswith(line + strspn(line, " "), "lo:") ||
                    sscanf(colon + 1,
                           "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                           " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                           v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8, v + 9, v + 10,
                           v + 11) != 12)
                        continue;
                for (int i = 0; i < 4; i++) {
                        add(s, STATISTIC_NETWORK_RECEIVED_BYTES + i, v[i]);
                        add(s, STATISTIC_NETWORK_SENT_BYTES + i, v[8 + i]);
                }
        }
}

/* Whose interfaces these are: those of the host are nobody's. */
static bool has_own_network(int proc_fd) {
        struct stat own, host;

        return fstatat(proc_fd, "ns/net", &own, 0) >= 0 && stat("/proc/self/ns/net", &host) >= 0 &&
               (own.st_ino != host.st_ino || own.st_dev != host.st_dev);
}

static void read_network(const Container *c, Statistics *s) {
        struct pollfd gone = { .fd = c->leader_pidfd, .events = POLLIN };
        _cleanup_close_ int proc_fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d", (int) c->leader);
        proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* Not some other process that has the number now. */
        if (proc_fd < 0 || poll(&gone, 1, 0) != 0)
                return;
        if (has_own_network(proc_fd) && file_read_virtual(proc_fd, "net/dev", &text) >= 0)
                statistics_parse_network(text, s);
}

int container_statistics(const Container *c, Statistics *ret, Failure *f) {
        _cleanup_close_ int scope_fd = -EBADF, payload_fd = -EBADF;
        _cleanup_free_ char *path = NULL;
        Statistics s = {};
        int r;

        if (!container_is_running(c) || !c->cgroup)
                return failure_set(f, FAILURE_INVALID_STATE, "%s: the container is %s, not running",
                                   c->record->name, container_state_to_string(c->state));
        r = string_format(&path, "/sys/fs/cgroup%s", c->cgroup);
        if (r < 0)
                return r;
        scope_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        payload_fd = scope_fd >= 0 ? openat(scope_fd, "payload", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (payload_fd < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot open the cgroup of container %s",
                                         c->record->name);
        set(&s, STATISTIC_MONOTONIC_USEC, clock_now_monotonic_usec());
        statistics_read_cgroup(payload_fd, scope_fd, &s);
        read_network(c, &s);
        *ret = s;
        return 0;
}
