/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/journal.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "oci/report.h"
#include "spec/json.h"

static struct {
        int fd; /* the file, or the journal's socket */
        bool json, journal;
        const char *identifier;
} report = { .fd = -EBADF };

static const char *level_name(int level) {
        return level <= LOG_ERR       ? "error"
               : level == LOG_WARNING ? "warning"
               : level <= LOG_INFO    ? "info"
                                      : "debug";
}

static int format_json(int level, const char *time, const char *message, char **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r = o ? 0 : -ENOMEM;

        if (r >= 0)
                r = json_add_string(o, "level", level_name(level));
        if (r >= 0)
                r = json_add_string(o, "msg", message);
        if (r >= 0)
                r = json_add_string(o, "time", time);
        return r < 0 ? r : json_format(o, false, ret);
}

static void write_line(int level, const char *message) {
        _cleanup_free_ char *text = NULL, *line = NULL;
        char time[32];
        int r;

        (void) clock_format_rfc3339(time, sizeof(time), clock_now_realtime_usec());
        r = report.json ? format_json(level, time, message, &text)
                        : string_format(&text, "time=\"%s\" level=%s msg=\"%s\"", time, level_name(level),
                                        message);
        if (r >= 0)
                r = string_format(&line, "%s\n", text);
        /* One write: others append to the same file. */
        if (r >= 0)
                (void) fd_write_all(report.fd, line, strlen(line));
}

static void send_entry(int level, const char *message) {
        char priority[2] = { (char) ('0' + level), 0 };
        const JournalField fields[] = {
                journal_string("MESSAGE", message),
                journal_string("PRIORITY", priority),
                journal_string("SYSLOG_IDENTIFIER", report.identifier),
        };

        (void) journal_send(report.fd, fields, ELEMENTSOF(fields));
}

static void sink(int level, const char *message) {
        if (report.journal)
                send_entry(level, message);
        else
                write_line(level, message);
}

/* Where there is syslog there is the journal, which takes its place. */
static const char *journal_identifier(const char *log) {
        return startswith(log, "journald:") ?: startswith(log, "syslog:");
}

int report_setup(const char *log, const char *format, Failure *f) {
        if (!isempty(format) && !streq(format, "text") && !streq(format, "json"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "--log-format is '%s': must be text or json",
                                   format);
        if (isempty(log))
                return 0;
        report.json = format && streq(format, "json");
        report.identifier = journal_identifier(log);
        report.journal = report.identifier;
        if (report.journal) {
                if (isempty(report.identifier))
                        report.identifier = log_identifier();
                if (journal_open(&report.fd) < 0)
                        return failure_set(f, FAILURE_SYSTEM, "cannot reach the journal for --log=%s", log);
        } else {
                report.fd = open(startswith(log, "file:") ?: log,
                                 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
                if (report.fd < 0)
                        return failure_set_errno(f, FAILURE_STORAGE, errno, "cannot open the log %s", log);
        }
        report.fd = fd_move_above_stdio(report.fd);
        log_set_sink(sink);
        return 0;
}

void report_failure(Failure *f, int r) {
        const char *text = f->text ?: strerrordesc_np(r < 0 ? -r : r) ?: "unknown error";

        if (report.fd >= 0)
                sink(LOG_ERR, text);
        (void) dprintf(STDERR_FILENO, "%s: %s\n", log_identifier(), text);
        failure_done(f);
}
