/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/attachment.h"
#include "oci/console.h"
#include "oci/exec-process.h"
#include "oci/oci.h"
#include "oci/passing.h"
#include "oci/pid-file.h"
#include "oci/relay.h"
#include "oci/report.h"
#include "oci/lsm.h"
#include "oci/seccomp.h"
#include "runtime/cgroup.h"
#include "runtime/runtime.h"
#include "spec/json.h"

#define STATUS_FAILED 255 /* of ours, so that it is none of the command's: as runc has it */

static ExecRequest arg;
static const char *arg_console_socket, *arg_pidfd_socket, *arg_pid_file, *arg_cgroup;
static uint64_t arg_preserve_fds;
static bool arg_detach, arg_ignore_paused, arg_ignored;

static int set_no_new_privileges(const Option *option, const char *text, Failure *f) {
        arg.set_no_new_privileges = true;
        return option_set_flag(option, text, f);
}

const Option exec_options[] = {
        { "process", 'p', "FILE", "The process as a JSON object, instead of options and a command",
          option_set_path, &arg.process },
        { "cwd", 0, "DIRECTORY", "Working directory", option_set_path, &arg.cwd },
        { "env", 'e', "NAME=VALUE", "Set an environment variable", option_set_strv, &arg.env },
        { "tty", 't', NULL, "Give it a terminal", option_set_flag, &arg.tty },
        { "user", 'u', "USER[:GROUP]", "Who it runs as", option_set_string, &arg.user },
        { "additional-gids", 'g', "GID", "Add a supplementary group", option_set_strv, &arg.gids },
        { "cap", 'c', "CAPABILITY", "Add a capability", option_set_strv, &arg.capabilities },
        { "no-new-privs", 0, NULL, "Rule out new privileges", set_no_new_privileges,
          &arg.no_new_privileges },
        { "apparmor", 0, "PROFILE", "AppArmor profile", option_set_string, &arg.apparmor },
        { "process-label", 0, "LABEL", "SELinux label", option_set_string, &arg.label },
        { "cgroup", 0, "PATH", "A cgroup beneath the container's", option_set_path, &arg_cgroup },
        { "detach", 'd', NULL, "Do not wait for it to end", option_set_flag, &arg_detach },
        { "pid-file", 0, "FILE", "Write its number there", option_set_path, &arg_pid_file },
        { "console-socket", 0, "PATH", "Socket that gets the terminal's master", option_set_path,
          &arg_console_socket },
        { "pidfd-socket", 0, "PATH", "Socket that gets a pidfd of it", option_set_path, &arg_pidfd_socket },
        { "preserve-fds", 0, "N", "Pass N descriptors on, from 3", option_set_count, &arg_preserve_fds },
        { "ignore-paused", 0, NULL, "Wait for a paused container instead of failing", option_set_flag,
          &arg_ignore_paused },
        { "no-subreaper", 0, NULL, NULL, option_set_flag, &arg_ignored },
        {},
};

/* Everything on the way to the process. What is named by the caller is opened first: later this process is
 * in the container. */
typedef struct Exec {
        OciContainer *container;
        RuntimeSpec *spec;
        OciSeccomp seccomp;
        json_object *state; /* for the agent of the filter */
        Passing passing;
        PidFile pid_file;
        int console_fd, pidfd_fd, leader_pidfd, cgroup_fd, master_fd;
        Runtime *runtime;
} Exec;

#define EXEC_NONE                             \
        ((Exec){ .pid_file = PID_FILE_NONE,   \
                 .console_fd = -EBADF,        \
                 .pidfd_fd = -EBADF,          \
                 .leader_pidfd = -EBADF,      \
                 .cgroup_fd = -EBADF,         \
                 .seccomp = OCI_SECCOMP_NONE, \
                 .master_fd = -EBADF })

static void exec_done(Exec *e) {
        e->runtime = runtime_free(e->runtime);
        e->container = oci_container_free(e->container);
        e->spec = runtime_spec_free(e->spec);
        oci_seccomp_done(&e->seccomp);
        json_putp(&e->state);
        passing_done(&e->passing);
        pid_file_done(&e->pid_file);
        e->console_fd = fd_close(e->console_fd);
        e->pidfd_fd = fd_close(e->pidfd_fd);
        e->leader_pidfd = fd_close(e->leader_pidfd);
        e->cgroup_fd = fd_close(e->cgroup_fd);
        e->master_fd = fd_close(e->master_fd);
}

static int open_container(const Oci *oci, const char *id, Exec *e, Failure *f) {
        OciStatus status;
        int r;

        r = oci_container_open(&oci->root, id, false, &e->container, f);
        if (r < 0)
                return r;
        status = oci_container_status(e->container);
        if (status == OCI_PAUSED && !arg_ignore_paused)
                return failure_set(
                                f, FAILURE_INVALID_STATE,
                                "cannot exec in a paused container: resume %s first, or use --ignore-paused",
                                id);
        if (status == OCI_STOPPED || status == OCI_CREATING)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot exec in container %s: container not running (it is %s)", id,
                                   oci_status_to_string(status));
        r = oci_container_pidfd(e->container, &e->leader_pidfd);
        return r < 0 ? failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot exec in container %s: container not running (it has just ended)",
                                   id)
                     : 0;
}

static int read_spec(Exec *e, Failure *f) {
        _cleanup_free_ char *config = NULL;
        size_t n;
        int r;

        r = file_read(e->container->dir_fd, "config.json", RUNTIME_SPEC_BYTES_MAX, &config, &n);
        if (r < 0)
                return failure_set_errno(f, FAILURE_STORAGE, r, "cannot read the document of container %s",
                                         e->container->id);
        r = exec_process_specify(&arg, config, n, &e->spec, f);
        return r < 0 ? r : passing_set_environment(&e->passing, &e->spec->process.env);
}

