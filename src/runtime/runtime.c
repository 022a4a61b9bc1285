/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "runtime/cgroup.h"
#include "runtime/channel.h"
#include "runtime/fill-lock.h"
#include "runtime/filter.h"
#include "runtime/host-mount.h"
#include "runtime/namespace.h"
#include "runtime/payload.h"
#include "runtime/runtime.h"
#include "runtime/schedule.h"
#include "runtime/setting.h"
#include "runtime/time-namespace.h"
#include "runtime/tidy.h"
#include "security/capability.h"
#include "spec/ulimit.h"

struct Runtime {
        RuntimeSpec *spec;
        RuntimeOptions options; /* what it borrows is not looked at after runtime_prepare() */
        pid_t pid;
        int pidfd, channel, master, userns_fd;
        int root_fd; /* held on to: else the payload's last act would be to sync and unmount its file system
                      */
        int own_fds[_RUNTIME_NAMESPACE_MAX]; /* what this process has left, until it returns */
        FillLock fill_lock; /* until the payload has filled its volumes */
        bool executing;
        RuntimeListening listening;
        void *userdata;
};

pid_t runtime_pid(const Runtime *rt) {
        return rt->pid;
}

int runtime_pidfd(const Runtime *rt) {
        return rt->pidfd;
}

int runtime_take_terminal(Runtime *rt) {
        return TAKE_FD(rt->master);
}

/* Hooks of the runtime's namespaces, and whoever cleans up, must find themselves there again. */
static void return_home(Runtime *rt) {
        int r = namespace_return(rt->own_fds);

        if (r < 0)
                log_debug_errno(r, "cannot return to this process's own namespaces, ignoring: %m");
}

Runtime *runtime_free(Runtime *rt) {
        if (!rt)
                return NULL;
        if (rt->pidfd >= 0 && !rt->executing) {
                (void) syscall(SYS_pidfd_send_signal, rt->pidfd, SIGKILL, NULL, 0);
                (void) waitid(P_PIDFD, (id_t) rt->pidfd, &(siginfo_t){}, WEXITED);
        }
        return_home(rt);
        (void) fd_close(rt->pidfd);
        (void) fd_close(rt->channel);
        (void) fd_close(rt->master);
        (void) fd_close(rt->userns_fd);
        (void) fd_close(rt->root_fd);
        fill_lock_release(&rt->fill_lock);
        return mfree(rt);
}

/* In documents of our own there is no other. */
static int check_capabilities(const RuntimeSpec *spec, Failure *reterr) {
        const char *name = "";
        uint64_t set;

        for (size_t i = 0; i < _RUNTIME_CAPABILITY_MAX; i++)
                if (capability_set_parse(spec->process.capabilities[i], &set, &name) < 0)
                        return failure_set(reterr, FAILURE_CONFIGURATION, "there is no capability called %s",
                                           name);
        return 0;
}

/* config.md ("Linux Process"): what cannot be mapped to the kernel's is warned of, and left out. */
static uint64_t known_capabilities(const RuntimeSpec *spec, RuntimeCapabilitySet which) {
        uint64_t set = 0;

        STRV_FOREACH(i, spec->process.capabilities[which]) {
                int c = capability_from_string(*i);

                if (c >= 0)
                        set |= CAPABILITY_BIT(c);
                else if (which == RUNTIME_CAPABILITY_BOUNDING ||
                         !strv_contains(spec->process.capabilities[RUNTIME_CAPABILITY_BOUNDING], *i))
                        log_warning("There is no capability called %s, ignoring.", *i);
        }
        return set;
}

