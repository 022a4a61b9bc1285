/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "oci/cgroup.h"
#include "oci/create.h"
#include "oci/gate.h"
#include "oci/hooks.h"
#include "oci/lsm.h"
#include "oci/pid-file.h"
#include "oci/seccomp.h"
#include "runtime/rootless.h"
#include "spec/json.h"

/* Everything on the way to a container. */
typedef struct Making {
        const Oci *oci;
        const CreateRequest *q;
        PidFile pid_file;
        Gate gate;
        OciHooks hooks;
        OciSeccomp seccomp;
        Bundle bundle;
        OciContainer *container;
        OciCgroup *planned, *cgroup; /* the latter is made */
        Attachment attachment;
        int root_fd;
        RuntimeOptions options;
        Runtime *runtime;
} Making;

static void making_done(Making *m) {
        m->runtime = runtime_free(m->runtime);
        if (m->cgroup)
                (void) oci_cgroup_remove(m->cgroup, false, NULL);
        m->cgroup = oci_cgroup_free(m->cgroup);
        m->planned = oci_cgroup_free(m->planned);
        if (m->container && !m->container->created)
                (void) oci_container_remove(&m->oci->root, m->container, NULL);
        m->container = oci_container_free(m->container);
        gate_done(&m->gate);
        oci_hooks_done(&m->hooks);
        m->root_fd = fd_close(m->root_fd);
        oci_seccomp_done(&m->seccomp);
        attachment_done(&m->attachment);
        bundle_done(&m->bundle);
        pid_file_done(&m->pid_file);
}

void created_done(Created *c) {
        c->runtime = runtime_free(c->runtime);
        if (c->container)
                oci_container_unlock(c->container);
        c->container = oci_container_free(c->container);
        bundle_done(&c->bundle);
        attachment_done(&c->attachment);
}

/* Written before anything is made: whoever deletes what a killed process has left finds it by this. */
static int describe(Making *m, Failure *f) {
        OciContainer *c = m->container;
        int r;

        r = oci_cgroup_new(m->bundle.spec, c->id, m->oci->manager, m->oci->rootless, &m->planned, f);
        if (r >= 0)
                r = oci_cgroup_note(m->planned, c);
        c->cgroup_is_planned = true;
        if (r < 0)
                return r;

        r = string_set(&c->bundle, m->bundle.path);
        if (r >= 0)
                r = string_set(&c->rootfs, m->bundle.spec->root_path);
        if (r >= 0)
                r = string_set(&c->oci_version, m->bundle.spec->oci_version);
        if (r >= 0)
                r = strv_copy(m->bundle.spec->annotations, &c->annotations);
        if (r >= 0)
                r = oci_container_save_config(c, m->bundle.text, m->bundle.n_bytes, f);
        return r < 0 ? r : oci_container_save(c, f);
}

static int attach(Making *m, Failure *f) {
        _cleanup_free_ char *state = NULL;
        int r = path_join(m->oci->root.path, m->container->id, &state);

        return r < 0 ? r
                     : attachment_prepare(&m->attachment, m->bundle.spec, m->q->console_socket, m->container,
                                          state, m->q->start, f);
}

/* Between the making of the container and the change of its root. */
static int run_hooks(Runtime *rt, void *userdata, Failure *f) {
        static const RuntimeHookKind kinds[] = { RUNTIME_HOOK_PRESTART, RUNTIME_HOOK_CREATE_RUNTIME };
        const Making *m = userdata;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(kinds); i++)
                r = hook_run(m->bundle.spec, kinds[i], &m->hooks.context, oci_status_to_string(OCI_CREATING),
                             runtime_pid(rt), f);
        return r;
}

/* What the runtime is told of hooks: nothing where there are none, so that nobody waits for anybody. */
static int add_hooks(Making *m, Failure *f) {
        const RuntimeSpec *s = m->bundle.spec;

        if (oci_hooks_wanted(s, RUNTIME_HOOK_PRESTART) || oci_hooks_wanted(s, RUNTIME_HOOK_CREATE_RUNTIME)) {
                m->options.created = run_hooks;
        }
        if (oci_hooks_wanted(s, RUNTIME_HOOK_CREATE_CONTAINER) ||
            oci_hooks_wanted(s, RUNTIME_HOOK_START_CONTAINER))
                m->options.hooks = &m->hooks.context;
        return oci_hooks_open(s, m->container, &m->hooks, f);
}

