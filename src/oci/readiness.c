/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/socket.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/readiness.h"
#include "runtime/notify.h"
#include "spec/json.h"

#define SOCKET_NAME "notify"
#define PLACE_OF_ABSTRACT "/run/notify" /* a socket without a path */
#define BARRIER_MSEC 5000

void readiness_done(Readiness *r) {
        r->socket_fd = fd_close(r->socket_fd);
        r->manager_fd = fd_close(r->manager_fd);
}

static const char *caller_socket(void) {
        const char *path = getenv("NOTIFY_SOCKET");

        return path && (*path == '/' || *path == '@') ? path : NULL;
}

static int describe_mount(const char *source, const char *destination, json_object **ret) {
        static const char *const options[] = { "bind", "nosuid", "nodev", "noexec", "ro", NULL };
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        r = o ? json_add_string(o, "destination", destination) : -ENOMEM;
        if (r >= 0)
                r = json_add_string(o, "type", "bind");
        if (r >= 0)
                r = json_add_string(o, "source", source);
        if (r >= 0)
                r = json_add_strv(o, "options", (char *const *) options);
        if (r >= 0)
                *ret = TAKE_PTR(o);
        return r;
}

static int add_mount(RuntimeSpec *spec, const char *source, const char *destination) {
        RuntimeMount *mounts = reallocarray(spec->mounts, spec->n_mounts + 1, sizeof(*mounts));
        _cleanup_json_ json_object *o = NULL;
        const char *key, *text;
        int r;

        if (!mounts)
                return -ENOMEM;
        spec->mounts = mounts;
        r = describe_mount(source, destination, &o);
        if (r >= 0)
                r = runtime_mount_parse(o, mounts + spec->n_mounts, &key, &text);
        if (r >= 0)
                spec->n_mounts++;
        return r;
}

int readiness_prepare(RuntimeSpec *spec, const char *state_path, int state_fd, Failure *f) {
        const char *caller = caller_socket(), *destination;
        _cleanup_free_ char *source = NULL, *variable = NULL;
        int r;

        if (!caller)
                return 0;
        destination = *caller == '/' ? caller : PLACE_OF_ABSTRACT;
        r = path_join(state_path, READINESS_DIRECTORY, &source);
        if (r >= 0)
                r = string_format(&variable, "NOTIFY_SOCKET=%s/" SOCKET_NAME, destination);
        if (r >= 0)
                r = strv_env_set(&spec->process.env, variable);
        if (r >= 0)
                r = add_mount(spec, source, destination);
        if (r >= 0 && mkdirat(state_fd, READINESS_DIRECTORY, 0755) < 0 && errno != EEXIST)
                r = negative_errno();
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r,
                                         "cannot make the place of the container's NOTIFY_SOCKET")
                     : 0;
}

int readiness_open(int state_fd, Readiness *ret, Failure *f) {
        _cleanup_close_ int directory_fd = -EBADF;
        _cleanup_(readiness_done) Readiness r = READINESS_NONE;
        const char *caller = caller_socket();
        int k;

        if (!caller)
                return 0;
        directory_fd = openat(state_fd, READINESS_DIRECTORY,
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory_fd < 0 && errno == ENOENT)
                return 0;
        k = directory_fd < 0 ? negative_errno() : notify_open(directory_fd, SOCKET_NAME, &r.socket_fd);
        if (k < 0)
                return failure_set_errno(f, FAILURE_STORAGE, k, "cannot make the container's NOTIFY_SOCKET");
        k = socket_connect(caller, SOCK_DGRAM, &r.manager_fd);
        if (k < 0)
                log_warning("Nobody listens at NOTIFY_SOCKET %s, ignoring.", caller);
        *ret = r;
        r = READINESS_NONE;
        return 0;
}

static void tell(const Readiness *r, const char *text) {
        if (r->manager_fd >= 0 && send(r->manager_fd, text, strlen(text), MSG_NOSIGNAL) < 0)
                log_warning_errno(errno, "cannot notify the service manager, ignoring: %m");
}

/* One message without blocking; its last line without the newline. The timer in there has to reach us. */
static int receive(Readiness *r, char ret[static NOTIFY_BYTES_MAX]) {
        sigset_t alarm, before;
        int k;

        (void) sigemptyset(&alarm);
        (void) sigaddset(&alarm, SIGALRM);
        (void) sigprocmask(SIG_UNBLOCK, &alarm, &before);
        k = notify_receive(r->socket_fd, NOTIFY_ANY, 0, ret);
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        if (k > 0)
                ret[strlen(ret) - 1] = 0;
        return k;
}

int readiness_pass_on(void *readiness) {
        char text[NOTIFY_BYTES_MAX];
        Readiness *r = readiness;
        int k;

        k = receive(r, text);
        if (k > 0)
                tell(r, text);
        return k;
}

static bool says_ready(const char *text) {
        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (startswith(line, "READY=1") && strchr("\n", line[7]))
                        return true;
        return false;
}

/* Until the manager has read what we said: afterwards it could not find out any more whose process we were.
 */
static void wait_for_manager(const Readiness *r) {
        int ends[2];

        if (r->manager_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
                return;
        if (socket_send_fd(r->manager_fd, ends[1], "BARRIER=1") >= 0) {
                ends[1] = fd_close(ends[1]);
                (void) poll(&(struct pollfd){ .fd = ends[0] }, 1, BARRIER_MSEC);
        }
        (void) fd_close(ends[0]);
        (void) fd_close(ends[1]);
}

static void tell_main_process(const Readiness *r, const char *text, pid_t pid) {
        _cleanup_free_ char *message = NULL;

        if (string_format(&message, "MAINPID=%d\n%s", pid, text) >= 0)
                tell(r, message);
        wait_for_manager(r);
}

int readiness_wait(Readiness *r, pid_t pid, int pidfd, Failure *f) {
        while (r->socket_fd >= 0) {
                struct pollfd fds[] = { { .fd = r->socket_fd, .events = POLLIN },
                                        { .fd = pidfd, .events = POLLIN } };
                char text[NOTIFY_BYTES_MAX];
                int k;

                if (poll(fds, ELEMENTSOF(fds), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return failure_set_errno(f, FAILURE_SYSTEM, errno,
                                                 "cannot wait for the container to be ready");
                }
                k = fds[0].revents ? receive(r, text) : 0;
                if (k > 0 && says_ready(text)) {
                        tell_main_process(r, text, pid);
                        return 0;
                }
                if (k > 0)
                        tell(r, text);
                else if (fds[1].revents)
                        return 0;
        }
        return 0;
}
