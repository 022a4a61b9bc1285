/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/str.h"
#include "supervise/exec.h"
#include "basic/trace.h"
#include "supervise/supervisor.h"
#include "supervise/top.h"

#define SOCKET_FD 3

static int supervise(void) {
        static Supervisor s;
        _cleanup_failure_ Failure failure = {};
        int r;

        supervisor_init(&s, SOCKET_FD);
        r = supervisor_start(&s, &failure);
        if (r < 0)
                (void) message_send_failure(
                                SOCKET_FD,
                                failure_kind_to_string(failure.text ? failure.kind : FAILURE_SYSTEM),
                                failure.text ?: strerrordesc_np(-r),
                                (unsigned) failure_kind_to_exit_status(failure.text ? failure.kind
                                                                                    : FAILURE_SYSTEM));
        else if (r == 0)
                r = supervisor_run(&s);
        supervisor_done(&s);
        return r;
}

/* Called creel-exec it starts one more process in a container that runs, called creel-top it lists those
 * there are. The one argument, the container's name, is for those who read lists of processes. */
int main(int argc, char *argv[]) {
        struct stat st;
        int r;

        log_setup("creel-supervise", LOG_INFO);
        trace_setup("creel-supervise");
        trace("main");
        if (argc > 2 || fstat(SOCKET_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
                log_error("This program is started by creeld, with a socket as file descriptor 3.");
                return EXIT_FAILURE;
        }
        (void) fd_set_cloexec(SOCKET_FD, true);
        (void) umask(0);
        /* Nobody may look into a process that holds the host's files and enters a container. */
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

        r = argc > 0 && streq(argv[0], "creel-exec")  ? exec_run(SOCKET_FD)
            : argc > 0 && streq(argv[0], "creel-top") ? top_run(SOCKET_FD)
                                                      : supervise();
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
