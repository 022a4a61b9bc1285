/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/scope-property.h"
#include "oci/scope.h"

/* The kernel tells systemd that a cgroup is empty at once, or after ten milliseconds where that was used
 * less than ten milliseconds before. */
#define FORGET_PATIENCE_USEC (20 * USEC_PER_MSEC)

static int put_properties(Message *m, char *const *properties, char *const *overriding) {
        int r = 0;

        STRV_FOREACH(i, properties) {
                _cleanup_free_ char *name = strndup(*i, strcspn(*i, "="));

                if (!name)
                        return -ENOMEM;
                if (!strv_env_get(overriding, name))
                        r = message_put_string(m, FIELD_PROPERTY, *i);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(i, overriding) {
                r = message_put_string(m, FIELD_PROPERTY, *i);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int collect(const RuntimeSpec *spec, char ***ret_limits, char ***ret_given, Failure *reterr) {
        _cleanup_strv_free_ char **given = NULL;
        int r;

        r = oci_scope_annotations(spec->annotations, &given, reterr);
        if (r >= 0)
                r = oci_scope_resources(&spec->resources, ret_limits, reterr);
        if (r >= 0)
                *ret_given = TAKE_PTR(given);
        return r;
}

int oci_scope_check(const RuntimeSpec *spec, Failure *reterr) {
        _cleanup_strv_free_ char **limits = NULL, **given = NULL;

        return collect(spec, &limits, &given, reterr);
}

static int send_to(OciAssist *a, const Message *m, Failure *reterr) {
        int r = message_send(a->socket_fd, m);

        return r < 0 ? failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot tell creel-assist what to do")
                     : 0;
}

int oci_scope_request(OciAssist *a, const char *unit, const char *slice, const RuntimeSpec *spec, pid_t pid,
                      int pidfd, Failure *reterr) {
        _cleanup_strv_free_ char **limits = NULL, **given = NULL;
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = collect(spec, &limits, &given, reterr);
        if (r >= 0)
                r = string_format(&text, "OCI container %.*s", (int) (strlen(unit) - strlen(".scope")),
                                  unit);
        if (r >= 0)
                r = message_new(MESSAGE_SCOPE_START, &m);
        if (r >= 0 && !strv_env_get(given, "Description"))
                r = message_put_string(m, FIELD_TEXT, text);
        if (r >= 0)
                r = message_put_string(m, FIELD_NAME, unit);
        if (r >= 0)
                r = message_put_string(m, FIELD_SLICE, slice);
        if (r >= 0)
                r = message_put_u64(m, FIELD_PID, (uint64_t) pid);
        if (r >= 0)
                r = message_put_fd(m, FIELD_PIDFD, pidfd);
        if (r >= 0)
                r = put_properties(m, limits, given);
        return r < 0 ? r : send_to(a, m, reterr);
}

int oci_scope_wait(OciAssist *a, Failure *reterr) {
        _cleanup_(message_freep) Message *m = NULL;

        return oci_assist_wait(a, MESSAGE_SCOPE_DONE, &m, reterr);
}

static int ask(MessageType type, const char *unit, char *const *properties, Failure *reterr) {
        _cleanup_(oci_assist_freep) OciAssist *a = NULL;
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = oci_assist_start("scope", &a, reterr);
        if (r >= 0)
                r = message_new(type, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_NAME, unit);
        if (r >= 0)
                r = put_properties(m, properties, NULL);
        if (r >= 0)
                r = send_to(a, m, reterr);
        return r < 0 ? r : oci_scope_wait(a, reterr);
}

int oci_scope_update(const char *unit, const RuntimeResources *res, Failure *reterr) {
        _cleanup_strv_free_ char **limits = NULL;
        int r;

        r = oci_scope_resources(res, &limits, reterr);
        return r < 0 || !limits ? r : ask(MESSAGE_SCOPE_UPDATE, unit, limits, reterr);
}

/* Every transient unit that is loaded has a file there. True: it is gone, within the time. */
static bool wait_for_removal(const char *path) {
        uint64_t deadline = clock_now_monotonic_usec() + FORGET_PATIENCE_USEC;
        _cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        if (fd < 0 || inotify_add_watch(fd, path, IN_ATTRIB | IN_DELETE_SELF) < 0)
                return access(path, F_OK) < 0 && errno == ENOENT;
        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                uint64_t now = clock_now_monotonic_usec();
                char buffer[512];

                if (access(path, F_OK) < 0)
                        return errno == ENOENT;
                if (now >= deadline)
                        return false;
                if (poll(&p, 1, (int) ((deadline - now) / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
                        return false;
                (void) read(fd, buffer, sizeof(buffer));
        }
}

int oci_scope_forget(const char *unit, bool user_manager, Failure *reterr) {
        const char *runtime = user_manager ? getenv("XDG_RUNTIME_DIR") : "/run";
        _cleanup_free_ char *path = NULL;
        int r;

        r = string_format(&path, "%s/systemd/transient/%s", runtime ?: "/run", unit);
        if (r < 0)
                return r;
        return wait_for_removal(path) ? 0 : ask(MESSAGE_SCOPE_STOP, unit, NULL, reterr);
}
