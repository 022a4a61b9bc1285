/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "ctl/client.h"
#include "test.h"

/* A connection without a bus in between: the test's child plays creeld. */

typedef int (*peer_handle_t)(sd_bus_message *m, void *userdata, sd_bus_error *reterr);

/* What the child does: answers calls by @handle until the other side hangs up. */
static inline _noreturn_ void peer_serve(int fd, peer_handle_t handle, void *userdata) {
        sd_id128_t id = {};
        sd_bus *bus;
        int r;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r >= 0)
                r = sd_bus_set_server(bus, 1, id);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, handle, userdata);
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        _exit(0);
}

/* Starts the child and connects @c to it. */
static inline pid_t peer_start(Ctl *c, peer_handle_t handle, void *userdata) {
        int pair[2];
        pid_t pid;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) fd_close(pair[0]);
                peer_serve(pair[1], handle, userdata);
        }
        (void) fd_close(pair[1]);
        assert_true(sd_bus_new(&c->bus) >= 0);
        assert_true(sd_bus_set_fd(c->bus, pair[0], pair[0]) >= 0);
        assert_true(sd_bus_negotiate_fds(c->bus, 1) >= 0);
        assert_true(sd_bus_start(c->bus) >= 0);
        (void) sd_bus_set_close_on_exit(c->bus, 0);
        return pid;
}

static inline void peer_stop(Ctl *c, pid_t pid) {
        c->bus = sd_bus_close_unref(c->bus);
        (void) kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}
