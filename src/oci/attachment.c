/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/ioctl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/strv.h"
#include "basic/tty.h"
#include "oci/attachment.h"
#include "oci/console.h"

#define RECEIVER_ANNOTATION "run.oci.pidfd_receiver"

void attachment_done(Attachment *a) {
        passing_done(&a->passing);
        a->console_fd = fd_close(a->console_fd);
        a->pidfd_fd = fd_close(a->pidfd_fd);
        a->receiver_fd = fd_close(a->receiver_fd);
        a->master_fd = fd_close(a->master_fd);
        readiness_done(&a->readiness);
}

int attachment_open(uint64_t preserve_fds, const char *console_socket, const char *pidfd_socket, bool detach,
                    Attachment *ret, Failure *f) {
        _cleanup_(attachment_done) Attachment a = ATTACHMENT_NONE;
        int r;

        a.detach = detach;
        r = passing_collect(preserve_fds, &a.passing, f);
        if (r >= 0 && console_socket)
                r = console_connect("--console-socket", console_socket, &a.console_fd, f);
        if (r >= 0 && pidfd_socket)
                r = console_connect("--pidfd-socket", pidfd_socket, &a.pidfd_fd, f);
        if (r < 0)
                return r;
        *ret = a;
        a = ATTACHMENT_NONE;
        return 0;
}

void attachment_fit_terminal(RuntimeProcess *p) {
        struct winsize size;

        if (!p->terminal)
                return;
        if (tty_get_size(&size)) {
                p->console_width = size.ws_col;
                p->console_height = size.ws_row;
        }
        p->console_plain = !isatty(STDOUT_FILENO);
}

int attachment_prepare(Attachment *a, RuntimeSpec *spec, const char *console_socket, const OciContainer *c,
                       const char *state_path, bool start, Failure *f) {
        const char *receiver = strv_env_get(spec->annotations, RECEIVER_ANNOTATION);
        int r;

        r = spec->has_process ? console_check(spec->process.terminal, a->detach, console_socket, f) : 0;
        if (r >= 0 && receiver)
                r = console_connect("annotation " RECEIVER_ANNOTATION, receiver, &a->receiver_fd, f);
        if (r >= 0)
                r = readiness_prepare(spec, state_path, c->dir_fd, f);
        if (r >= 0 && start)
                r = readiness_open(c->dir_fd, &a->readiness, f);
        if (r >= 0)
                r = passing_set_environment(&a->passing, &spec->process.env);
        if (r >= 0 && !a->detach)
                attachment_fit_terminal(&spec->process);
        return r;
}

void attachment_set_options(const Attachment *a, RuntimeOptions *o) {
        o->passed = a->passing.fds;
        o->passed_as = a->passing.numbers;
        o->n_passed = a->passing.n;
        o->n_listen = a->passing.n_listen;
}

int attachment_announce(Attachment *a, Runtime *rt, Failure *f) {
        int r = 0;

        a->master_fd = runtime_take_terminal(rt);
        if (a->console_fd >= 0) {
                r = console_send_terminal(a->console_fd, a->master_fd, f);
                a->master_fd = fd_close(a->master_fd);
                a->console_fd = fd_close(a->console_fd);
        }
        if (r >= 0 && a->pidfd_fd >= 0)
                r = console_send_process(a->pidfd_fd, runtime_pidfd(rt), true, f);
        return r < 0 || a->receiver_fd < 0
                               ? r
                               : console_send_process(a->receiver_fd, runtime_pidfd(rt), true, f);
}
