/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/journal.h"
#include "basic/log.h"
#include "basic/str.h"

#define LINE_MAX_BYTES 2048

static struct {
        const char *identifier;
        const char *container;
        int max_level;
        int journal_fd;
        log_sink_t sink;
} logger = { .identifier = "creel", .max_level = LOG_INFO, .journal_fd = -EBADF };

static const char *const level_names[] = { "emerg",   "alert",  "crit", "err",
                                           "warning", "notice", "info", "debug" };

/* systemd.exec(5), JOURNAL_STREAM: "device:inode" of the stream that stderr was connected to. */
static bool stderr_is_journal(void) {
        const char *e = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return e && sscanf(e, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) >= 0 &&
               st.st_dev == device && st.st_ino == inode;
}

void log_setup(const char *identifier, int max_level) {
        const char *e = getenv("CREEL_LOG_LEVEL");

        logger.identifier = identifier;
        logger.max_level = max_level;
        for (size_t i = 0; e && i < ELEMENTSOF(level_names); i++)
                if (streq(e, level_names[i]) || (e[0] == (char) ('0' + i) && e[1] == 0))
                        logger.max_level = (int) i;
        if (stderr_is_journal() && logger.journal_fd < 0)
                (void) journal_open(&logger.journal_fd);
}

void log_set_container(const char *id) {
        logger.container = id;
}

const char *log_identifier(void) {
        return logger.identifier;
}

void log_set_sink(log_sink_t sink) {
        logger.sink = sink;
}

int log_max_level(void) {
        return logger.max_level;
}

static int log_to_journal(int level, int error, const char *file, int line, const char *message) {
        char priority[2] = { (char) ('0' + level), 0 }, number[16], code_line[16];
        const JournalField fields[] = {
                journal_string("MESSAGE", message),
                journal_string("PRIORITY", priority),
                journal_string("SYSLOG_IDENTIFIER", logger.identifier),
                journal_string("CODE_FILE", file),
                journal_string("CODE_LINE", code_line),
                journal_string("ERRNO", error ? number : NULL),
                journal_string("CONTAINER_ID_FULL", logger.container),
        };

        (void) snprintf(number, sizeof(number), "%d", error);
        (void) snprintf(code_line, sizeof(code_line), "%d", line);
        return journal_send(logger.journal_fd, fields, ELEMENTSOF(fields));
}

int log_internal(int level, int error, const char *file, int line, const char *format, ...) {
        char message[LINE_MAX_BYTES];
        int saved = errno;
        va_list ap;

        error = error < 0 ? -error : error;
        errno = error;
        va_start(ap, format);
        (void) vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);

        if (logger.sink)
                logger.sink(level, message);
        else if (logger.journal_fd < 0 || log_to_journal(level, error, file, line, message) < 0)
                (void) dprintf(STDERR_FILENO, "%s: %s\n", logger.identifier, message);

        errno = saved;
        return -error;
}
