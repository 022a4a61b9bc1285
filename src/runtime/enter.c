/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/cgroup.h"
#include "runtime/channel.h"
#include "runtime/enter.h"
#include "runtime/terminal.h"
#include "spec/ulimit.h"

void enter_done(Enter *e) {
        e->payload_fd = fd_close(e->payload_fd);
        e->leader_cgroup_fd = fd_close(e->leader_cgroup_fd);
        e->cgroup_ns_fd = fd_close(e->cgroup_ns_fd);
        e->host_proc_fd = fd_close(e->host_proc_fd);
}

static int gone(Failure *reterr) {
        return failure_set(reterr, FAILURE_INVALID_STATE, "the container has just ended");
}

static int open_proc(int *ret_fd) {
        _cleanup_close_ int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct statfs sfs;

        if (fd < 0 || fstatfs(fd, &sfs) < 0)
                return negative_errno();
        if (sfs.f_type != PROC_SUPER_MAGIC)
                return -EXDEV;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Opens the leader's namespace. *@ret_fd is -EBADF where it is this process's own. */
static int open_namespace(int leader_fd, int self_fd, const char *path, int *ret_fd) {
        _cleanup_close_ int fd = openat(leader_fd, path, O_RDONLY | O_CLOEXEC);
        struct stat theirs, ours;

        if (fd < 0 || fstat(fd, &theirs) < 0 || fstatat(self_fd, path, &ours, 0) < 0)
                return negative_errno();
        *ret_fd = theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev ? -EBADF : TAKE_FD(fd);
        return 0;
}

/* What the container's 0 is outside, by uid_map or gid_map; (uint32_t) -1 where it has none. */
static int map_root(int leader_fd, const char *name, uint32_t *ret) {
        _cleanup_free_ char *text = NULL;
        uint32_t inside, outside, size;
        int r;

        r = file_read_virtual(leader_fd, name, &text);
        if (r < 0)
                return r;
        *ret = (uint32_t) -1;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
                if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &size) == 3 &&
                    inside == 0)
                        *ret = outside;
        return 0;
}

static int open_leader_cgroup(int leader_fd, int *ret_fd) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = file_read_cgroup(leader_fd, "cgroup", &path);
        return r < 0 ? r : cgroup_open(path, ret_fd);
}

static int open_cgroups(const EnterTarget *target, int leader_fd, Enter *e, Failure *reterr) {
        int r;

        if (target->cgroup_fd >= 0)
                e->payload_fd = fcntl(target->cgroup_fd, F_DUPFD_CLOEXEC, 3);
        else if (target->scope_fd >= 0)
                e->payload_fd = openat(target->scope_fd, "payload",
                                       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (e->payload_fd < 0 && (target->cgroup_fd >= 0 || target->scope_fd >= 0))
                return errno == ENOENT || errno == ENODEV
                                       ? gone(reterr)
                                       : failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                                           "cannot open the container's cgroup");
        r = target->cgroup_only ? 0 : open_leader_cgroup(leader_fd, &e->leader_cgroup_fd);
        if (r < 0)
                log_debug_errno(r, "cannot open the cgroup of the first process, ignoring: %m");
        return 0;
}

int enter_open(const EnterTarget *target, Enter *ret, Failure *reterr) {
        _cleanup_(enter_done) Enter e = ENTER_NONE;
        _cleanup_close_ int leader_fd = -EBADF, self_fd = -EBADF, user_ns_fd = -EBADF, time_ns_fd = -EBADF;
        char number[16];
        int r;

        r = open_proc(&e.host_proc_fd);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot open /proc");
        (void) snprintf(number, sizeof(number), "%d", target->leader);
        leader_fd = openat(e.host_proc_fd, number, O_PATH | O_DIRECTORY | O_CLOEXEC);
        self_fd = openat(e.host_proc_fd, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = leader_fd < 0 || self_fd < 0 ? -ESRCH : 0;
        if (r >= 0)
                r = open_namespace(leader_fd, self_fd, "ns/user", &user_ns_fd);
        if (r >= 0)
                r = open_namespace(leader_fd, self_fd, "ns/cgroup", &e.cgroup_ns_fd);
        if (r >= 0)
                r = open_namespace(leader_fd, self_fd, "ns/time", &time_ns_fd);
        if (r >= 0)
                r = map_root(leader_fd, "uid_map", &e.root_uid);
        if (r >= 0)
                r = map_root(leader_fd, "gid_map", &e.root_gid);
        /* Only now is it certain that the number was still that of the process meant. */
        if (r < 0 || syscall(SYS_pidfd_send_signal, target->leader_pidfd, 0, NULL, 0) < 0)
                return gone(reterr);
        r = open_cgroups(target, leader_fd, &e, reterr);
        if (r < 0)
                return r;
        e.has_mapping = user_ns_fd >= 0;
        e.has_clocks = time_ns_fd >= 0;
        *ret = e;
        e = ENTER_NONE;
        return 0;
}

int enter_raise_limits(const RuntimeSpec *spec, Failure *reterr) {
        const RuntimeProcess *p = &spec->process;

        for (size_t i = 0; i < p->n_rlimits; i++) {
                struct rlimit limit;

                if (getrlimit((__rlimit_resource_t) p->rlimits[i].resource, &limit) < 0)
                        return negative_errno();
                if (limit.rlim_max >= p->rlimits[i].hard)
                        continue;
                limit.rlim_max = p->rlimits[i].hard;
                if (setrlimit((__rlimit_resource_t) p->rlimits[i].resource, &limit) < 0)
                        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                                 "cannot raise the resource limit %s to %" PRIu64,
                                                 ulimit_name(p->rlimits[i].resource), p->rlimits[i].hard);
        }
        return 0;
}