static void resolve_capabilities(const RuntimeSpec *spec, uint64_t *ret) {
        for (size_t i = 0; i < _RUNTIME_CAPABILITY_MAX; i++) {
                ret[i] = known_capabilities(spec, (RuntimeCapabilitySet) i);
                /* A kernel that lacks one lacks what it guards; what we may not have ourselves we cannot
                 * give away but in a user namespace, where it is another thing. */
                ret[i] &= spec->namespaces[RUNTIME_NAMESPACE_USER].wanted ? capability_all()
                                                                          : capability_bounding();
        }
        /* The kernel has no others (capabilities(7)); documents do, and other runtimes do not mind. */
        ret[RUNTIME_CAPABILITY_AMBIENT] &=
                        ret[RUNTIME_CAPABILITY_PERMITTED] & ret[RUNTIME_CAPABILITY_INHERITABLE];
}

typedef struct Child {
        Payload *payload;
        int channel, parent_channel;
} Child;

static void child_run(void *userdata) {
        Child *c = userdata;

        (void) fd_close(c->parent_channel);
        c->payload->channel = c->channel;
        payload_run(c->payload);
}

/* There is no thread here, so a plain clone3(2) is as good as fork(2). */
static int clone_plainly(uint64_t flags, int cgroup_fd, Child *child, pid_t *ret_pid, int *ret_pidfd) {
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND | flags,
                .pidfd = (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
        };
        long pid;

        if (cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) cgroup_fd;
        }
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                return negative_errno();
        if (pid == 0)
                child_run(child);
        *ret_pid = (pid_t) pid;
        *ret_pidfd = pidfd;
        return 0;
}

/* Makes the child in its namespaces, those of another's user namespace on its behalf. */
static int clone_payload(Runtime *rt, Payload *p, Failure *reterr) {
        _cleanup_close_ int child_end = -EBADF, userns_fd = -EBADF, pidns_fd = -EBADF;
        int cgroup_fd = rt->options.cgroup_fd, r;
        Child child;

        r = namespace_open(rt->spec, RUNTIME_NAMESPACE_CGROUP, &p->cgroupns_fd, reterr);
        if (r >= 0)
                r = namespace_open(rt->spec, RUNTIME_NAMESPACE_USER, &userns_fd, reterr);
        if (r > 0)
                r = namespace_open(rt->spec, RUNTIME_NAMESPACE_PID, &pidns_fd, reterr);
        if (r >= 0)
                r = channel_new(&rt->channel, &child_end);
        if (r < 0)
                return r;
        child = (Child){ .payload = p, .channel = child_end, .parent_channel = rt->channel };
        r = userns_fd >= 0 ? namespace_clone_into(userns_fd, pidns_fd, cgroup_fd,
                                                  namespace_clone_flags(rt->spec), child_run, &child,
                                                  &rt->pid, &rt->pidfd)
                           : clone_plainly(namespace_clone_flags(rt->spec), cgroup_fd, &child, &rt->pid,
                                           &rt->pidfd);
        if (r == -EBUSY || r == -EOPNOTSUPP)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                         "cannot make a process in the container's cgroup, which divides "
                                         "itself up, or is of no use");
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                         "cannot make the container's namespaces");
        trace("payload cloned");
        rt->userns_fd = TAKE_FD(userns_fd);
        return 0;
}

static int open_userns(Runtime *rt, Failure *reterr) {
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/ns/user", rt->pid);
        rt->userns_fd = open(path, O_RDONLY | O_CLOEXEC);
        if (rt->userns_fd < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                         "cannot open the container's user namespace");
        return 0;
}

/* Pipes are given to the container's root, who may then give them to its user. */
static int give_pipes(const int stdio[static 3], uint32_t root_uid, uint32_t root_gid) {
        for (int i = 0; i < 3; i++) {
                struct stat st;

                if (stdio[i] >= 0 && fstat(stdio[i], &st) >= 0 && S_ISFIFO(st.st_mode) &&
                    fchown(stdio[i], root_uid, root_gid) < 0)
                        return negative_errno();
        }
        return 0;
}

