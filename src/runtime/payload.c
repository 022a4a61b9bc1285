/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "basic/path.h"
#include "runtime/account.h"
#include "runtime/channel.h"
#include "runtime/cover.h"
#include "runtime/descriptor.h"
#include "runtime/enter.h"
#include "runtime/filter.h"
#include "runtime/hold.h"
#include "runtime/listener.h"
#include "runtime/loopback.h"
#include "runtime/mount.h"
#include "runtime/payload.h"
#include "runtime/procfs.h"
#include "runtime/program.h"
#include "runtime/schedule.h"
#include "runtime/setting.h"
#include "runtime/terminal.h"
#include "runtime/tree.h"
#include "security/capability.h"
#include "spec/hosts.h"

#define STATUS_FAILED 125
#define HOSTS_BYTES_MAX (1024 * 1024)

/* The parent says nothing more: it is gone, or has given up and knows why. */
static int step_wait_mapped(Payload *p) {
        Packet packet;

        if (channel_recv(p->channel, &packet) <= 0 || packet.type != PACKET_MAPPED)
                _exit(STATUS_FAILED);
        if (p->has_mapping && (user_set_groups(NULL, 0, p->groups_fixed) < 0 || setresgid(0, 0, 0) < 0 ||
                               setresuid(0, 0, 0) < 0))
                return negative_errno();
        return 0;
}

/* Whatever our caller ignores is no matter of the container's. */
static void reset_signals(void) {
        struct sigaction sa = { .sa_handler = SIG_DFL };

        for (int i = 1; i < _NSIG; i++)
                if (i != SIGKILL && i != SIGSTOP)
                        (void) sigaction(i, &sa, NULL);
}

/* Keys of the host's session must not be reachable. Some kernels have no keyrings, some users no quota for
 * one more. The name is for people. */
static int join_keyring(Payload *p) {
        _cleanup_free_ char *name = NULL;

        if (p->keep_keyring)
                return 0;
        if (p->hooks && string_format(&name, "_ses.%s", p->hooks->id) < 0)
                return -ENOMEM;
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) < 0)
                log_debug("cannot join a new session keyring, ignoring");
        return 0;
}

static int step_session(Payload *p) {
        sigset_t none;

        (void) umask(0);
        reset_signals();
        (void) sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                return negative_errno();
        if (setsid() < 0 && errno != EPERM)
                return negative_errno();
        return join_keyring(p);
}

static int step_names(Payload *p) {
        const RuntimeSpec *s = p->spec;

        if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0)
                return failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, errno,
                                         "cannot set the host name %s", s->hostname);
        if (s->domainname && setdomainname(s->domainname, strlen(s->domainname)) < 0)
                return failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, errno,
                                         "cannot set the domain name %s", s->domainname);
        return 0;
}

static int step_loopback(Payload *p) {
        const RuntimeNamespace *network = p->spec->namespaces + RUNTIME_NAMESPACE_NETWORK;

        return network->wanted && !network->path ? loopback_up() : 0;
}

/* Settings of the kernel go through a procfs of our own; where the specification has none, one that nobody
 * sees. */
static int open_proc(Payload *p) {
        MountOptions options = {};

        return p->proc_fd >= 0 ? 0 : mount_new("proc", "proc", &options, &p->proc_fd, p->failure);
}

static int step_sysctl(Payload *p) {
        return setting_write_inside(p->spec, &p->proc_fd, p->failure);
}

static int add_home(Payload *p) {
        _cleanup_free_ char *assignment = NULL, *home = NULL;
        int r;

        if (strv_env_get(p->spec->process.env, "HOME"))
                return 0;
        if (!p->user.home) {
                r = user_find_home(p->root_fd, p->user.uid, &home);
                if (r < 0)
                        log_debug_errno(r, "cannot read the container's /etc/passwd for HOME, ignoring: %m");
        }
        r = string_format(&assignment, "HOME=%s", p->user.home ?: home ?: "/");
        return r < 0 ? r : strv_env_set(&p->spec->process.env, assignment);
}

