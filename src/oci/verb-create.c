/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/wait.h>

#include "basic/memory.h"
#include "oci/create.h"
#include "oci/delete.h"

static CreateRequest arg;
static bool arg_detach, arg_keep, arg_ignored;

#define CREATE_OPTIONS                                                                                   \
        { "bundle",        'b',        "DIRECTORY", "The bundle; default: the working directory",        \
          option_set_path, &arg.bundle },                                                                \
                        { "config",        'f',                                                          \
                          "FILE",          "Another document than the bundle's config.json",             \
                          option_set_path, &arg.config },                                                \
                        { "console-socket", 0,                                                           \
                          "PATH",           "Socket that gets the terminal's master",                    \
                          option_set_path,  &arg.console_socket },                                       \
                        { "pidfd-socket",  0,                                                            \
                          "PATH",          "Socket that gets a pidfd of the first process",              \
                          option_set_path, &arg.pidfd_socket },                                          \
                        { "pid-file",      0,                                                            \
                          "FILE",          "Write the number of the first process there",                \
                          option_set_path, &arg.pid_file },                                              \
                        { "preserve-fds",   0, "N", "Pass N descriptors on, from 3", option_set_count,   \
                          &arg.preserve_fds },                                                           \
                        { "no-pivot",                                                                    \
                          0,                                                                             \
                          NULL,                                                                          \
                          "Do not use pivot_root(2), for a host that runs from a ramfs",                 \
                          option_set_flag,                                                               \
                          &arg.no_pivot },                                                               \
                        { "no-new-keyring",   0, NULL, "Do not make a session keyring", option_set_flag, \
                          &arg.no_new_keyring },                                                         \
        {                                                                                                \
                "no-subreaper", 0, NULL, NULL, option_set_flag, &arg_ignored                             \
        }

const Option create_options[] = { CREATE_OPTIONS, {} };

const Option run_options[] = {
        CREATE_OPTIONS,
        { "detach", 'd', NULL, "Do not wait for the container to end", option_set_flag, &arg_detach },
        { "keep", 0, NULL, "Do not delete the container when it has ended", option_set_flag, &arg_keep },
        {},
};

int verb_create(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(created_done) Created c = {};

        arg.id = operands[0];
        return oci_create(oci, &arg, &c, f);
}

/* Waits for the first process, and takes what else is left to us to reap. */
static int wait_for(pid_t pid) {
        for (;;) {
                siginfo_t info = {};

                if (waitid(P_ALL, 0, &info, WEXITED) < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                if (info.si_pid == pid)
                        return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        }
}

int verb_run(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(created_done) Created c = {};
        int r, status;

        arg.id = operands[0];
        arg.start = true;
        r = oci_create(oci, &arg, &c, f);
        if (r < 0 || arg_detach)
                return r;
        oci_container_unlock(c.container);
        status = wait_for(runtime_pid(c.runtime));
        if (!arg_keep)
                r = oci_delete(oci, operands[0], true, true, f);
        return r < 0 ? r : status;
}