static int map_users(Runtime *rt, const RuntimeOptions *o, Failure *reterr) {
        int r = 0;

        if (namespace_is_new(rt->spec, RUNTIME_NAMESPACE_USER)) {
                r = namespace_map(rt->pid, rt->spec, reterr);
                if (r >= 0)
                        r = open_userns(rt, reterr);
        } else if (rt->userns_fd >= 0)
                r = namespace_read_maps(rt->pid, rt->spec, reterr);
        if (r >= 0 && rt->userns_fd >= 0)
                r = give_pipes(o->stdio,
                               namespace_host_id(rt->spec->uid_mappings, rt->spec->n_uid_mappings, 0),
                               namespace_host_id(rt->spec->gid_mappings, rt->spec->n_gid_mappings, 0));
        if (r >= 0)
                r = setting_write_outside(rt->spec, rt->pid, reterr);
        return r < 0 ? r : channel_send_plain(rt->channel, PACKET_MAPPED);
}

static int send_mounts(Runtime *rt, const RuntimeOptions *o, Failure *reterr) {
        const HostMountContext c = {
                .spec = rt->spec, .root = &o->root, .userns_fd = rt->userns_fd, .path_names = o->path_names
        };
        _cleanup_(mount_set_done) MountSet set = {};
        int r;

        r = host_mount_all(&c, &rt->fill_lock, &set, &rt->root_fd, reterr);
        return r < 0 ? r : mount_set_send(&set, rt->channel);
}

#define NO_PACKET _PACKET_TYPE_MAX

static int take_listener(Runtime *rt, const Packet *packet, Failure *reterr) {
        int r;

        if (packet->n_fds != 1)
                return -EBADMSG;
        if (!rt->listening)
                return failure_set(reterr, FAILURE_SECURITY,
                                   "the seccomp filter asks an agent, and there is none");
        r = rt->listening(rt->pid, packet->fds[0], rt->userdata, reterr);
        return r < 0 ? r : channel_send_plain(rt->channel, PACKET_LISTENED);
}

/* Reads what the payload has to say until it executes or dies, which gives 0, or until this packet comes,
 * which gives 1. A negative result comes with the payload's own words. */
static int receive(Runtime *rt, PacketType until, Failure *reterr) {
        for (;;) {
                _cleanup_(packet_done) Packet packet = {};
                int r;

                r = channel_recv(rt->channel, &packet);
                if (r <= 0)
                        return r;
                if (packet.type == until)
                        return 1;
                switch (packet.type) {
                case PACKET_TERMINAL:
                        rt->master = packet.n_fds == 1 ? TAKE_FD(packet.fds[0]) : -EBADF;
                        break;
                case PACKET_LISTENER:
                        r = take_listener(rt, &packet, reterr);
                        if (r < 0)
                                return r;
                        break;
                case PACKET_FAILED:
                        packet.text[sizeof(packet.text) - 1] = 0;
                        return failure_set(reterr, packet.kind, "%s", packet.text);
                default:
                        return -EBADMSG;
                }
        }
}

/* The payload closed its end before its time: its own words explain it better than our EPIPE. */
static int explain(Runtime *rt, int error, Failure *reterr) {
        int r;

        if (reterr->text)
                return error;
        r = error == -EPIPE ? receive(rt, NO_PACKET, reterr) : 0;
        if (r < 0 && reterr->text)
                return r;
        return failure_set_errno(reterr, FAILURE_SYSTEM, error, "cannot prepare the container");
}

