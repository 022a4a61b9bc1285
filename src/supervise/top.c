/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "proto/message.h"
#include "runtime/cgroup.h"
#include "runtime/process.h"
#include "runtime/user.h"
#include "security/capability.h"
#include "spec/process-column.h"
#include "supervise/top.h"

#define PROCESSES_MAX 4096u
#define CGROUPS_MAX 4096u
#define DEPTH_MAX 64u
#define CELL_BYTES_MAX (2 * PROCESS_ARGS_BYTES_MAX)
#define NAMES_MAX 32u

/* Names that were looked up already: files of accounts may be long. */
typedef struct Names {
        struct {
                uint32_t id;
                char name[64];
        } entries[NAMES_MAX];
        size_t n;
} Names;

typedef struct Top {
        ProcessColumn columns[PROCESS_COLUMNS_MAX];
        size_t n_columns;
        pid_t leader;
        unsigned depth;
        int root_fd, host_fd, payload_fd;
        ProcessIdMap uids, gids;
        Names users, groups, host_users, host_groups;
        Process *processes;
        size_t n_processes, n_allocated;
        uint64_t now_usec; /* since the boot */
        uint64_t now_realtime_usec;
} Top;

static void top_done(Top *t) {
        t->root_fd = fd_close(t->root_fd);
        t->host_fd = fd_close(t->host_fd);
        t->payload_fd = fd_close(t->payload_fd);
        t->processes = mfree(t->processes);
}

/* The length of the character at @s, or 0 where there is none. */
static size_t utf8_length(const unsigned char *s) {
        size_t n = *s < 0x80                 ? 1
                   : *s >= 0xc2 && *s < 0xe0 ? 2
                   : *s >= 0xe0 && *s < 0xf0 ? 3
                   : *s >= 0xf0 && *s < 0xf5 ? 4
                                             : 0;

        for (size_t i = 1; i < n; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] >= 0xa0) || (*s == 0xf0 && s[1] < 0x90) ||
            (*s == 0xf4 && s[1] >= 0x90))
                return 0;
        return n;
}

void top_clean_text(const char *s, char *buf, size_t size) {
        size_t n = 0;

        while (*s) {
                const unsigned char *p = (const unsigned char *) s;
                size_t length = utf8_length(p);
                /* C0, DEL and C1 */
                bool harmless = length > 1 ? !(*p == 0xc2 && p[1] < 0xa0)
                                           : length == 1 && *p >= 0x20 && *p != 0x7f;

                length = MAX(length, (size_t) 1);
                if (n + length >= size)
                        break;
                if (harmless)
                        memcpy(buf + n, s, length);
                else
                        buf[n] = '?';
                n += harmless ? length : 1;
                s += length;
        }
        buf[n] = 0;
}

static const char *name_of(Names *names, int root_fd, uint32_t id, bool group) {
        _cleanup_(user_done) User u = { .uid = id };
        _cleanup_free_ char *group_name = NULL;
        const char *found = NULL;
        size_t i;

        for (i = 0; i < names->n; i++)
                if (names->entries[i].id == id)
                        return names->entries[i].name;
        i = names->n < NAMES_MAX ? names->n++ : NAMES_MAX - 1;
        names->entries[i].id = id;
        if (root_fd >= 0 && group && user_find_group_name(root_fd, id, &group_name) >= 0)
                found = group_name;
        else if (root_fd >= 0 && !group && user_describe(root_fd, &u) >= 0)
                found = u.name;
        if (isempty(found))
                (void) snprintf(names->entries[i].name, sizeof(names->entries[i].name), "%u", id);
        else
                top_clean_text(found, names->entries[i].name, sizeof(names->entries[i].name));
        return names->entries[i].name;
}

static const char *user_name(Top *t, uint32_t uid) {
        return name_of(&t->users, t->root_fd, process_id_inside(&t->uids, uid), false);
}

static const char *group_name(Top *t, uint32_t gid) {
        return name_of(&t->groups, t->root_fd, process_id_inside(&t->gids, gid), true);
}