/* The flags of the namespaces that are not ours already. */
static int other_namespaces(const EnterTarget *target, const Enter *e) {
        static const struct {
                const char *name;
                int flag;
        } places[] = { { "mnt", CLONE_NEWNS },  { "pid", CLONE_NEWPID }, { "net", CLONE_NEWNET },
                       { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS } };
        char theirs[32], ours[32];
        int flags = 0;

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                struct stat a, b;

                (void) snprintf(theirs, sizeof(theirs), "%d/ns/%s", target->leader, places[i].name);
                (void) snprintf(ours, sizeof(ours), "self/ns/%s", places[i].name);
                if (fstatat(e->host_proc_fd, theirs, &a, 0) < 0 ||
                    fstatat(e->host_proc_fd, ours, &b, 0) < 0 || a.st_ino != b.st_ino)
                        flags |= places[i].flag;
        }
        return flags;
}

int enter_join(const EnterTarget *target, const Enter *e, Failure *reterr) {
        int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                    (e->has_mapping ? CLONE_NEWUSER : 0) | (e->has_clocks ? CLONE_NEWTIME : 0);

        if (setns(target->leader_pidfd, flags) >= 0)
                return 0;
        /* Who is root of the container's user namespace only may not join the host's again, where the
         * container shares them. */
        if (errno == EPERM) {
                flags &= other_namespaces(target, e) | CLONE_NEWUSER | CLONE_NEWTIME;
                if (setns(target->leader_pidfd, flags) >= 0)
                        return 0;
        }
        return errno == ESRCH ? gone(reterr)
                              : failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                                  "cannot join the container's namespaces");
}

/* A container without a cgroup of its own is where its caller was, and we are. */
static pid_t clone_here(int *ret_pidfd) {
        struct clone_args args = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
                                   .pidfd = (uintptr_t) ret_pidfd,
                                   .exit_signal = SIGCHLD };

        return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

pid_t enter_clone(const Enter *e, int *ret_pidfd) {
        int cgroups[] = { e->payload_fd, e->leader_cgroup_fd };
        pid_t pid = -1;

        for (size_t i = 0; i < ELEMENTSOF(cgroups) && pid < 0; i++) {
                struct clone_args args = {
                        .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP,
                        .pidfd = (uintptr_t) ret_pidfd,
                        .exit_signal = SIGCHLD,
                        .cgroup = (uint64_t) cgroups[i],
                };

                /* A container that divides its cgroup up has no processes in the cgroup itself (cgroups(7),
                 * "no internal processes"): then its first process's. */
                if (cgroups[i] < 0)
                        continue;
                if (i > 0 && cgroups[0] >= 0 && errno != EBUSY && errno != EOPNOTSUPP)
                        break;
                pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
        }
        return pid < 0 && cgroups[0] < 0 ? clone_here(ret_pidfd) : pid;
}

int enter_cgroup_namespace(Payload *p) {
        int fd = p->enter->cgroup_ns_fd;

        return fd >= 0 && setns(fd, CLONE_NEWCGROUP) < 0 ? negative_errno() : 0;
}

int enter_become_root(Payload *p) {
        if (p->has_mapping && (user_set_groups(NULL, 0, p->groups_fixed) < 0 || setresgid(0, 0, 0) < 0 ||
                               setresuid(0, 0, 0) < 0))
                return negative_errno();
        return 0;
}

int enter_open_root(Payload *p) {
        int r;

        p->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (p->root_fd < 0)
                return negative_errno();
        p->proc_fd = p->enter->host_proc_fd;
        if (!p->spec->process.terminal && !p->enter->login)
                return 0;
        /* What the container may have put in its place is found out when it is used (terminal_open()). */
        r = path_openat2(p->root_fd, "dev/pts", O_PATH | O_DIRECTORY, 0,
                         RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, &p->devpts_fd);
        return r < 0 ? failure_set_errno(p->failure, FAILURE_SYSTEM, r,
                                         "cannot make a terminal in the container's /dev/pts")
                     : 0;
}