static int open_cgroup(Exec *e, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        const char *path = e->container->cgroup;
        int r;

        r = path ? cgroup_open(path, &fd) : 0;
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot open the container's cgroup %s",
                                         path);
        if (arg_cgroup && fd < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--cgroup: the container has no cgroup of its own");
        if (arg_cgroup && arg_cgroup[strspn(arg_cgroup, "/")]) {
                const char *name = arg_cgroup + strspn(arg_cgroup, "/");

                r = path_openat2(fd, name, O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
                                 &e->cgroup_fd);
                if (r == -EXDEV)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "--cgroup: bad sub cgroup path %s",
                                           arg_cgroup);
                return r < 0 ? failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r,
                                                 "--cgroup: adding pid to cgroup %s of the container",
                                                 arg_cgroup)
                             : 0;
        }
        e->cgroup_fd = TAKE_FD(fd);
        return 0;
}

static int open_sockets(Exec *e, Failure *f) {
        int r;

        r = console_check(e->spec->process.terminal, arg_detach, arg_console_socket, f);
        if (r >= 0 && arg_console_socket)
                r = console_connect("--console-socket", arg_console_socket, &e->console_fd, f);
        if (r >= 0 && arg_pidfd_socket)
                r = console_connect("--pidfd-socket", arg_pidfd_socket, &e->pidfd_fd, f);
        return r < 0 ? r : pid_file_open(arg_pid_file, &e->pid_file, f);
}

static int give_listener(pid_t pid, int listener_fd, void *userdata, Failure *f) {
        Exec *e = userdata;

        return oci_seccomp_tell(&e->seccomp, e->state, pid, listener_fd, f);
}

static int enter(Exec *e, Failure *f) {
        RuntimeEnter options = {
                .target = { .leader = e->container->pid,
                            .leader_pidfd = e->leader_pidfd,
                            .scope_fd = -EBADF,
                            .cgroup_fd = e->cgroup_fd,
                            .cgroup_only = arg_cgroup },
                .passed = e->passing.fds,
                .passed_as = e->passing.numbers,
                .n_passed = e->passing.n,
                .n_listen = e->passing.n_listen,
                .stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
                .seccomp_fd = -EBADF,
                .listening = give_listener,
                .userdata = e,
        };
        int r;

        r = oci_seccomp_finish(&e->seccomp, &options.seccomp_fd, f);
        /* Inside, the numbers of processes are others. */
        if (r >= 0 && e->seccomp.agent_fd >= 0)
                r = oci_container_state(e->container, oci_container_status(e->container), &e->state);
        if (r < 0)
                return r;
        if (!arg_detach)
                attachment_fit_terminal(&e->spec->process);
        /* While a paused container is waited for, we can be interrupted. */
        r = arg_detach || arg_ignore_paused ? 0 : relay_prepare(false);
        if (r >= 0)
                r = runtime_enter(e->spec, &options, &e->runtime, f);
        if (r >= 0 && arg_ignore_paused && !arg_detach)
                r = relay_prepare(false);
        e->master_fd = r < 0 ? -EBADF : runtime_take_terminal(e->runtime);
        return r;
}

/* Tells everybody who wants to know. */
static int announce(Exec *e, Failure *f) {
        int r = 0;

        if (e->console_fd >= 0) {
                r = console_send_terminal(e->console_fd, e->master_fd, f);
                e->master_fd = fd_close(e->master_fd);
        }
        if (r >= 0 && e->pidfd_fd >= 0)
                r = console_send_process(e->pidfd_fd, runtime_pidfd(e->runtime), false, f);
        return r < 0 ? r : pid_file_write(&e->pid_file, runtime_pid(e->runtime), f);
}

static int run(const Oci *oci, const char *id, Exec *e, int *ret_status, Failure *f) {
        int r;

        r = passing_collect(arg_preserve_fds, &e->passing, f);
        if (r >= 0)
                r = open_container(oci, id, e, f);
        if (r >= 0)
                r = read_spec(e, f);
        if (r >= 0)
                r = oci_lsm_prepare(e->spec, f);
        if (r >= 0)
                r = oci_seccomp_begin(e->spec, &e->seccomp, f);
        if (r >= 0)
                r = open_sockets(e, f);
        if (r >= 0)
                r = open_cgroup(e, f);
        if (r >= 0)
                r = enter(e, f);
        if (r < 0)
                return r;
        r = announce(e, f);
        if (r < 0) {
                (void) syscall(SYS_pidfd_send_signal, runtime_pidfd(e->runtime), SIGKILL, NULL, 0);
                return r;
        }
        if (arg_detach) {
                *ret_status = 0;
                return 0;
        }
        return relay_run(&(const RelayOptions){ .pid = runtime_pid(e->runtime),
                                                .pidfd = runtime_pidfd(e->runtime),
                                                .master_fd = e->master_fd,
                                                .watch_fd = -EBADF },
                         ret_status, f);
}

int verb_exec(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(exec_done) Exec e = EXEC_NONE;
        int status = STATUS_FAILED, r;

        arg.command = operands + 1;
        if (arg.command[0] && streq(arg.command[0], "--"))
                arg.command++;
        r = !arg.process && !arg.command[0]
                            ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                          "exec needs a command, or a process with --process")
                            : run(oci, operands[0], &e, &status, f);
        arg.env = strv_free(arg.env);
        arg.gids = strv_free(arg.gids);
        arg.capabilities = strv_free(arg.capabilities);
        if (r >= 0)
                return status;
        report_failure(f, r);
        return STATUS_FAILED;
}