static void format_groups(Top *t, const Process *p, bool host, char *buf, size_t size) {
        size_t n = 0;

        buf[0] = 0;
        for (size_t i = 0; i < p->n_groups && n < size; i++)
                n += (size_t) snprintf(buf + n, size - n, "%s%s", i > 0 ? "," : "",
                                       host ? name_of(&t->host_groups, t->host_fd, p->groups[i], true)
                                            : group_name(t, p->groups[i]));
}

static void format_capabilities(uint64_t set, char *buf, size_t size) {
        size_t n = 0;

        if (set == 0 || (set & capability_all()) == capability_all()) {
                (void) snprintf(buf, size, "%s", set == 0 ? "none" : "full");
                return;
        }
        for (unsigned i = 0; i <= capability_last() && n < size; i++) {
                const char *name = set & UINT64_C(1) << i ? capability_to_string(i) : NULL;

                if (name)
                        n += (size_t) snprintf(buf + n, size - n, "%s%s", n > 0 ? "," : "",
                                               startswith(name, "CAP_") ?: name);
        }
}

static void format_tty(const Process *p, char *buf, size_t size) {
        if (p->tty_major >= 136 && p->tty_major <= 143)
                (void) snprintf(buf, size, "pts/%u", (p->tty_major - 136) * 256 + p->tty_minor);
        else if (p->tty_major == 4)
                (void) snprintf(buf, size, p->tty_minor < 64 ? "tty%u" : "ttyS%u",
                                p->tty_minor < 64 ? p->tty_minor : p->tty_minor - 64);
        else if (p->tty_major == 5 && p->tty_minor == 1)
                (void) snprintf(buf, size, "console");
        else
                (void) snprintf(buf, size, "?");
}

static uint64_t elapsed(const Top *t, const Process *p) {
        return t->now_usec > p->start_usec ? t->now_usec - p->start_usec : 0;
}

/* In the container's numbers; 0 for one outside. */
static pid_t inner_parent(const Top *t, const Process *p) {
        for (size_t i = 0; i < t->n_processes; i++)
                if (t->processes[i].pid == p->parent)
                        return t->processes[i].inner_pid;
        return 0;
}

static void format_args(const Process *p, char *buf, size_t size) {
        char bracketed[80];

        /* kernel threads and those that are dead have none */
        (void) snprintf(bracketed, sizeof(bracketed), "[%s]", p->comm);
        top_clean_text(p->args[0] ? p->args : bracketed, buf, size);
}

static const char *seccomp_name(unsigned mode) {
        return mode == 0 ? "disabled" : mode == 1 ? "strict" : mode == 2 ? "filter" : "?";
}

static void format_numbers(const Top *t, const Process *p, ProcessColumn column, char *buf, size_t size) {
        switch (column) {
        case PROCESS_HPID:
                (void) snprintf(buf, size, "%d", (int) p->pid);
                break;
        case PROCESS_NICE:
                (void) snprintf(buf, size, "%d", p->nice);
                break;
        case PROCESS_PCPU:
                (void) snprintf(buf, size, "%.3f",
                                elapsed(t, p) > 0 ? 100.0 * (double) p->cpu_usec / (double) elapsed(t, p)
                                                  : 0.0);
                break;
        case PROCESS_PGID:
                (void) snprintf(buf, size, "%d", (int) p->inner_group);
                break;
        case PROCESS_PID:
                (void) snprintf(buf, size, "%d", (int) p->inner_pid);
                break;
        case PROCESS_PPID:
                (void) snprintf(buf, size, "%d", (int) inner_parent(t, p));
                break;
        case PROCESS_RSS:
                (void) snprintf(buf, size, "%" PRIu64, p->resident_bytes / 1024);
                break;
        case PROCESS_VSZ:
                (void) snprintf(buf, size, "%" PRIu64, p->virtual_bytes / 1024);
                break;
        case PROCESS_ETIME:
                (void) clock_format_duration(buf, size, elapsed(t, p));
                break;
        case PROCESS_TIME:
                (void) clock_format_duration(buf, size, p->cpu_usec);
                break;
        case PROCESS_STIME:
                (void) clock_format_rfc3339(buf, size, t->now_realtime_usec - elapsed(t, p));
                break;
        default:
                buf[0] = 0;
                break;
        }
}

