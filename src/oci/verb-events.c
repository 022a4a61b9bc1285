/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Statistics and events as runc prints them: a line of JSON each. */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "oci/cgroup.h"
#include "oci/oci.h"
#include "runtime/cgroup-tree.h"
#include "spec/json.h"

#define INTERVAL_DEFAULT_USEC (5 * USEC_PER_SEC)
#define NSEC_PER_USEC 1000u

static const char *arg_interval;
static bool arg_stats;

const Option events_options[] = {
        { "interval", 0, "TIME", "Between two lines of statistics; default: 5s", option_set_string,
          &arg_interval },
        { "stats", 0, NULL, "Print the statistics once, and end", option_set_flag, &arg_stats },
        {},
};

static uint64_t keyed(int fd, const char *file, const char *key) {
        uint64_t n;

        return cgroup_read_keyed(fd, file, key, &n) < 0 ? 0 : n;
}

static uint64_t number(int fd, const char *file) {
        uint64_t n;

        return cgroup_read_number(fd, file, &n) < 0 ? 0 : n;
}

/* Adds the object @child to @o, if all that was put into it went well. */
static int add(json_object *o, const char *key, json_object *child, int error) {
        if (error < 0) {
                (void) json_object_put(child);
                return error;
        }
        return json_add(o, key, child);
}

static int add_cpu(json_object *data, int fd) {
        json_object *cpu = json_object_new_object(), *usage = json_object_new_object(),
                    *throttling = json_object_new_object();
        int r, s, t;

        r = json_add_u64(usage, "total", keyed(fd, "cpu.stat", "usage_usec") * NSEC_PER_USEC);
        if (r >= 0)
                r = json_add_u64(usage, "kernel", keyed(fd, "cpu.stat", "system_usec") * NSEC_PER_USEC);
        if (r >= 0)
                r = json_add_u64(usage, "user", keyed(fd, "cpu.stat", "user_usec") * NSEC_PER_USEC);
        s = json_add_u64(throttling, "periods", keyed(fd, "cpu.stat", "nr_periods"));
        if (s >= 0)
                s = json_add_u64(throttling, "throttledPeriods", keyed(fd, "cpu.stat", "nr_throttled"));
        if (s >= 0)
                s = json_add_u64(throttling, "throttledTime",
                                 keyed(fd, "cpu.stat", "throttled_usec") * NSEC_PER_USEC);
        t = add(cpu, "usage", usage, r);
        r = add(cpu, "throttling", throttling, s);
        return add(data, "cpu", cpu, MIN(t, r));
}

static int add_usage(json_object *memory, const char *key, uint64_t usage, uint64_t limit, uint64_t max,
                     uint64_t failures) {
        json_object *o = json_object_new_object();
        int r;

        r = json_add_u64(o, "limit", limit);
        if (r >= 0)
                r = json_add_u64(o, "usage", usage);
        if (r >= 0)
                r = json_add_u64(o, "max", max);
        if (r >= 0)
                r = json_add_u64(o, "failcnt", failures);
        return add(memory, key, o, r);
}

/* memory.stat as it is. */
static int add_raw(json_object *memory, int fd) {
        json_object *raw = json_object_new_object();
        _cleanup_free_ char *text = NULL;
        int r = 0;

        if (file_read_virtual(fd, "memory.stat", &text) >= 0)
                for (char *save = NULL, *line = strtok_r(text, "\n", &save); r >= 0 && line;
                     line = strtok_r(NULL, "\n", &save)) {
                        char *blank = strchr(line, ' ');
                        uint64_t n;

                        if (!blank || parse_u64(blank + 1, &n) < 0)
                                continue;
                        *blank = 0;
                        r = json_add_u64(raw, line, n);
                }
        return add(memory, "raw", raw, r);
}

static int add_memory(json_object *data, int fd) {
        json_object *memory = json_object_new_object();
        uint64_t usage = number(fd, "memory.current"), limit = number(fd, "memory.max"),
                 swap = number(fd, "memory.swap.current"), swap_limit = number(fd, "memory.swap.max");
        int r;

        r = json_add_u64(memory, "cache", keyed(fd, "memory.stat", "file"));
        if (r >= 0)
                r = add_usage(memory, "usage", usage, limit, number(fd, "memory.peak"),
                              keyed(fd, "memory.events", "max"));
        /* Together, as version 1 counts them. */
        if (r >= 0)
                r = add_usage(memory, "swap", usage + swap,
                              limit == UINT64_MAX || swap_limit == UINT64_MAX ? UINT64_MAX
                                                                              : limit + swap_limit,
                              0, keyed(fd, "memory.swap.events", "max"));
        if (r >= 0)
                r = add_raw(memory, fd);
        return add(data, "memory", memory, r);
}

static int add_pids(json_object *data, int fd) {
        json_object *pids = json_object_new_object();
        uint64_t limit = number(fd, "pids.max");
        int r;

        r = json_add_u64(pids, "current", number(fd, "pids.current"));
        if (r >= 0) /* 0 is no limit to runc's readers */
                r = json_add_u64(pids, "limit", limit == UINT64_MAX ? 0 : limit);
        return add(data, "pids", pids, r);
}