static int step_user(Payload *p) {
        RuntimeProcess *process = &p->spec->process;
        size_t n;
        int r;

        if (process->username) {
                r = user_resolve(p->root_fd, process->username, &p->user, p->failure);
                if (r < 0)
                        return r;
        } else
                p->user = (User) { .uid = process->uid, .gid = process->gid };

        n = p->user.n_gids + process->n_additional_gids;
        if (process->n_additional_gids > 0) {
                uint32_t *gids = reallocarray(p->user.gids, n, sizeof(uint32_t));

                if (!gids)
                        return -ENOMEM;
                p->user.gids = gids;
                memcpy(gids + p->user.n_gids, process->additional_gids,
                       process->n_additional_gids * sizeof(uint32_t));
                p->user.n_gids = n;
        }
        r = user_add_groups(p->root_fd, process->additional_groups, &p->user, p->failure);
        if (r >= 0 && !p->enter)
                r = account_complete(p->spec, p->root_fd, p->dev_fd, &p->user, p->failure);
        return r < 0 ? r : add_home(p);
}

/* The image's own hosts between what the user adds and what is ours. */
static int step_hosts(Payload *p) {
        _cleanup_free_ char *base = NULL, *text = NULL;
        const RuntimeSpec *s = p->spec;
        int r;

        if (!s->hosts_own)
                return 0;
        r = path_read_in_root(p->root_fd, "/etc/hosts", HOSTS_BYTES_MAX, &base);
        if (r < 0 && r != -ENOENT && r != -ENOTDIR)
                return failure_set_errno(p->failure, FAILURE_STORAGE, r,
                                         "cannot read the image's /etc/hosts");
        r = hosts_merge(s->hosts_added, base, s->hosts_own, &text);
        return r < 0 ? r : cover_file(p->root_fd, p->dev_fd, "/etc/hosts", text, p->failure);
}

static int step_terminal(Payload *p) {
        const RuntimeProcess *process = &p->spec->process;
        Packet packet = { .type = PACKET_TERMINAL, .n_fds = 1 };
        int r;

        if (!process->terminal)
                return 0;
        if (p->devpts_fd < 0)
                return failure_set(p->failure, FAILURE_CONFIGURATION,
                                   "a terminal needs a mount of type devpts");
        r = terminal_open(p->devpts_fd, p->user.uid, process->console_width, process->console_height,
                          packet.fds, &p->peer_fd, p->failure);
        if (r < 0)
                return r;
        r = process->console_plain ? terminal_set_plain(packet.fds[0]) : 0;
        if (r >= 0 && !p->enter)
                r = terminal_bind_console(p->peer_fd, p->root_fd, p->failure);
        if (r >= 0)
                r = channel_send(p->channel, &packet);
        packet_done(&packet);
        return r;
}

/* The hooks of the runtime's namespaces run now, and then those of ours: with the root of the host still. */
static int step_create_hooks(Payload *p) {
        Packet packet;
        int r;

        if (!p->announce)
                return 0;
        r = channel_send_plain(p->channel, PACKET_CREATED);
        if (r < 0)
                return r;
        if (channel_recv(p->channel, &packet) <= 0 || packet.type != PACKET_RESUME)
                _exit(STATUS_FAILED);
        return hook_run(p->spec, RUNTIME_HOOK_CREATE_CONTAINER, p->hooks, "creating", getpid(), p->failure);
}

static int step_wait_go(Payload *p) {
        Packet packet;

        if (channel_recv(p->channel, &packet) <= 0 || packet.type != PACKET_GO)
                _exit(STATUS_FAILED);
        return 0;
}

static int step_apparmor(Payload *p) {
        const char *profile = p->spec->process.apparmor_profile;
        _cleanup_free_ char *value = NULL;
        int r;

        if (isempty(profile))
                return 0;
        r = open_proc(p);
        if (r >= 0)
                r = string_format(&value, "exec %s", profile);
        if (r < 0)
                return r;
        r = procfs_write(p->proc_fd, "thread-self/attr/apparmor/exec", value);
        /* A profile that is not loaded gives ENOENT, too. */
        if (r == -ENOENT && faccessat(p->proc_fd, "thread-self/attr/apparmor", F_OK, 0) < 0) {
                log_debug("This kernel has no AppArmor, ignoring the profile.");
                return 0;
        }
        if (r < 0)
                return failure_set_errno(p->failure, FAILURE_SECURITY, r,
                                         "cannot use the AppArmor profile %s; is it loaded?", profile);
        return 0;
}

static int step_selinux(Payload *p) {
        const char *label = p->spec->process.selinux_label;
        int r;

        if (isempty(label))
                return 0;
        r = open_proc(p);
        if (r >= 0)
                r = procfs_write(p->proc_fd, "thread-self/attr/exec", label);
        return r < 0 ? failure_set_errno(p->failure, FAILURE_SECURITY, r, "cannot use the SELinux label %s",
                                         label)
                     : 0;
}

