/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/hook.h"
#include "spec/json.h"

#define STATE_VERSION "1.2.0"
#define TAIL_BYTES 512
#define BLIND_MSEC 10 /* between two looks at a hook that there is no pidfd for */

typedef struct Run {
        const RuntimeHook *hook;
        pid_t pid;
        int pidfd, output_fd;
        bool timed_out;
        int status; /* as waitpid(2) gives it */
        char tail[TAIL_BYTES + 1]; /* what it said last */
        size_t n_tail;
} Run;

int hook_state(const RuntimeSpec *spec, const HookContext *context, const char *status, pid_t pid,
               char **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "ociVersion", spec->oci_version ?: STATE_VERSION);
        if (r >= 0)
                r = json_add_string(o, "id", context->id);
        if (r >= 0)
                r = json_add_string(o, "status", status);
        if (r >= 0 && pid > 0)
                r = json_add_i64(o, "pid", pid);
        if (r >= 0)
                r = json_add_string(o, "bundle", context->bundle);
        if (r >= 0)
                r = json_add_string_map(o, "annotations", spec->annotations);
        return r < 0 ? r : json_format(o, false, ret);
}

static void reset_signals(void) {
        struct sigaction sa = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int i = 1; i < _NSIG; i++)
                if (i != SIGKILL && i != SIGSTOP)
                        (void) sigaction(i, &sa, NULL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The streams may have the numbers of one another, so they go out of the way first. */
static int arrange_streams(const int wanted[static 3]) {
        int moved[3];

        for (int i = 0; i < 3; i++) {
                moved[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, 3);
                if (moved[i] < 0)
                        return negative_errno();
        }
        for (int i = 0; i < 3; i++)
                if (dup2(moved[i], i) < 0)
                        return negative_errno();
        return syscall(SYS_close_range, 3U, ~0U, 0U) < 0 ? negative_errno() : 0;
}

_noreturn_ static void child_run(const RuntimeHook *hook, const int streams[static 3]) {
        char *own[] = { hook->path, NULL }, *empty[] = { NULL };
        const char *text;

        reset_signals();
        /* so that all of it can be ended at once */
        (void) setsid();
        if (arrange_streams(streams) >= 0)
                (void) execve(hook->path, hook->args ?: own, hook->env ?: empty);
        text = strerror(errno);
        (void) fd_write_all(STDERR_FILENO, text, strlen(text));
        _exit(errno == ENOENT ? 127 : 126);
}

static void remember(Run *run, const char *data, size_t n) {
        size_t keep;

        if (n > TAIL_BYTES) {
                data += n - TAIL_BYTES;
                n = TAIL_BYTES;
        }
        keep = MIN(run->n_tail, TAIL_BYTES - n);
        memmove(run->tail, run->tail + run->n_tail - keep, keep);
        memcpy(run->tail + keep, data, n);
        run->n_tail = keep + n;
        run->tail[run->n_tail] = 0;
}

/* Reads what there is. At the end of the stream nobody looks at it any more. */
static void listen_to(Run *run) {
        char data[4096];
        ssize_t n;

        while ((n = read(run->output_fd, data, sizeof(data))) > 0)
                remember(run, data, (size_t) n);
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
                run->output_fd = fd_close(run->output_fd);
}

static bool has_ended(Run *run) {
        pid_t pid = waitpid(run->pid, &run->status, WNOHANG);

        return pid == run->pid || (pid < 0 && errno != EINTR);
}

static int remaining_msec(const Run *run, uint64_t started_usec) {
        uint64_t limit = run->hook->timeout_usec, gone, left;

        if (limit == 0)
                return run->pidfd < 0 ? BLIND_MSEC : -1;
        gone = clock_now_monotonic_usec() - started_usec;
        left = gone >= limit ? 0 : (limit - gone + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
        return (int) MIN(left, run->pidfd < 0 ? BLIND_MSEC : (uint64_t) 3600 * 1000);
}

/* It has ended when its process has, whatever it has left behind with its streams open. */
static void wait_for(Run *run) {
        uint64_t started_usec = clock_now_monotonic_usec();

        while (!has_ended(run)) {
                struct pollfd p[] = { { .fd = run->pidfd, .events = POLLIN },
                                      { .fd = run->output_fd, .events = POLLIN } };
                int msec = remaining_msec(run, started_usec);

                if (msec == 0) {
                        run->timed_out = true;
                        (void) kill(-run->pid, SIGKILL);
                        (void) kill(run->pid, SIGKILL);
                        (void) waitpid(run->pid, &run->status, 0);
                        break;
                }
                if (poll(p, ELEMENTSOF(p), msec) > 0 && p[1].revents)
                        listen_to(run);
        }
        if (run->output_fd >= 0)
                listen_to(run);
}

static int start(Run *run, const int wanted[static 3]) {
        int fds[2], streams[3];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return negative_errno();
        run->output_fd = fds[0];
        for (int i = 0; i < 3; i++)
                streams[i] = wanted[i] >= 0 ? wanted[i] : fds[1];
        run->pid = fork();
        if (run->pid == 0)
                child_run(run->hook, streams);
        (void) fd_close(fds[1]);
        if (run->pid < 0)
                return negative_errno();
        run->pidfd = (int) syscall(SYS_pidfd_open, run->pid, 0);
        return fd_set_nonblock(run->output_fd, true);
}

static const char *last_line(Run *run) {
        char *line;

        while (run->n_tail > 0 && strchr(" \r\n", run->tail[run->n_tail - 1]))
                run->tail[--run->n_tail] = 0;
        line = memrchr(run->tail, '\n', run->n_tail);
        return line ? line + 1 : run->tail;
}

static int explain(Run *run, const char *kind, size_t i, Failure *reterr) {
        const char *path = run->hook->path, *line = last_line(run), *gap = *line ? ": " : "";

        if (run->timed_out)
                return failure_set(reterr, FAILURE_SYSTEM,
                                   "error running %s hook #%zu: %s did not end within %" PRIu64
                                   " seconds and was killed",
                                   kind, i, path, run->hook->timeout_usec / USEC_PER_SEC);
        if (WIFSIGNALED(run->status))
                return failure_set(reterr, FAILURE_SYSTEM,
                                   "error running %s hook #%zu: %s was ended by signal %d%s%s", kind, i,
                                   path, WTERMSIG(run->status), gap, line);
        if (WEXITSTATUS(run->status) != 0)
                return failure_set(reterr, FAILURE_SYSTEM,
                                   "error running %s hook #%zu: %s: exit status %d%s%s", kind, i, path,
                                   WEXITSTATUS(run->status), gap, line);
        return 0;
}

int hook_run_one(const RuntimeSpec *spec, RuntimeHookKind kind, size_t i, const HookContext *context,
                 const char *state, Failure *reterr) {
        Run run = { .hook = spec->hooks[kind].hooks + i, .pidfd = -EBADF, .output_fd = -EBADF };
        const char *name = runtime_hook_kind_to_string(kind);
        _cleanup_close_ int state_fd = -EBADF;
        int r;

        r = fd_new_sealed("state", state, strlen(state), &state_fd);
        if (r >= 0)
                r = start(&run, (const int[]) { state_fd, context->stdout_fd, context->stderr_fd });
        if (r >= 0)
                wait_for(&run);
        else
                r = failure_set_errno(reterr, FAILURE_SYSTEM, r, "error running %s hook #%zu: cannot run %s",
                                      name, i, run.hook->path);
        (void) fd_close(run.output_fd);
        (void) fd_close(run.pidfd);
        return r < 0 ? r : explain(&run, name, i, reterr);
}

int hook_run(const RuntimeSpec *spec, RuntimeHookKind kind, const HookContext *context, const char *status,
             pid_t pid, Failure *reterr) {
        _cleanup_free_ char *state = NULL;
        int r;

        if (spec->hooks[kind].n == 0)
                return 0;
        r = hook_state(spec, context, status, pid, &state);
        for (size_t i = 0; i < spec->hooks[kind].n && r >= 0; i++)
                r = hook_run_one(spec, kind, i, context, state, reterr);
        return r;
}
