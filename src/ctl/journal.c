/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/journal.h"

#define SYNCHRONIZE_TIMEOUT_SEC 10
#define FIELD_BYTES_MAX (64 * 1024 * 1024)

int journal_open_system(sd_journal **ret, Failure *f) {
        _cleanup_journal_ sd_journal *j = NULL;
        int r;

        r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);
        if (r >= 0)
                r = sd_journal_set_data_threshold(j, FIELD_BYTES_MAX);
        if (r >= 0)
                r = sd_journal_add_match(j, "_UID=0", 0);
        if (r >= 0)
                r = sd_journal_add_conjunction(j);
        if (r == -EACCES || r == -EPERM)
                return failure_set(f, FAILURE_SECURITY,
                                   "you may not read the journal; run it as root or join the group "
                                   "systemd-journal");
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot open the journal");
        *ret = TAKE_PTR(j);
        return 0;
}

/* systemd's io.systemd.Journal.Synchronize over Varlink: one object out, one back, each with a NUL behind
 * it. */
void journal_synchronize(void) {
        static const char request[] = "{\"method\":\"io.systemd.Journal.Synchronize\"}";
        static const struct sockaddr_un address = { .sun_family = AF_UNIX,
                                                    .sun_path = "/run/systemd/journal/io.systemd.journal" };
        const struct timeval timeout = { .tv_sec = SYNCHRONIZE_TIMEOUT_SEC };
        _cleanup_close_ int fd = -EBADF;
        char answer[256];

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
            connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
                return;
        for (;;) {
                ssize_t n = recv(fd, answer, sizeof(answer), 0);

                if (n <= 0 || memchr(answer, 0, (size_t) n))
                        return;
        }
}

static int get_data(sd_journal *j, const char *field, const char **ret, size_t *ret_size) {
        size_t n = strlen(field) + 1;
        const void *data;
        int r;

        r = sd_journal_get_data(j, field, &data, ret_size);
        if (r < 0)
                return r;
        if (*ret_size < n)
                return -ENOENT;
        *ret = (const char *) data + n;
        *ret_size -= n;
        return 0;
}

int journal_get(sd_journal *j, const char *field, char **ret) {
        const char *data;
        size_t size;
        char *copy;
        int r;

        r = get_data(j, field, &data, &size);
        if (r < 0)
                return r;
        copy = strndup(data, size);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

int journal_match_container(sd_journal *j, const char *id, const char *name) {
        _cleanup_free_ char *match = NULL;
        int r;

        r = id ? string_format(&match, "CONTAINER_ID_FULL=%s", id)
               : string_format(&match, "CONTAINER_NAME=%s", name);
        return r < 0 ? r : sd_journal_add_match(j, match, 0);
}

static bool has_field(sd_journal *j, const char *field) {
        const char *data;
        size_t size;

        return get_data(j, field, &data, &size) >= 0;
}

/* creeld's own lines and events about a container carry its id, too. */
static bool is_output(sd_journal *j) {
        return has_field(j, "CONTAINER_NAME") && !has_field(j, "CODE_FILE") && !has_field(j, "MESSAGE_ID") &&
               !has_field(j, "CREEL_EVENT_TYPE");
}

static int print_entry(sd_journal *j, const JournalLines *lines) {
        const char *message = "", *priority = "";
        size_t size = 0, n_priority = 0;
        char stamp[40];
        uint64_t usec;
        FILE *out;
        int r;

        (void) get_data(j, "PRIORITY", &priority, &n_priority);
        out = n_priority == 1 && *priority == '3' ? lines->error : lines->out;
        /* Where both go to one place, the lines keep their order. */
        (void) fflush(out == lines->out ? lines->error : lines->out);
        if (lines->timestamps) {
                r = sd_journal_get_realtime_usec(j, &usec);
                if (r < 0)
                        return r;
                (void) fprintf(out, "%s ", clock_format_rfc3339(stamp, sizeof(stamp), usec));
        }
        /* The data above is no longer valid once another field is read. */
        r = get_data(j, "MESSAGE", &message, &size);
        if (r >= 0)
                (void) fwrite(message, 1, size, out);
        if (!has_field(j, "CONTAINER_PARTIAL_MESSAGE"))
                (void) fputc('\n', out);
        return ferror(out) ? -EPIPE : 0;
}

/* 0: not to be shown. 1: to be shown. 2: past the end. */
static int select_entry(sd_journal *j, const JournalLines *lines) {
        uint64_t usec;
        int r;

        r = sd_journal_get_realtime_usec(j, &usec);
        if (r < 0)
                return r;
        if (usec > lines->until_usec)
                return 2;
        return (lines->since_usec == USEC_INFINITY || usec >= lines->since_usec) && is_output(j);
}

int journal_print_new(sd_journal *j, const JournalLines *lines) {
        int r;

        while ((r = sd_journal_next(j)) > 0) {
                r = select_entry(j, lines);
                if (r == 2)
                        return 1;
                if (r > 0)
                        r = print_entry(j, lines);
                if (r < 0)
                        return r;
        }
        return r;
}

/* Goes back from the end over @lines->tail entries that are shown, and stands before the first of them. */
static int seek_tail(sd_journal *j, const JournalLines *lines) {
        uint64_t n = 0, usec;
        int r;

        r = lines->until_usec == USEC_INFINITY ? sd_journal_seek_tail(j)
                                               : sd_journal_seek_realtime_usec(j, lines->until_usec + 1);
        while (r >= 0 && n < lines->tail) {
                r = sd_journal_previous(j);
                if (r == 0)
                        return sd_journal_seek_head(j);
                if (r > 0)
                        r = sd_journal_get_realtime_usec(j, &usec);
                if (r < 0)
                        return r;
                if (lines->since_usec != USEC_INFINITY && usec < lines->since_usec)
                        return 0; /* the next one is the first */
                n += select_entry(j, lines) == 1;
        }
        if (r < 0)
                return r;
        r = sd_journal_previous(j);
        return r == 0 ? sd_journal_seek_head(j) : r;
}

int journal_print_lines(sd_journal *j, const JournalLines *lines) {
        int r;

        if (lines->tail != UINT64_MAX)
                r = seek_tail(j, lines);
        else if (lines->since_usec != USEC_INFINITY)
                r = sd_journal_seek_realtime_usec(j, lines->since_usec);
        else
                r = sd_journal_seek_head(j);
        return r < 0 ? r : journal_print_new(j, lines);
}