/* /dev/stdout and the like open the stream anew, which the payload's user may only do with pipes that are
 * its own. */
static int give_pipe(int fd, const User *u) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (S_ISFIFO(st.st_mode) && fchown(fd, u->uid, (gid_t) -1) < 0)
                log_debug("cannot give a stream to user %u, ignoring", u->uid);
        return 0;
}

/* Moves what is still needed, and what is to be passed on, out of the way of the numbers that the program
 * wants. */
static int pass_fds(Payload *p, int *moved) {
        int *own[] = { &p->channel,   &p->cwd_fd,   &p->start_fd,
                       &p->result_fd, p->hook_fds, p->hook_fds + 1 };
        unsigned max = 2;

        for (size_t i = 0; i < p->n_passed; i++)
                max = MAX(max, p->passed_as[i]);
        for (size_t i = 0; i < p->n_passed; i++) {
                moved[i] = fcntl(p->passed[i], F_DUPFD_CLOEXEC, (int) max + 1);
                if (moved[i] < 0)
                        return negative_errno();
        }
        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                if (*own[i] < 0)
                        continue;
                *own[i] = fcntl(*own[i], F_DUPFD_CLOEXEC, (int) max + 1);
                if (*own[i] < 0)
                        return negative_errno();
        }
        for (size_t i = 0; i < p->n_passed; i++)
                if (dup2(moved[i], (int) p->passed_as[i]) < 0)
                        return negative_errno();
        return 0;
}

static int step_pass_fds(Payload *p) {
        _cleanup_free_ int *moved = new (int, p->n_passed);
        int r;

        if (p->n_passed == 0)
                return 0;
        if (!moved)
                return -ENOMEM;
        r = pass_fds(p, moved);
        return r < 0 ? failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot pass the descriptors on; the limit nofile may be too low "
                                         "for them")
                     : 0;
}

/* What is open at the exec could be what is executed: args like "/proc/self/fd/N/../../bin/sh" would lead to
 * the host's programs (CVE-2024-21626). */
static int step_close_fds(Payload *p) {
        const int own[] = { p->channel,   p->cwd_fd,      p->start_fd,
                            p->result_fd, p->hook_fds[0], p->hook_fds[1], trace_fd };
        _cleanup_free_ int *keep = new (int, p->n_passed + ELEMENTSOF(own));

        if (!keep)
                return -ENOMEM;
        memcpy(keep, own, sizeof(own));
        for (size_t i = 0; i < p->n_passed; i++)
                keep[ELEMENTSOF(own) + i] = (int) p->passed_as[i];
        return descriptor_close_others(keep, p->n_passed + ELEMENTSOF(own));
}

static int step_scheduling(Payload *p) {
        const RuntimeSpec *s = p->spec;
        int r;

        if (s->personality_set && personality(s->personality) < 0)
                return failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, errno,
                                         "cannot set the personality");
        r = schedule_set_cpus(p->enter && s->process.exec_affinity_final ? s->process.exec_affinity_final
                                                                         : s->process.cpu_affinity,
                              p->failure);
        return r < 0 ? r : schedule_apply(&s->process, p->failure);
}

static int step_stdio(Payload *p) {
        int moved[3], r;

        if (p->peer_fd >= 0) {
                r = terminal_take(p->peer_fd);
                if (r < 0)
                        return r;
        } else {
                for (int i = 0; i < 3; i++) {
                        moved[i] = fcntl(p->stdio[i], F_DUPFD_CLOEXEC, 3);
                        if (moved[i] < 0)
                                return negative_errno();
                }
                for (int i = 0; i < 3; i++) {
                        if (dup2(moved[i], i) < 0)
                                return negative_errno();
                        r = give_pipe(i, &p->user);
                        if (r < 0)
                                return r;
                }
        }
        return syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? negative_errno() : 0;
}

/* CVE-2024-21626: a working directory outside the root shows as "(unreachable)". */
static int enter_cwd(Payload *p) {
        char path[4096];

        if (fchdir(p->cwd_fd) < 0)
                return negative_errno();
        if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
                return negative_errno();
        return path[0] == '/' ? 0 : -EXDEV;
}

