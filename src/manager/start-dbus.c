/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a start brings besides its streams: descriptors for the command, and who wants to hear of readiness.
 */

#include <fcntl.h>

#include "basic/str.h"
#include "manager/manager.h"

#define FD_NUMBER_MIN 3U
#define FD_NUMBER_MAX 1023U

static int add_passed(JobFds *fds, uint32_t number, int fd, Failure *f) {
        int copy;

        if (number < FD_NUMBER_MIN || number > FD_NUMBER_MAX)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option fds: %" PRIu32 " must be from 3 to 1023", number);
        for (size_t i = 0; i < fds->n_passed; i++)
                if (fds->passed_as[i] == number)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option fds: %" PRIu32 " is given twice", number);
        if (fds->n_passed >= JOB_FDS_PASSED_MAX)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option fds: must be at most %d descriptors",
                                   JOB_FDS_PASSED_MAX);
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot take option fds");
        fds->passed[fds->n_passed] = copy;
        fds->passed_as[fds->n_passed++] = number;
        return 0;
}

static int read_fds(sd_bus_message *m, JobFds *fds, Failure *f) {
        uint32_t number;
        int r, fd;

        if (fds->n_passed > 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option fds: given twice");
        r = sd_bus_message_enter_container(m, 'v', "a(uh)");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(uh)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(uh)", &number, &fd)) > 0) {
                r = add_passed(fds, number, fd, f);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option fds: must be numbers and descriptors (a(uh))")
                     : 1;
}

static int read_listen_fds(sd_bus_message *m, JobFds *fds, Failure *f) {
        uint32_t n;

        if (sd_bus_message_read(m, "v", "u", &n) < 0 || n > JOB_FDS_PASSED_MAX)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option listen-fds: must be a number up to %d (u)", JOB_FDS_PASSED_MAX);
        fds->n_listen = n;
        return 1;
}

static int read_listen_names(sd_bus_message *m, JobParameters *p, Failure *f) {
        const char *s;

        if (sd_bus_message_read(m, "v", "s", &s) < 0 || strlen(s) >= sizeof(p->listen_names))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option listen-fdnames: must be names with ':' between them (s)");
        memcpy(p->listen_names, s, strlen(s) + 1);
        return 1;
}

static int read_notify(sd_bus_message *m, JobFds *fds, Failure *f) {
        int fd;

        if (sd_bus_message_read(m, "v", "h", &fd) < 0 || fds->notify >= 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option notify: must be a file descriptor (h), once");
        fds->notify = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return fds->notify < 0 ? failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot take option notify")
                               : 1;
}

int start_dbus_read_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f) {
        if (streq(key, "fds"))
                return read_fds(m, &p->fds, f);
        if (streq(key, "listen-fds"))
                return read_listen_fds(m, &p->fds, f);
        if (streq(key, "listen-fdnames"))
                return read_listen_names(m, p, f);
        if (streq(key, "notify"))
                return read_notify(m, &p->fds, f);
        return 0;
}
