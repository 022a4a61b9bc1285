/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/describe.h"
#include "ctl/journal.h"
#include "ctl/object.h"

#define PROCESSES_SHOWN_MAX 20
#define COMMAND_LINE_BYTES_MAX 80

static uint64_t arg_lines = 10;

const Option status_options[] = {
        { "lines", 'n', "NUMBER", "How many of the last lines to show (default: 10)", option_set_count,
          &arg_lines },
        {},
};

static void print_time(const char *title, uint64_t usec) {
        time_t t = (time_t) (usec / USEC_PER_SEC);
        char text[64], ago[64];
        struct tm tm;

        if (usec == 0 || !localtime_r(&t, &tm) ||
            strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                return;
        (void) printf("%10s: %s; %s\n", title, text,
                      clock_format_ago(ago, sizeof(ago), usec, clock_now_realtime_usec()));
}

static void print_process(const char *pid, bool last) {
        _cleanup_free_ char *path = NULL;
        char line[COMMAND_LINE_BYTES_MAX];
        _cleanup_close_ int fd = -EBADF;
        ssize_t n = 0;

        if (string_format(&path, "/proc/%s/cmdline", pid) >= 0)
                fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                n = fd_read_full(fd, line, sizeof(line));
        for (ssize_t i = 0; i < n; i++)
                if ((unsigned char) line[i] < ' ')
                        line[i] = ' ';
        (void) printf("%12s%s%s %.*s\n", "", last ? "\u2514\u2500" : "\u251c\u2500", pid,
                      n > 0 ? (int) n : 0, line);
}

/* The payload's processes. What cannot be read is left out: the cgroup may vanish at any time. */
static void print_processes(const char *control_group) {
        char pid[32], next[32] = "";
        _cleanup_free_ char *path = NULL;
        unsigned n = 0;
        FILE *file;

        if (string_format(&path, "/sys/fs/cgroup%s/payload/cgroup.procs", control_group) < 0)
                return;
        file = fopen(path, "re");
        if (!file)
                return;
        while (n < PROCESSES_SHOWN_MAX && fscanf(file, "%31s", pid) == 1) {
                if (n++ > 0)
                        print_process(next, false);
                memcpy(next, pid, sizeof(pid));
        }
        if (n > 0)
                print_process(next, true);
        (void) fclose(file);
}

static int print_log(const ContainerInfo *info, Failure *f) {
        const JournalLines lines = { .since_usec = USEC_INFINITY,
                                     .until_usec = USEC_INFINITY,
                                     .tail = arg_lines,
                                     .timestamps = true,
                                     .out = stdout,
                                     .error = stdout };
        _cleanup_journal_ sd_journal *j = NULL;
        int r;

        if (arg_lines == 0)
                return 0;
        r = journal_open_system(&j, f);
        if (r >= 0)
                r = journal_match_container(j, info->id, NULL);
        if (r < 0)
                return r;
        (void) printf("\n");
        return journal_print_lines(j, &lines);
}

static int print_status(const ContainerInfo *info) {
        bool active = container_info_is_active(info);
        _cleanup_free_ char *command = NULL;
        char id[80], status[128];
        int r;

        r = describe_command(info->command, 0, &command);
        if (r < 0)
                return r;
        (void) printf("%s %s (%s)\n", active ? "\u25cf" : "\u25cb", info->name,
                      describe_id(id, sizeof(id), info->id, false));
        (void) printf("%10s: %s; %s\n", "State", info->state,
                      describe_status(status, sizeof(status), info, clock_now_realtime_usec()));
        if (!isempty(info->error))
                (void) printf("%10s: %s\n", "Error", info->error);
        if (!isempty(info->health))
                (void) printf("%10s: %s\n", "Health", info->health);
        if (!isempty(info->restart_policy) && !streq(info->restart_policy, "no"))
                (void) printf("%10s: %s; %" PRIu64 " since a user started it\n", "Restart",
                              info->restart_policy, info->restart_count);
        if (isempty(info->image_id))
                (void) printf("%10s: %s\n", "Root", strempty(info->image));
        else
                (void) printf("%10s: %s (%s)\n", "Image", strempty(info->image),
                              describe_id(id, sizeof(id), info->image_id, false));
        (void) printf("%10s: %s\n", "Command", command);
        print_time("Created", info->created_usec);
        print_time("Started", info->started_usec);
        if (!active) {
                print_time("Finished", info->finished_usec);
                if (info->exit_code >= 0)
                        (void) printf("%10s: %d%s\n", "Exit", info->exit_code,
                                      info->oom_killed ? " (out of memory)" : "");
                return 0;
        }
        (void) printf("%10s: %u\n", "Leader", info->leader);
        (void) printf("%10s: %u\n", "Supervisor", info->supervisor);
        (void) printf("%10s: %s\n", "Unit", strempty(info->unit));
        (void) printf("%10s: %s\n", "CGroup", strempty(info->control_group));
        if (!isempty(info->control_group))
                print_processes(info->control_group);
        return 0;
}

int verb_status(Ctl *c, char **operands, Failure *f) {
        int status = 0;

        journal_synchronize();
        for (char **name = operands; *name; name++) {
                _cleanup_(container_info_freep) ContainerInfo *info = NULL;
                _cleanup_free_ char *path = NULL;
                int r;

                if (name != operands)
                        (void) printf("\n");
                r = client_find_container(c, *name, &path, f);
                if (r >= 0)
                        r = container_info_get(c, path, &info, f);
                if (r >= 0)
                        r = print_status(info);
                if (r >= 0)
                        r = print_log(info, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
        }
        return status;
}
