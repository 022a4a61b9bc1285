/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/process.h"

#define STATUS_BYTES_MAX 65536
#define NO_ID 65534

static int open_proc(pid_t pid, const char *name) {
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, name);
        return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Returns how much there was, at most @size - 1; the rest is left out. */
static ssize_t read_proc(pid_t pid, const char *name, char *buf, size_t size) {
        _cleanup_close_ int fd = open_proc(pid, name);
        ssize_t n;

        if (fd < 0)
                return errno == ENOENT ? -ESRCH : negative_errno();
        n = fd_read_full(fd, buf, size - 1);
        if (n >= 0)
                buf[n] = 0;
        return n;
}

/* The numbers behind "NAME:" of a status file. */
static const char *status_line(const char *status, const char *name) {
        size_t n = strlen(name);

        for (const char *line = status; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (strncmp(line, name, n) == 0 && line[n] == ':')
                        return line + n + 1;
        return NULL;
}

/* The @index-th number of the line; false when there is none. */
static bool status_number(const char *status, const char *name, unsigned index, int base, uint64_t *ret) {
        const char *p = status_line(status, name);

        if (!p)
                return false;
        for (unsigned i = 0;; i++) {
                char *end;
                uint64_t v;

                p += strspn(p, " \t");
                if (!*p || *p == '\n')
                        return false;
                v = strtoull(p, &end, base);
                if (end == p)
                        return false;
                if (i == index) {
                        *ret = v;
                        return true;
                }
                p = end;
        }
}

int process_depth(pid_t pid, unsigned *ret) {
        char status[STATUS_BYTES_MAX];
        unsigned n = 0;
        ssize_t size;
        uint64_t v;

        size = read_proc(pid, "status", status, sizeof(status));
        if (size < 0)
                return (int) size;
        while (status_number(status, "NSpid", n, 10, &v))
                n++;
        *ret = n > 0 ? n - 1 : 0;
        return 0;
}

static void read_groups(const char *status, Process *p) {
        uint64_t v;

        while (p->n_groups < PROCESS_GROUPS_MAX &&
               status_number(status, "Groups", (unsigned) p->n_groups, 10, &v))
                p->groups[p->n_groups++] = (uint32_t) v;
}

void process_parse_status(const char *status, unsigned depth, Process *p) {
        static const char *const capabilities[_PROCESS_CAP_MAX] = {
                [PROCESS_CAP_INHERITABLE] = "CapInh", [PROCESS_CAP_PERMITTED] = "CapPrm",
                [PROCESS_CAP_EFFECTIVE] = "CapEff",   [PROCESS_CAP_BOUNDING] = "CapBnd",
                [PROCESS_CAP_AMBIENT] = "CapAmb",
        };
        uint64_t v;

        if (status_number(status, "Uid", 0, 10, &v))
                p->uid = (uint32_t) v;
        if (status_number(status, "Uid", 1, 10, &v))
                p->euid = (uint32_t) v;
        if (status_number(status, "Gid", 0, 10, &v))
                p->gid = (uint32_t) v;
        if (status_number(status, "Gid", 1, 10, &v))
                p->egid = (uint32_t) v;
        if (status_number(status, "NSpid", depth, 10, &v))
                p->inner_pid = (pid_t) v;
        if (status_number(status, "NSpgid", depth, 10, &v))
                p->inner_group = (pid_t) v;
        if (status_number(status, "Seccomp", 0, 10, &v))
                p->seccomp = (unsigned) v;
        for (size_t i = 0; i < _PROCESS_CAP_MAX; i++)
                (void) status_number(status, capabilities[i], 0, 16, &p->capabilities[i]);
        read_groups(status, p);
}

static int read_status(Process *p, unsigned depth) {
        char status[STATUS_BYTES_MAX];
        ssize_t size;

        size = read_proc(p->pid, "status", status, sizeof(status));
        if (size < 0)
                return (int) size;
        process_parse_status(status, depth, p);
        return 0;
}

static uint64_t usec_of_ticks(uint64_t ticks) {
        return ticks * USEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK);
}

/* The name is in brackets and may hold any byte, brackets too. */
int process_parse_stat(char *stat, Process *p) {
        char *open_bracket = strchr(stat, '('), *close_bracket = strrchr(stat, ')');
        uint64_t user, system, start, size, resident;
        unsigned device;
        int parent;

        if (!open_bracket || !close_bracket || close_bracket < open_bracket)
                return -EBADMSG;
        *close_bracket = 0;
        (void) snprintf(p->comm, sizeof(p->comm), "%s", open_bracket + 1);
        if (sscanf(close_bracket + 1,
                   " %c %d %*d %*d %u %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                   " %*d %*d %*d %d %*d %*d %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &p->state, &parent, &device, &user, &system, &p->nice, &start, &size, &resident) != 9)
                return -EBADMSG;
        p->parent = parent;
        p->tty_major = major(device);
        p->tty_minor = minor(device);
        p->cpu_usec = usec_of_ticks(user + system);
        p->start_usec = usec_of_ticks(start);
        p->virtual_bytes = size;
        p->resident_bytes = resident * (uint64_t) sysconf(_SC_PAGESIZE);
        return 0;
}

static int read_stat(Process *p) {
        char stat[4096];
        ssize_t n;

        n = read_proc(p->pid, "stat", stat, sizeof(stat));
        return n < 0 ? (int) n : process_parse_stat(stat, p);
}

static void read_args(Process *p) {
        ssize_t n = read_proc(p->pid, "cmdline", p->args, sizeof(p->args));

        if (n < 0)
                n = 0;
        while (n > 0 && !p->args[n - 1])
                n--;
        for (ssize_t i = 0; i < n; i++)
                if (!p->args[i])
                        p->args[i] = ' ';
        p->args[n] = 0;
}

static void read_label(Process *p) {
        if (read_proc(p->pid, "attr/current", p->label, sizeof(p->label)) < 0)
                p->label[0] = 0;
        p->label[strcspn(p->label, "\n")] = 0;
}

int process_read(pid_t pid, unsigned depth, Process *ret) {
        Process p = { .pid = pid };
        int r;

        r = read_status(&p, depth);
        if (r >= 0)
                r = read_stat(&p);
        if (r < 0)
                return r;
        read_args(&p);
        read_label(&p);
        *ret = p;
        return 0;
}

int process_read_id_map(pid_t pid, const char *name, ProcessIdMap *ret) {
        char text[STATUS_BYTES_MAX];
        ssize_t size;

        size = read_proc(pid, name, text, sizeof(text));
        if (size < 0)
                return (int) size;
        ret->n = 0;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && ret->n < PROCESS_ID_RANGES_MAX;
             line = strtok_r(NULL, "\n", &save))
                if (sscanf(line, "%u %u %u", &ret->ranges[ret->n].inside, &ret->ranges[ret->n].outside,
                           &ret->ranges[ret->n].count) == 3)
                        ret->n++;
        return 0;
}

uint32_t process_id_inside(const ProcessIdMap *map, uint32_t outside) {
        for (size_t i = 0; i < map->n; i++)
                if (outside >= map->ranges[i].outside &&
                    outside - map->ranges[i].outside < map->ranges[i].count)
                        return map->ranges[i].inside + (outside - map->ranges[i].outside);
        return NO_ID;
}