static int open_root(Making *m, Failure *f) {
        m->root_fd = open(m->bundle.spec->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return m->root_fd < 0 ? failure_set_errno(f, FAILURE_CONFIGURATION, errno, "cannot open the root %s",
                                                  m->bundle.spec->root_path)
                              : 0;
}

/* Before the payload, so that it is born there, or that systemd gets ready meanwhile. */
static int prepare_cgroup(Making *m, Failure *f) {
        int r;

        r = oci_cgroup_prepare(m->planned, m->bundle.spec, f);
        if (r < 0) /* what is there is not ours to remove */
                return r;
        m->cgroup = TAKE_PTR(m->planned);
        m->container->cgroup_is_planned = false;
        return 0;
}

static int on_cloned(Runtime *runtime, void *userdata, Failure *f) {
        Making *m = userdata;

        return oci_cgroup_join(m->cgroup, m->bundle.spec, runtime_pid(runtime), runtime_pidfd(runtime), f);
}

static int apply_cgroup(Making *m, Failure *f) {
        int r;

        r = oci_cgroup_apply(m->cgroup, m->bundle.spec, runtime_pid(m->runtime), f);
        trace("in its cgroup");
        return r < 0 ? r : oci_cgroup_note(m->cgroup, m->container);
}

static int give_listener(pid_t pid, int listener_fd, void *userdata, Failure *f) {
        _cleanup_json_ json_object *state = NULL;
        Making *m = userdata;
        int r;

        r = oci_container_state(m->container, OCI_CREATING, &state);
        return r < 0 ? r : oci_seccomp_tell(&m->seccomp, state, pid, listener_fd, f);
}

static int prepare(Making *m, Failure *f) {
        int r;

        r = rootless_enter(m->bundle.spec, f);
        if (r >= 0)
                r = open_root(m, f);
        if (r < 0)
                return r;
        m->options = (RuntimeOptions){
                .root = { .directory_fd = m->root_fd,
                          .as_is = true,
                          .layers_fd = -EBADF,
                          .upper_fd = -EBADF },
                .stdio = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
                .seccomp_fd = -EBADF,
                .cgroup_fd = oci_cgroup_fd(m->cgroup),
                .cloned = on_cloned,
                .userdata = m,
                .root_in_place = true,
                .no_pivot = m->q->no_pivot,
                .keep_keyring = m->q->no_new_keyring,
                .start_fd = m->gate.start_fd,
                .result_fd = m->gate.result_fd,
                .listening = give_listener,
        };
        attachment_set_options(&m->attachment, &m->options);
        r = oci_seccomp_finish(&m->seccomp, &m->options.seccomp_fd, f);
        if (r >= 0)
                r = add_hooks(m, f);
        if (r >= 0)
                r = runtime_prepare(m->bundle.spec, &m->options, &m->runtime, f);
        if (r >= 0)
                r = apply_cgroup(m, f);
        if (r < 0)
                return r;
        r = oci_container_set_pid(m->container, runtime_pid(m->runtime));
        /* Dead already, and it has said why: that is what launching it comes to. */
        if (r == -ESRCH) {
                int died = runtime_launch(m->runtime, -EBADF, f);

                if (died < 0)
                        return died;
        }
        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r, "the container's first process is gone")
                     : oci_container_save(m->container, f);
}

static int launch(Making *m, Failure *f) {
        int r;

        r = runtime_launch(m->runtime, -EBADF, f);
        if (r < 0)
                return r;
        trace("launched");
        r = attachment_announce(&m->attachment, m->runtime, f);
        if (r < 0)
                return r;
        m->container->created = true;
        r = oci_container_save(m->container, f);
        return r < 0 ? r : pid_file_write(&m->pid_file, runtime_pid(m->runtime), f);
}

int oci_create(const Oci *oci, const CreateRequest *q, Created *ret, Failure *f) {
        _cleanup_(making_done) Making m = { .oci = oci,
                                            .q = q,
                                            .pid_file = PID_FILE_NONE,
                                            .gate = GATE_NONE,
                                            .hooks = OCI_HOOKS_NONE,
                                            .seccomp = OCI_SECCOMP_NONE,
                                            .attachment = ATTACHMENT_NONE,
                                            .root_fd = -EBADF };
        int r;

        /* Relative to the directory that we were called in; a bundle has another. */
        r = attachment_open(q->preserve_fds, q->console_socket, q->pidfd_socket, q->detach || !q->start,
                            &m.attachment, f);
        if (r >= 0)
                r = pid_file_open(q->pid_file, &m.pid_file, f);
        if (r >= 0)
                r = bundle_open(q->bundle ?: ".", q->config, &m.bundle, f);
        if (r >= 0)
                r = oci_lsm_prepare(m.bundle.spec, f);
        if (r >= 0)
                r = oci_seccomp_begin(m.bundle.spec, &m.seccomp, f);
        if (r >= 0)
                r = oci_container_new(&oci->root, q->id, &m.container, f);
        if (r >= 0)
                r = describe(&m, f);
        if (r >= 0)
                r = attach(&m, f);
        trace("described");
        if (r >= 0 && !q->start)
                r = gate_make(m.container->dir_fd, &m.gate, f);
        if (r >= 0)
                r = prepare_cgroup(&m, f);
        if (r >= 0)
                r = prepare(&m, f);
        if (r >= 0)
                r = launch(&m, f);
        if (r < 0)
                return r;
        if (q->start)
                oci_hooks_run_all(m.bundle.spec, &m.hooks, RUNTIME_HOOK_POSTSTART, OCI_RUNNING,
                                  runtime_pid(m.runtime));
        *ret = (Created){ .bundle = m.bundle,
                          .container = TAKE_PTR(m.container),
                          .runtime = TAKE_PTR(m.runtime),
                          .attachment = m.attachment };
        m.attachment = ATTACHMENT_NONE;
        m.bundle = (Bundle){};
        m.cgroup = oci_cgroup_free(m.cgroup); /* it stays, as the state has it */
        return 0;
}