static int add_io_entry(json_object *list, uint64_t major, uint64_t minor, const char *op, uint64_t value) {
        json_object *o = json_object_new_object();
        int r;

        r = json_add_u64(o, "major", major);
        if (r >= 0)
                r = json_add_u64(o, "minor", minor);
        if (r >= 0)
                r = json_add_string(o, "op", op);
        if (r >= 0)
                r = json_add_u64(o, "value", value);
        if (r >= 0 && json_object_array_add(list, o) < 0)
                r = -ENOMEM;
        if (r < 0)
                (void) json_object_put(o);
        return r;
}

static int add_io_line(json_object *bytes, json_object *count, char *line) {
        static const struct {
                const char *key, *op;
                bool is_bytes;
        } rows[] = { { "rbytes", "Read", true },
                     { "wbytes", "Write", true },
                     { "rios", "Read", false },
                     { "wios", "Write", false } };
        unsigned major, minor;
        char *words;
        int r = 0;

        if (sscanf(line, "%u:%u", &major, &minor) != 2 || !(words = strchr(line, ' ')))
                return 0;
        for (char *save = NULL, *word = strtok_r(words, " ", &save); r >= 0 && word;
             word = strtok_r(NULL, " ", &save))
                for (size_t i = 0; r >= 0 && i < ELEMENTSOF(rows); i++) {
                        const char *rest = startswith(word, rows[i].key);
                        uint64_t n;

                        if (rest && *rest == '=' && parse_u64(rest + 1, &n) >= 0)
                                r = add_io_entry(rows[i].is_bytes ? bytes : count, major, minor, rows[i].op,
                                                 n);
                }
        return r;
}

static int add_io(json_object *data, int fd) {
        json_object *io = json_object_new_object(), *bytes = json_object_new_array(),
                    *count = json_object_new_array();
        _cleanup_free_ char *text = NULL;
        int r = 0, s;

        if (file_read_virtual(fd, "io.stat", &text) >= 0)
                for (char *save = NULL, *line = strtok_r(text, "\n", &save); r >= 0 && line;
                     line = strtok_r(NULL, "\n", &save))
                        r = add_io_line(bytes, count, line);
        s = add(io, "ioServiceBytesRecursive", bytes, r);
        r = add(io, "ioServicedRecursive", count, r);
        return add(data, "blkio", io, MIN(r, s));
}

static int print_event(const char *type, const char *id, json_object *data) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_add_string(o, "type", type);
        if (r >= 0)
                r = json_add_string(o, "id", id);
        if (r >= 0 && data)
                r = json_add(o, "data", json_object_get(data));
        if (r >= 0)
                r = json_format(o, false, &text);
        if (r < 0)
                return r;
        (void) printf("%s\n", text);
        return fflush(stdout) == 0 ? 0 : negative_errno();
}

static int print_stats(const OciContainer *c, int fd) {
        _cleanup_json_ json_object *data = json_object_new_object();
        int r;

        r = add_cpu(data, fd);
        if (r >= 0)
                r = add_memory(data, fd);
        if (r >= 0)
                r = add_pids(data, fd);
        if (r >= 0)
                r = add_io(data, fd);
        return r < 0 ? r : print_event("stats", c->id, data);
}

/* Until the container has ended. What the kernel tells of memory.events comes as soon as it happens. */
static int follow(const OciContainer *c, int fd, uint64_t interval_usec, Failure *f) {
        uint64_t next = clock_now_monotonic_usec() + interval_usec,
                 kills = keyed(fd, "memory.events", "oom");
        _cleanup_close_ int pidfd = -EBADF, events = openat(fd, "memory.events", O_RDONLY | O_CLOEXEC);
        char skipped[4096];
        int r;

        r = oci_container_pidfd(c, &pidfd);
        while (r >= 0) {
                struct pollfd p[] = { { .fd = pidfd, .events = POLLIN },
                                      { .fd = events, .events = POLLPRI } };
                uint64_t now = clock_now_monotonic_usec(), n;

                if (now >= next) {
                        r = print_stats(c, fd);
                        next = now + interval_usec;
                        continue;
                }
                if (poll(p, 2, (int) MIN((next - now) / USEC_PER_MSEC + 1, (uint64_t) INT32_MAX)) < 0 &&
                    errno != EINTR)
                        return negative_errno();
                n = keyed(fd, "memory.events", "oom");
                if (n > kills)
                        r = print_event("oom", c->id, NULL);
                kills = n;
                if (p[0].revents)
                        return r;
                if (p[1].revents && pread(events, skipped, sizeof(skipped), 0) < 0)
                        return negative_errno();
        }
        return r == -ESRCH ? 0 : r;
}

int verb_events(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_(oci_cgroup_freep) OciCgroup *cgroup = NULL;
        uint64_t interval = INTERVAL_DEFAULT_USEC;
        int r;

        if (arg_interval && (clock_parse_duration(arg_interval, &interval) < 0 || interval == 0))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--interval is '%s': must be a duration such as 5s or 500ms, not 0",
                                   arg_interval);
        r = oci_container_open(&oci->root, operands[0], false, &c, f);
        if (r >= 0)
                r = oci_cgroup_of(c, &cgroup);
        if (r < 0)
                return r;
        if (oci_container_status(c) == OCI_STOPPED)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "container %s is stopped: it has no statistics any more", c->id);
        r = oci_cgroup_open(cgroup);
        if (r <= 0)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "container %s has no cgroup of its own, so there are no statistics",
                                   c->id);
        return arg_stats ? print_stats(c, cgroup->fd) : follow(c, cgroup->fd, interval, f);
}
