/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "oci/create.h"
#include "oci/delete.h"
#include "oci/relay.h"

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
        _cleanup_(created_done) Created c = CREATED_NONE;

        arg.id = operands[0];
        return oci_create(oci, &arg, &c, f);
}

/* Until the container is ready, where somebody wants to know, or until it has ended. */
static int wait_for(Created *c, int *ret_status, Failure *f) {
        Attachment *a = &c->attachment;
        const RelayOptions o = { .pid = runtime_pid(c->runtime),
                                 .pidfd = runtime_pidfd(c->runtime),
                                 .master_fd = a->master_fd,
                                 .reap = true,
                                 .watch_fd = a->readiness.socket_fd,
                                 .on_watched = readiness_pass_on,
                                 .userdata = &a->readiness };

        *ret_status = 0;
        return arg_detach ? readiness_wait(&a->readiness, o.pid, o.pidfd, f) : relay_run(&o, ret_status, f);
}

int verb_run(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(created_done) Created c = CREATED_NONE;
        int r, status;

        arg.id = operands[0];
        arg.start = true;
        arg.detach = arg_detach;
        r = arg_detach ? 0 : relay_prepare(true);
        if (r >= 0)
                r = oci_create(oci, &arg, &c, f);
        if (r < 0)
                return r;
        oci_container_unlock(c.container);
        r = wait_for(&c, &status, f);
        if (!arg_keep && !arg_detach) {
                int k = oci_delete(oci, operands[0], true, true, r < 0 ? NULL : f);

                r = r < 0 ? r : k;
        }
        return r < 0 ? r : status;
}