static int set_env(Payload *p, const char *name, const char *value) {
        _cleanup_free_ char *assignment = NULL;
        int r;

        if (isempty(value))
                return 0;
        r = string_format(&assignment, "%s=%s", name, value);
        return r < 0 ? r : strv_env_set(&p->spec->process.env, assignment);
}

/* As after a login: at home, with what a shell expects to be told. */
int enter_prepare_shell(Payload *p) {
        RuntimeProcess *process = &p->spec->process;
        int r;

        if (!p->enter->shell)
                return 0;
        r = user_describe(p->root_fd, &p->user);
        if (r < 0)
                return r;
        if (p->user.home && *p->user.home == '/') {
                _cleanup_close_ int fd = -EBADF;

                if (path_open_in_root(p->root_fd, p->user.home, O_PATH | O_DIRECTORY, &fd) >= 0)
                        r = string_set(&process->cwd, p->user.home);
        }
        if (r >= 0)
                r = set_env(p, "HOME", p->user.home);
        if (r >= 0)
                r = set_env(p, "USER", p->user.name);
        if (r >= 0)
                r = set_env(p, "LOGNAME", p->user.name);
        return r < 0 ? r : set_env(p, "SHELL", p->user.shell);
}

/* systemd inside puts a getty on the terminal (container-getty@.service, systemd's CONTAINER_INTERFACE). */
int enter_prepare_login(Payload *p) {
        _cleanup_strv_free_ char **args = NULL;
        Packet packet = { .type = PACKET_TERMINAL, .n_fds = 1 };
        _cleanup_close_ int peer = -EBADF;
        _cleanup_free_ char *unit = NULL;
        unsigned number;
        int r;

        if (!p->enter->login)
                return 0;
        r = terminal_open(p->devpts_fd, 0, p->spec->process.console_width, p->spec->process.console_height,
                          packet.fds, &peer, p->failure);
        if (r < 0)
                return r;
        r = ioctl(packet.fds[0], TIOCGPTN, &number) < 0 ? negative_errno() : 0;
        if (r >= 0)
                r = string_format(&unit, "container-getty@%u.service", number);
        if (r >= 0)
                r = strv_split("systemctl --quiet start", " ", &args);
        if (r >= 0)
                r = strv_extend(&args, unit);
        if (r >= 0)
                r = channel_send(p->channel, &packet);
        packet_done(&packet);
        if (r < 0)
                return r;
        p->spec->process.args = strv_free(p->spec->process.args);
        p->spec->process.args = TAKE_PTR(args);
        return 0;
}

int enter_open_cwd(Payload *p) {
        const char *cwd = p->spec->process.cwd;
        int r;

        r = path_open_in_root(p->root_fd, cwd, O_PATH | O_DIRECTORY, &p->cwd_fd);
        if (r == -ENOENT || r == -ENOTDIR)
                return failure_set(p->failure, FAILURE_COMMAND_NOT_FOUND,
                                   "there is no directory %s in the container; choose another --workdir",
                                   cwd);
        return r < 0 ? failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot use %s as the working directory", cwd)
                     : 0;
}

int enter_set_limits(Payload *p) {
        const RuntimeProcess *process = &p->spec->process;

        for (size_t i = 0; i < process->n_rlimits; i++) {
                struct rlimit limit = { process->rlimits[i].soft, process->rlimits[i].hard };

                if (setrlimit((__rlimit_resource_t) process->rlimits[i].resource, &limit) < 0)
                        return failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, errno,
                                                 "cannot set the resource limit %s to %" PRIu64 ":%" PRIu64,
                                                 ulimit_name(process->rlimits[i].resource),
                                                 process->rlimits[i].soft, process->rlimits[i].hard);
        }
        return 0;
}

static bool is_shell(const char *path) {
        return !isempty(path) && *path == '/' && !endswith(path, "/nologin") && !endswith(path, "/false");
}

int enter_execute_shell(Payload *p) {
        const char *shells[] = { p->user.shell, "/bin/bash", "/bin/sh" };

        for (size_t i = 0; i < ELEMENTSOF(shells); i++) {
                _cleanup_free_ char *name = NULL;
                char *args[2] = {};

                if (!is_shell(shells[i]))
                        continue;
                /* A dash in front makes it a login shell. */
                if (string_format(&name, "-%s", strrchr(shells[i], '/') + 1) < 0)
                        return -ENOMEM;
                args[0] = name;
                (void) execve(shells[i], args, p->spec->process.env);
        }
        return failure_set(p->failure, FAILURE_COMMAND_NOT_FOUND,
                           "there is no shell in the container (the user's own, /bin/bash, /bin/sh); give a "
                           "command");
}