static int step_cwd(Payload *p) {
        int r = enter_cwd(p);

        /* Its owner may be let in where the container's root is not: a home directory on NFS. */
        p->cwd_pending = r == -EACCES;
        if (r < 0 && !p->cwd_pending)
                return failure_set_errno(p->failure, FAILURE_SECURITY, r,
                                         "cannot enter the working directory %s", p->spec->process.cwd);
        return 0;
}

static int step_bound_capabilities(Payload *p) {
        return capability_bound(p->capabilities[RUNTIME_CAPABILITY_BOUNDING]);
}

static int install_filter(Payload *p) {
        int r = 0;

        if (filter_listens(&p->filter))
                r = listener_install(&p->filter, p->channel);
        else if (p->filter.len > 0)
                r = filter_install(&p->filter);
        return r < 0 ? failure_set_errno(p->failure, FAILURE_SECURITY, r,
                                         "cannot install the seccomp filter")
                     : 0;
}

/* Without no_new_privs a filter takes CAP_SYS_ADMIN, which is about to go. */
static int step_filter_early(Payload *p) {
        return p->spec->process.no_new_privileges ? 0 : install_filter(p);
}

/* Who makes the container gives the listener to the agent, and may be gone when it is started. */
static int step_filter_listening(Payload *p) {
        return p->spec->process.no_new_privileges && filter_listens(&p->filter) ? install_filter(p) : 0;
}

static int step_filter_late(Payload *p) {
        return p->spec->process.no_new_privileges && !filter_listens(&p->filter) ? install_filter(p) : 0;
}

/* Of the groups that the image lists the user in those count that the user namespace has; what was asked for
 * has to be there. */
static int become_groups(User *u, bool fixed) {
        size_t n = 0;
        int r;

        r = user_set_groups(u->gids, u->n_gids, fixed);
        if (r != -EINVAL)
                return r;
        for (size_t i = 0; i < u->n_gids; i++)
                if (i >= u->n_listed || setgroups(1, u->gids + i) >= 0)
                        u->gids[n++] = u->gids[i];
        u->n_gids = n;
        return setgroups(n, u->gids) < 0 ? negative_errno() : 0;
}

static int step_become_user(Payload *p) {
        User *u = &p->user;

        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
                return negative_errno();
        if (become_groups(u, p->groups_fixed) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
            setresuid(u->uid, u->uid, u->uid) < 0)
                return failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, errno,
                                         "cannot become user %u and group %u, which the container's user "
                                         "namespace may not have",
                                         u->uid, u->gid);
        return 0;
}

static int step_capabilities(Payload *p) {
        const uint64_t *c = p->capabilities;
        int r;

        r = capability_apply(c[RUNTIME_CAPABILITY_EFFECTIVE], c[RUNTIME_CAPABILITY_PERMITTED],
                             c[RUNTIME_CAPABILITY_INHERITABLE]);
        if (r < 0)
                return r;
        return capability_apply_ambient(c[RUNTIME_CAPABILITY_AMBIENT]);
}