static void format_cell(Top *t, const Process *p, ProcessColumn column, char *buf, size_t size) {
        switch (column) {
        case PROCESS_ARGS:
                format_args(p, buf, size);
                break;
        case PROCESS_COMM:
                top_clean_text(p->comm, buf, size);
                break;
        case PROCESS_LABEL:
                top_clean_text(p->label, buf, size);
                break;
        case PROCESS_CAPINH:
                format_capabilities(p->capabilities[PROCESS_CAP_INHERITABLE], buf, size);
                break;
        case PROCESS_CAPPRM:
                format_capabilities(p->capabilities[PROCESS_CAP_PERMITTED], buf, size);
                break;
        case PROCESS_CAPEFF:
                format_capabilities(p->capabilities[PROCESS_CAP_EFFECTIVE], buf, size);
                break;
        case PROCESS_CAPBND:
                format_capabilities(p->capabilities[PROCESS_CAP_BOUNDING], buf, size);
                break;
        case PROCESS_CAPAMB:
                format_capabilities(p->capabilities[PROCESS_CAP_AMBIENT], buf, size);
                break;
        case PROCESS_GROUP:
                (void) snprintf(buf, size, "%s", group_name(t, p->egid));
                break;
        case PROCESS_RGROUP:
                (void) snprintf(buf, size, "%s", group_name(t, p->gid));
                break;
        case PROCESS_HGROUP:
                (void) snprintf(buf, size, "%s", name_of(&t->host_groups, t->host_fd, p->egid, true));
                break;
        case PROCESS_GROUPS:
        case PROCESS_HGROUPS:
                format_groups(t, p, column == PROCESS_HGROUPS, buf, size);
                break;
        case PROCESS_USER:
                (void) snprintf(buf, size, "%s", user_name(t, p->euid));
                break;
        case PROCESS_RUSER:
                (void) snprintf(buf, size, "%s", user_name(t, p->uid));
                break;
        case PROCESS_HUSER:
                (void) snprintf(buf, size, "%s", name_of(&t->host_users, t->host_fd, p->euid, false));
                break;
        case PROCESS_SECCOMP:
                (void) snprintf(buf, size, "%s", seccomp_name(p->seccomp));
                break;
        case PROCESS_STATE:
                (void) snprintf(buf, size, "%c", p->state);
                break;
        case PROCESS_TTY:
                format_tty(p, buf, size);
                break;
        default:
                format_numbers(t, p, column, buf, size);
                break;
        }
}

static int send_row(Top *t, const Process *p, int socket_fd) {
        _cleanup_(message_freep) Message *m = NULL;
        char cell[CELL_BYTES_MAX];
        int r;

        r = message_new(MESSAGE_TOP_ROW, &m);
        for (size_t i = 0; i < t->n_columns && r >= 0; i++) {
                format_cell(t, p, t->columns[i], cell, sizeof(cell));
                r = message_put_string(m, FIELD_WORD, cell);
        }
        return r < 0 ? r : message_send(socket_fd, m);
}

static int add_process(Top *t, pid_t pid) {
        int r;

        if (t->n_processes >= PROCESSES_MAX)
                return 0;
        if (!GREEDY_REALLOC(t->processes, t->n_allocated, t->n_processes + 1))
                return -ENOMEM;
        r = process_read(pid, t->depth, t->processes + t->n_processes);
        if (r >= 0)
                t->n_processes++;
        return r == -ENOMEM ? r : 0; /* others have just ended */
}