static int payload_init(Payload *p, RuntimeSpec *spec, const int stdio[static 3], int seccomp_fd,
                        Failure *reterr) {
        int r;

        *p = (Payload){
                .spec = spec,
                .has_mapping = spec->namespaces[RUNTIME_NAMESPACE_USER].wanted,
                .channel = -EBADF,
                .root_fd = -EBADF,
                .dev_fd = -EBADF,
                .proc_fd = -EBADF,
                .sys_fd = -EBADF,
                .devpts_fd = -EBADF,
                .own_dev_fd = -EBADF,
                .usr_fd = -EBADF,
                .cgroupns_fd = -EBADF,
                .cwd_fd = -EBADF,
                .peer_fd = -EBADF,
                .start_fd = -EBADF,
                .result_fd = -EBADF,
                .hook_fds = { -EBADF, -EBADF },
        };
        memcpy(p->stdio, stdio, sizeof(p->stdio));
        resolve_capabilities(spec, p->capabilities);
        p->mount_fds = new (int, spec->n_mounts + 1);
        if (!p->mount_fds)
                return -ENOMEM;
        for (size_t i = 0; i <= spec->n_mounts; i++)
                p->mount_fds[i] = -EBADF;
        if (seccomp_fd >= 0) {
                r = filter_read(seccomp_fd, &p->filter);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_SECURITY, r,
                                                 "cannot read the compiled seccomp filter");
        }
        return 0;
}

static void payload_done(Payload *p) {
        p->cgroupns_fd = fd_close(p->cgroupns_fd);
        p->mount_fds = mfree(p->mount_fds);
        p->filter.filter = mfree(p->filter.filter);
}

/* Streams that are missing become /dev/null. */
static void arrange_stdio(Payload *p, int null_fd) {
        for (int i = 0; i < 3; i++)
                if (p->stdio[i] < 0)
                        p->stdio[i] = null_fd;
}

static bool has_gate(const RuntimeOptions *o) {
        return o->start_fd >= 0 && o->result_fd >= 0;
}

/* Because they cannot be changed, or because that was asked for, as crun is. */
static bool keeps_groups(const RuntimeSpec *spec, pid_t pid) {
        const char *asked = strv_env_get(spec->annotations, "run.oci.keep_original_groups");

        return (asked && !streq(asked, "0")) ||
               ((pid > 0 || !namespace_is_initial_user()) && user_groups_are_fixed(pid));
}

static int start(Runtime *rt, const RuntimeOptions *o, Failure *reterr) {
        _cleanup_close_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        _cleanup_(payload_done) Payload p = {};
        int r;

        if (null_fd < 0)
                return negative_errno();
        r = payload_init(&p, rt->spec, o->stdio, o->seccomp_fd, reterr);
        if (r < 0)
                return r;
        p.passed = o->passed;
        p.passed_as = o->passed_as;
        p.n_passed = o->n_passed;
        p.n_listen = o->n_listen;
        p.as_is = o->root.as_is;
        p.in_cgroup = o->cgroup_fd >= 0;
        p.root_in_place = o->root_in_place;
        p.no_pivot = o->no_pivot;
        p.groups_fixed = p.as_is && keeps_groups(rt->spec, 0);
        p.keep_keyring = o->keep_keyring;
        p.hooks = o->hooks;
        if (o->hooks) {
                p.hook_fds[0] = o->hooks->stdout_fd;
                p.hook_fds[1] = o->hooks->stderr_fd;
        }
        p.announce = o->created || rt->spec->hooks[RUNTIME_HOOK_CREATE_CONTAINER].n > 0;
        if (has_gate(o)) {
                p.start_fd = o->start_fd;
                p.result_fd = o->result_fd;
        }
        arrange_stdio(&p, null_fd);
        r = namespace_join(rt->spec, rt->own_fds, reterr);
        if (r >= 0)
                r = time_namespace_make(rt->spec, rt->own_fds + RUNTIME_NAMESPACE_TIME, reterr);
        return r < 0 ? r : clone_payload(rt, &p, reterr);
}

static int runtime_new(RuntimeSpec *spec, Runtime **ret) {
        Runtime *rt = new0(Runtime, 1);

        if (!rt)
                return -ENOMEM;
        rt->spec = spec;
        rt->pidfd = rt->channel = rt->master = rt->userns_fd = rt->root_fd = -EBADF;
        for (size_t i = 0; i < ELEMENTSOF(rt->own_fds); i++)
                rt->own_fds[i] = -EBADF;
        *ret = rt;
        return 0;
}

