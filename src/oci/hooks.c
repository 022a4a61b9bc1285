/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/strv.h"
#include "oci/hooks.h"

void oci_hooks_done(OciHooks *h) {
        h->context.stdout_fd = fd_close(h->context.stdout_fd);
        h->context.stderr_fd = fd_close(h->context.stderr_fd);
}

static int open_file(const RuntimeSpec *spec, const char *annotation, int *ret_fd, Failure *f) {
        const char *path = strv_env_get(spec->annotations, annotation);

        if (!path)
                return 0;
        *ret_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
        return *ret_fd < 0 ? failure_set_errno(f, FAILURE_CONFIGURATION, errno, "cannot open %s, as %s says",
                                               path, annotation)
                           : 0;
}

int oci_hooks_open(const RuntimeSpec *spec, const OciContainer *c, OciHooks *ret, Failure *f) {
        _cleanup_(oci_hooks_done) OciHooks h = OCI_HOOKS_NONE;
        int r;

        h.context.id = c->id;
        h.context.bundle = c->bundle;
        r = open_file(spec, "run.oci.hooks.stdout", &h.context.stdout_fd, f);
        if (r >= 0)
                r = open_file(spec, "run.oci.hooks.stderr", &h.context.stderr_fd, f);
        if (r < 0)
                return r;
        *ret = h;
        h = OCI_HOOKS_NONE;
        return 0;
}

bool oci_hooks_wanted(const RuntimeSpec *spec, RuntimeHookKind kind) {
        return spec->hooks[kind].n > 0;
}

void oci_hooks_run_all(const RuntimeSpec *spec, const OciHooks *h, RuntimeHookKind kind, OciStatus status,
                       pid_t pid) {
        _cleanup_free_ char *state = NULL;

        if (!oci_hooks_wanted(spec, kind))
                return;
        if (hook_state(spec, &h->context, oci_status_to_string(status), pid, &state) < 0) {
                (void) log_oom();
                return;
        }
        for (size_t i = 0; i < spec->hooks[kind].n; i++) {
                _cleanup_failure_ Failure f = {};

                if (hook_run_one(spec, kind, i, &h->context, state, &f) < 0)
                        log_warning("%s", f.text ?: "a hook has failed");
        }
}
