/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A server that gives the answers it was told, one a connection, and tells what it was asked. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Canned {
        pid_t pid;
        int requests;  /* one datagram a request */
        char host[32]; /* 127.0.0.1:PORT */
} Canned;

static inline void canned_serve(int listener, int requests, const char *const *answers) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (; *answers; answers++) {
                int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                char request[8192] = {};
                size_t n = 0;
                ssize_t got;

                while (!strstr(request, "\r\n\r\n") && n < sizeof(request) - 1) {
                        got = read(fd, request + n, sizeof(request) - 1 - n);
                        if (got <= 0)
                                break;
                        n += (size_t) got;
                }
                (void) send(requests, request, n, 0);
                (void) send(fd, *answers, strlen(*answers), MSG_NOSIGNAL);
                (void) close(fd);
        }
}

static inline void canned_start(Canned *c, const char *const *answers) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];
        socklen_t length = sizeof(address);

        assert_int_equal(bind(listener, (struct sockaddr *) &address, length), 0);
        assert_int_equal(listen(listener, 16), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &length), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        (void) snprintf(c->host, sizeof(c->host), "127.0.0.1:%u", ntohs(address.sin_port));
        c->pid = fork();
        assert_true(c->pid >= 0);
        if (c->pid == 0) {
                (void) close(pair[0]);
                canned_serve(listener, pair[1], answers);
                _exit(0);
        }
        (void) close(listener);
        (void) close(pair[1]);
        c->requests = pair[0];
}

/* The next request, as it came; "" where there was none. */
static inline const char *canned_request(Canned *c) {
        static char buffer[8192];
        ssize_t n = recv(c->requests, buffer, sizeof(buffer) - 1, 0);

        buffer[n > 0 ? n : 0] = 0;
        return buffer;
}

static inline void canned_stop(Canned *c) {
        (void) kill(c->pid, SIGKILL);
        (void) waitpid(c->pid, NULL, 0);
        (void) close(c->requests);
}