static int collect(Top *t, int dirfd, unsigned depth, unsigned *budget) {
        int fd = openat(dirfd, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        int copy, r = 0, pid;
        struct dirent *de;
        FILE *file;
        DIR *dir;

        file = fd >= 0 ? fdopen(fd, "re") : NULL;
        while (file && r >= 0 && fscanf(file, "%d", &pid) == 1)
                r = add_process(t, pid);
        if (file)
                (void) fclose(file);
        else
                (void) fd_close(fd);
        copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = copy >= 0 ? fdopendir(copy) : NULL;
        if (!dir) {
                (void) fd_close(copy);
                return r;
        }
        while (r >= 0 && depth<DEPTH_MAX && * budget> 0 && (de = readdir(dir))) {
                _cleanup_close_ int child = -EBADF;

                if (de->d_type != DT_DIR || de->d_name[0] == '.')
                        continue;
                (*budget)--;
                child = openat(dirfd, de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        r = collect(t, child, depth + 1, budget);
        }
        (void) closedir(dir);
        return r;
}

static int compare(const void *a, const void *b) {
        const Process *p = a, *q = b;

        return p->start_usec != q->start_usec ? (p->start_usec < q->start_usec ? -1 : 1)
                                              : (p->pid > q->pid) - (p->pid < q->pid);
}

static int read_columns(Top *t, const Message *m) {
        const char *word;

        for (size_t i = 0; message_get_nth_string(m, FIELD_WORD, i, &word) >= 0; i++) {
                int column = process_column_from_string(word);

                if (column < 0 || t->n_columns >= PROCESS_COLUMNS_MAX)
                        return -EBADMSG;
                t->columns[t->n_columns++] = (ProcessColumn) column;
        }
        return 0;
}

static int prepare(Top *t, Message *m, Failure *f) {
        _cleanup_close_ int leader_pidfd = -EBADF, scope_fd = -EBADF;
        struct pollfd gone = { .events = POLLIN };
        const char *cgroup = NULL;
        struct timespec ts;
        uint64_t number = 0;
        char path[64];
        int r;

        (void) message_get_string(m, FIELD_CGROUP, &cgroup);
        (void) message_get_u64(m, FIELD_PID, &number);
        (void) message_take_fd(m, FIELD_PIDFD, &leader_pidfd);
        t->leader = (pid_t) number;
        r = read_columns(t, m);
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "/proc/%d/root", (int) t->leader);
        t->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        t->host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = process_depth(t->leader, &t->depth);
        if (r >= 0)
                r = process_read_id_map(t->leader, "uid_map", &t->uids);
        if (r >= 0)
                r = process_read_id_map(t->leader, "gid_map", &t->gids);
        if (r >= 0)
                r = cgroup_open(cgroup, &scope_fd);
        if (r >= 0) {
                t->payload_fd = openat(scope_fd, "payload", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                r = t->payload_fd < 0 ? negative_errno() : 0;
        }
        /* Not of some other process that has the number now. */
        gone.fd = leader_pidfd;
        if (r == -ENOENT || r == -ESRCH || poll(&gone, 1, 0) > 0)
                return failure_set(f, FAILURE_INVALID_STATE, "the container has just ended");
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot look at the container's processes");
        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        t->now_usec = (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
        t->now_realtime_usec = clock_now_realtime_usec();
        return 0;
}

static int answer(Top *t, Message *m, int socket_fd, Failure *f) {
        _cleanup_(message_freep) Message *done = NULL;
        unsigned budget = CGROUPS_MAX;
        int r;

        r = prepare(t, m, f);
        if (r >= 0)
                r = collect(t, t->payload_fd, 0, &budget);
        if (r < 0)
                return r;
        qsort(t->processes, t->n_processes, sizeof(*t->processes), compare);
        for (size_t i = 0; i < t->n_processes && r >= 0; i++)
                r = send_row(t, t->processes + i, socket_fd);
        if (r >= 0)
                r = message_new(MESSAGE_TOP_DONE, &done);
        return r < 0 ? r : message_send(socket_fd, done);
}

int top_run(int socket_fd) {
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_failure_ Failure failure = {};
        _cleanup_free_ Top *t = new0(Top, 1);
        int r;

        if (!t)
                return -ENOMEM;
        t->root_fd = t->host_fd = t->payload_fd = -EBADF;
        r = message_recv(socket_fd, &m);
        if (r <= 0)
                return r;
        r = message_type(m) == MESSAGE_TOP_START ? answer(t, m, socket_fd, &failure) : -EBADMSG;
        top_done(t);
        if (r < 0)
                (void) message_send_failure(
                                socket_fd,
                                failure_kind_to_string(failure.text ? failure.kind : FAILURE_SYSTEM),
                                failure.text ?: strerrordesc_np(-r),
                                (unsigned) failure_kind_to_exit_status(failure.text ? failure.kind
                                                                                    : FAILURE_SYSTEM));
        return r;
}