int runtime_prepare(RuntimeSpec *spec, const RuntimeOptions *options, Runtime **ret, Failure *reterr) {
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        int r;

        if (!namespace_is_new(spec, RUNTIME_NAMESPACE_MOUNT))
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "a container needs a new namespace of type mount");
        if (!options->hooks && (spec->hooks[RUNTIME_HOOK_CREATE_CONTAINER].n > 0 ||
                                spec->hooks[RUNTIME_HOOK_START_CONTAINER].n > 0))
                return failure_set(reterr, FAILURE_CONFIGURATION, "hooks are of no use here");
        r = options->root.as_is ? tidy_document(spec, reterr) : check_capabilities(spec, reterr);
        if (r >= 0)
                r = namespace_forget_own_user(spec, reterr);
        if (r >= 0)
                r = runtime_new(spec, &rt);
        if (r >= 0) {
                rt->options = *options;
                rt->listening = options->listening;
                rt->userdata = options->userdata;
                r = start(rt, options, reterr);
        }
        if (r >= 0)
                r = options->cloned ? options->cloned(rt, options->userdata, reterr) : 0;
        if (r >= 0)
                r = map_users(rt, options, reterr);
        trace("users mapped");
        if (r >= 0)
                r = send_mounts(rt, options, reterr);
        trace("root and mounts made");
        if (r < 0)
                return explain(rt, r, reterr);
        rt->userns_fd = fd_close(rt->userns_fd);
        return_home(rt);
        *ret = TAKE_PTR(rt);
        return 0;
}

/* Only we may raise limits. The payload lowers its own when it needs no more descriptors for itself. */
static int raise_limits(Runtime *rt, Failure *reterr) {
        const RuntimeProcess *p = &rt->spec->process;

        for (size_t i = 0; i < p->n_rlimits; i++) {
                __rlimit_resource_t resource = (__rlimit_resource_t) p->rlimits[i].resource;
                struct rlimit limit;
                int r;

                r = prlimit(rt->pid, resource, NULL, &limit);
                if (r >= 0 && limit.rlim_max >= p->rlimits[i].hard)
                        continue;
                limit.rlim_max = p->rlimits[i].hard;
                if (r < 0 || prlimit(rt->pid, resource, &limit, NULL) < 0)
                        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno,
                                                 "cannot set the resource limit %s to %" PRIu64 ":%" PRIu64,
                                                 ulimit_name(p->rlimits[i].resource), p->rlimits[i].soft,
                                                 p->rlimits[i].hard);
        }
        return 0;
}

/* config.md: not touched where the document does not say. */
static int set_oom_score(Runtime *rt, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        char path[64], value[16];
        int n;

        if (!rt->spec->process.oom_score_adj_set)
                return 0;
        (void) snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", rt->pid);
        n = snprintf(value, sizeof(value), "%d", rt->spec->process.oom_score_adj);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd >= 0 && fd_write_all(fd, value, (size_t) n) >= 0)
                return 0;
        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, errno, "cannot set the OOM score to %s",
                                 value);
}

/* What is to be done while the container is all there but for the change of its root. */
static int call_created(Runtime *rt, Failure *reterr) {
        const RuntimeOptions *o = &rt->options;
        int r;

        if (!o->created && rt->spec->hooks[RUNTIME_HOOK_CREATE_CONTAINER].n == 0)
                return 0;
        r = receive(rt, PACKET_CREATED, reterr);
        if (r == 0)
                return -EPIPE;
        trace("tree made");
        if (r >= 0 && o->created)
                r = o->created(rt, o->userdata, reterr);
        return r < 0 ? r : channel_send_plain(rt->channel, PACKET_RESUME);
}

/* Until it executes, or is ready to. */
static int wait_until_ready(Runtime *rt, Failure *reterr) {
        int r;

        if (!has_gate(&rt->options))
                return receive(rt, NO_PACKET, reterr);
        r = receive(rt, PACKET_READY, reterr);
        if (r == 0)
                return failure_set(reterr, FAILURE_SYSTEM,
                                   "the container's process was killed before it was ready");
        return r;
}

