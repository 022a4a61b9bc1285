/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/epoll.h>
#include <sys/wait.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "engine/reaper.h"

typedef struct Reaper {
        pid_t pid;
        reaper_callback_t callback;
        void *userdata;
} Reaper;

static int on_pidfd(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _cleanup_free_ Reaper *reaper = userdata;
        siginfo_t si;

        /* P_PIDFD fails with ECHILD for a process that an earlier creeld started: init collects those. */
        (void) waitid(P_PIDFD, (id_t) fd, &si, WEXITED | WNOHANG);
        (void) sd_event_source_disable_unref(source);
        if (reaper->callback)
                reaper->callback(reaper->userdata);
        return 0;
}

void reaper_add(sd_event *event, pid_t pid, int pidfd, reaper_callback_t callback, void *userdata) {
        _cleanup_close_ int fd = pidfd;
        _cleanup_free_ Reaper *reaper = new0(Reaper, 1);
        sd_event_source *source = NULL;
        int r = -ENOMEM;

        if (reaper) {
                *reaper = (Reaper) { pid, callback, userdata };
                r = sd_event_add_io(event, &source, fd, EPOLLIN, on_pidfd, reaper);
        }
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(source, true);
        if (r < 0) {
                log_warning_errno(r, "Cannot watch process %d, ignoring: %m", (int) pid);
                (void) sd_event_source_unref(source);
                return;
        }
        (void) TAKE_FD(fd);
        (void) TAKE_PTR(reaper);
}