static int step_cwd_late(Payload *p) {
        int r = p->cwd_pending ? enter_cwd(p) : 0;

        return r < 0 ? failure_set_errno(p->failure, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot enter the working directory %s", p->spec->process.cwd)
                     : 0;
}

static int step_attributes(Payload *p) {
        (void) umask(p->spec->process.umask);
        if (p->spec->process.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return negative_errno();
        return 0;
}

/* What is not there is to be known when the container is created. */
static int step_find_program(Payload *p) {
        return p->start_fd < 0 ? 0
                               : program_find(p->spec->process.args, p->spec->process.env, p->failure);
}

static int step_wait_start(Payload *p) {
        int r;

        if (p->start_fd < 0)
                return 0;
        r = channel_write(p->channel, &(Packet){ .type = PACKET_READY });
        if (r >= 0) {
                p->channel = fd_close(p->channel);
                r = hold_wait(p->start_fd);
        }
        if (r < 0)
                _exit(STATUS_FAILED);
        p->started = true;
        return 0;
}

static int step_start_hooks(Payload *p) {
        HookContext context;

        if (!p->hooks)
                return 0;
        context = *p->hooks;
        context.stdout_fd = p->hook_fds[0];
        context.stderr_fd = p->hook_fds[1];
        return hook_run(p->spec, RUNTIME_HOOK_START_CONTAINER, &context, "created", getpid(), p->failure);
}

static int step_execute(Payload *p) {
        char pid[32];
        int r;

        if (p->n_listen > 0) {
                (void) snprintf(pid, sizeof(pid), "LISTEN_PID=%d", getpid());
                r = strv_env_set(&p->spec->process.env, pid);
                if (r < 0)
                        return r;
        }
        if (p->enter && p->enter->shell)
                return enter_execute_shell(p);
        if (streq_ptr(strv_env_get(p->spec->annotations, "org.creel1.boot"), "true"))
                return program_execute_init(p->spec->process.args, p->spec->process.env, p->failure);
        return program_execute(p->spec->process.args, p->spec->process.env, p->failure);
}

static const PayloadStep steps[] = {
        /* while systemd makes the scope */
        { "wait for the user mapping", step_wait_mapped },
        { "start a session", step_session },
        { "leave the host's mounts", tree_isolate },
        { "mount kernel file systems", tree_make_mounts },
        { "receive mounts", tree_receive_mounts },
        { "mount the root", tree_attach_root },
        { "mount everything", tree_attach_mounts },
        { "run the createContainer hooks", step_create_hooks },
        { "set names", step_names },
        { "bring up the loopback interface", step_loopback },
        { "set sysctls", step_sysctl },
        { "look up the user", step_user },
        { "complete /etc/hosts", step_hosts },
        { "make a terminal", step_terminal },
        { "hide paths", tree_hide_paths },
        { "open the working directory", tree_open_cwd },
        { "make the root read-only", tree_set_read_only },
        { "change the root", tree_pivot },
        /* in the scope */
        { "wait for the cgroup", step_wait_go },
        { "mount the cgroup file system", tree_mount_cgroup },
};

static const PayloadStep entering_steps[] = {
        { "join the cgroup namespace", enter_cgroup_namespace },
        { "become the container's root", enter_become_root },
        { "start a session", step_session },
        { "open the root", enter_open_root },
        { "look up the user", step_user },
        { "prepare a shell", enter_prepare_shell },
        { "make a terminal", step_terminal },
        { "prepare a login", enter_prepare_login },
        { "open the working directory", enter_open_cwd },
};

/* What both come to. */
static const PayloadStep last_steps[] = {
        { "set the AppArmor profile", step_apparmor },
        { "set the SELinux label", step_selinux },
        { "connect the standard streams", step_stdio },
        { "pass descriptors on", step_pass_fds },
        { "close the others", step_close_fds },
        { "set the scheduling", step_scheduling },
        { "enter the working directory", step_cwd },
        { "set the resource limits", enter_set_limits },
        { "bound the capabilities", step_bound_capabilities },
        { "install the seccomp filter", step_filter_early },
        { "change the user", step_become_user },
        { "set the capabilities", step_capabilities },
        { "enter the working directory as the user", step_cwd_late },
        { "set the process's attributes", step_attributes },
        { "find the program", step_find_program },
        { "install the seccomp filter for an agent", step_filter_listening },
        { "wait for the start", step_wait_start },
        { "run the startContainer hooks", step_start_hooks },
        { "install the seccomp filter", step_filter_late },
        { "execute", step_execute },
};

static int run_steps(Payload *p, const PayloadStep *list, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int r = list[i].run(p);

                if (r >= 0) {
                        trace(list[i].name);
                        continue;
                }
                if (!p->failure->text)
                        (void) failure_set_errno(p->failure, FAILURE_SYSTEM, r, "cannot %s", list[i].name);
                return r;
        }
        return 0;
}

_noreturn_ static void fail(Payload *p) {
        Packet packet = { .type = PACKET_FAILED };
        char nothing[] = "out of memory";

        if (!p->failure->text)
                *p->failure = (Failure){ .kind = FAILURE_SYSTEM, .text = nothing };
        packet.kind = p->failure->kind;
        (void) snprintf(packet.text, sizeof(packet.text), "%s", p->failure->text);
        if (p->started)
                hold_report(p->result_fd, p->failure);
        else
                (void) channel_write(p->channel, &packet);
        _exit(STATUS_FAILED);
}

_noreturn_ static void run(Payload *p, const PayloadStep *list, size_t n) {
        Failure failure = {};

        p->failure = &failure;
        trace_setup("payload");
        trace("cloned");
        if (run_steps(p, list, n) >= 0)
                (void) run_steps(p, last_steps, ELEMENTSOF(last_steps));
        fail(p);
}

_noreturn_ void payload_run(Payload *p) {
        run(p, steps, ELEMENTSOF(steps));
}

_noreturn_ void payload_enter(Payload *p) {
        run(p, entering_steps, ELEMENTSOF(entering_steps));
}