int runtime_launch(Runtime *rt, int cgroup_fd, Failure *reterr) {
        int r;

        r = raise_limits(rt, reterr);
        if (r >= 0)
                r = set_oom_score(rt, reterr);
        if (r >= 0 && cgroup_fd >= 0)
                r = cgroup_attach(cgroup_fd, rt->pid);
        if (r == -ESRCH)
                r = -EPIPE; /* dead already: it has said why */
        if (r >= 0)
                r = call_created(rt, reterr);
        if (r >= 0)
                r = channel_send_plain(rt->channel, PACKET_GO);
        trace("payload let go");
        if (r >= 0)
                r = wait_until_ready(rt, reterr);
        if (r < 0)
                return explain(rt, r, reterr);
        trace("payload executes");
        rt->executing = true;
        fill_lock_release(&rt->fill_lock);
        rt->channel = fd_close(rt->channel);
        return 0;
}

static int clone_entering(Runtime *rt, Payload *p, Failure *reterr) {
        _cleanup_close_ int child_end = -EBADF;
        int r;

        r = channel_new(&rt->channel, &child_end);
        if (r < 0)
                return r;
        rt->pid = enter_clone(p->enter, &rt->pidfd);
        if (rt->pid < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                         "cannot make a process in the container's cgroup");
        if (rt->pid == 0) {
                rt->channel = fd_close(rt->channel);
                p->channel = child_end;
                payload_enter(p);
        }
        return 0;
}

/* What only the host's root may: it is over when the namespaces are joined. */
static int prepare_entering(Runtime *rt, const RuntimeEnter *o, Enter *e, Payload *p, int null_fd,
                            Failure *reterr) {
        int r;

        r = enter_open(&o->target, e, reterr);
        if (r < 0)
                return r;
        /* The document does not say so. */
        rt->spec->namespaces[RUNTIME_NAMESPACE_USER].wanted = e->has_mapping;
        r = payload_init(p, rt->spec, o->stdio, o->seccomp_fd, reterr);
        if (r < 0)
                return r;
        p->passed = o->passed;
        p->passed_as = o->passed_as;
        p->n_passed = o->n_passed;
        p->n_listen = o->n_listen;
        e->shell = o->shell;
        e->login = o->login;
        p->enter = e;
        p->groups_fixed = (e->has_mapping || !namespace_is_initial_user()) &&
                          keeps_groups(rt->spec, o->target.leader);
        arrange_stdio(p, null_fd);
        r = e->has_mapping ? give_pipes(p->stdio, e->root_uid, e->root_gid) : 0;
        if (r >= 0)
                r = schedule_set_cpus(rt->spec->process.exec_affinity_initial, reterr);
        if (r >= 0)
                r = enter_raise_limits(rt->spec, reterr);
        if (r >= 0) {
                rt->pid = getpid();
                r = set_oom_score(rt, reterr);
                rt->pid = 0;
        }
        return r < 0 ? r : enter_join(&o->target, e, reterr);
}

int runtime_enter(RuntimeSpec *spec, const RuntimeEnter *options, Runtime **ret, Failure *reterr) {
        _cleanup_close_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_(payload_done) Payload p = {};
        _cleanup_(enter_done) Enter e = ENTER_NONE;
        int r;

        if (null_fd < 0)
                return negative_errno();
        r = runtime_new(spec, &rt);
        if (r >= 0) {
                rt->listening = options->listening;
                rt->userdata = options->userdata;
                r = prepare_entering(rt, options, &e, &p, null_fd, reterr);
        }
        if (r >= 0)
                r = clone_entering(rt, &p, reterr);
        if (r >= 0)
                r = receive(rt, NO_PACKET, reterr);
        if (r < 0)
                return explain(rt, r, reterr);
        rt->executing = true;
        rt->channel = fd_close(rt->channel);
        *ret = TAKE_PTR(rt);
        return 0;
}
