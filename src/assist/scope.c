/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "assist/assist.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "proto/message.h"
#include "spec/unit-property.h"
#include "unit/scope.h"

typedef struct Work {
        sd_event *event;
        Systemd *systemd;
        Message *request;
        char **names; /* of the properties, which have to outlive them */
        Failure *failure;
        const char *unit;
} Work;

static void work_done(Work *w) {
        (void) systemd_free(w->systemd);
        sd_event_unref(w->event);
        message_free(w->request);
        strv_free(w->names);
}

/* The systemd of the host for root, of the user for others: its private socket, in both cases. */
static int connect_systemd(Work *w, Failure *f) {
        const char *runtime = getenv("XDG_RUNTIME_DIR");
        _cleanup_free_ char *path = NULL, *address = NULL;
        int r;

        if (geteuid() == 0)
                return sd_booted() > 0 ? systemd_new(w->event, &w->systemd)
                                       : failure_set(f, FAILURE_SYSTEM,
                                                     "systemd does not run here, so it can make no scope; "
                                                     "leave "
                                                     "out --systemd-cgroup");
        r = string_format(&path, "%s/systemd/private", runtime ?: "/run");
        if (r >= 0 && access(path, W_OK) < 0)
                return failure_set_errno(
                                f, FAILURE_SYSTEM, errno,
                                "cannot reach the user's own systemd by %s; log in so that it runs, or "
                                "leave out --systemd-cgroup",
                                path);
        if (r >= 0)
                r = string_format(&address, "unix:path=%s", path);
        return r < 0 ? r : systemd_new_at(w->event, address, &w->systemd);
}

static int read_properties(Work *w, UnitProperties *p) {
        const char *text;

        for (size_t i = 0; message_get_nth_string(w->request, FIELD_PROPERTY, i, &text) >= 0; i++) {
                const char *equals = strchr(text, '=');
                char *name = equals ? strndup(text, (size_t) (equals - text)) : NULL;
                const UnitProperty *old;
                int r;

                if (!equals)
                        return -EBADMSG;
                if (!name || strv_consume(&w->names, name) < 0)
                        return -ENOMEM;
                /* The last one counts. */
                old = unit_properties_find(p, name);
                r = old ? string_set(&((UnitProperty *) old)->string, equals + 1)
                        : unit_properties_add_variant(p, name, equals + 1);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void on_done(int error, const char *text, void *userdata) {
        Work *w = userdata;

        if (error < 0)
                (void) failure_set(w->failure, error == -EEXIST ? FAILURE_NAME_IN_USE : FAILURE_SYSTEM, "%s",
                                   text);
        (void) sd_event_exit(w->event, error < 0 ? -1 : 0);
}

static void on_stopped(int error, const char *text, void *userdata) {
        Work *w = userdata;

        if (error < 0 || scope_reset_failed(w->systemd, w->unit, on_done, w, NULL) < 0)
                on_done(error < 0 ? error : -ENOMEM, text, w);
}

static int begin_start(Work *w, const UnitProperties *properties) {
        _cleanup_close_ int pidfd = -EBADF;
        ScopeSpec spec = {
                .unit = w->unit, .all_devices = true, .as_given = true, .properties = *properties
        };
        const char *slice;
        uint64_t pid;
        int r;

        r = message_get_string(w->request, FIELD_SLICE, &slice);
        if (r >= 0)
                r = message_get_u64(w->request, FIELD_PID, &pid);
        if (r < 0)
                return r;
        (void) message_take_fd(w->request, FIELD_PIDFD, &pidfd);
        (void) message_get_string(w->request, FIELD_TEXT, &spec.description);
        spec.slice = slice;
        spec.pid = (pid_t) pid;
        spec.pidfd = pidfd;
        return scope_start(w->systemd, &spec, on_done, w, NULL);
}

static int begin(Work *w) {
        _cleanup_(unit_properties_done) UnitProperties properties = {};
        int r;

        r = message_get_string(w->request, FIELD_NAME, &w->unit);
        if (r >= 0)
                r = read_properties(w, &properties);
        if (r < 0)
                return r;
        switch (message_type(w->request)) {
        case MESSAGE_SCOPE_START:
                return begin_start(w, &properties);
        case MESSAGE_SCOPE_UPDATE:
                return scope_update(w->systemd, w->unit, &properties, on_done, w, NULL);
        case MESSAGE_SCOPE_STOP:
                return scope_stop(w->systemd, w->unit, on_stopped, w, NULL);
        default:
                return -EBADMSG;
        }
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Work *w = userdata;
        int r;

        /* The peer is gone: nobody wants to know. A scope that is made nevertheless is empty soon. */
        if (w->request) {
                (void) failure_set(w->failure, FAILURE_CANCELLED, "nobody waits for an answer any more");
                return sd_event_exit(w->event, -1);
        }
        r = message_recv(fd, &w->request);
        if (r > 0)
                r = begin(w);
        else if (r == 0) {
                (void) failure_set(w->failure, FAILURE_CANCELLED, "nothing was asked for");
                return sd_event_exit(w->event, -1);
        }
        if (r < 0) {
                (void) failure_set_errno(w->failure, FAILURE_SYSTEM, r, "cannot do what creel-oci asks for");
                return sd_event_exit(w->event, -1);
        }
        return 0;
}

int assist_scope(Failure *f) {
        _cleanup_(work_done) Work w = { .failure = f };
        _cleanup_(message_freep) Message *done = NULL;
        int r;

        r = sd_event_new(&w.event);
        if (r >= 0)
                r = connect_systemd(&w, f);
        if (r >= 0)
                r = sd_event_add_io(w.event, NULL, ASSIST_SOCKET_FD, EPOLLIN, on_socket, &w);
        if (r >= 0)
                r = sd_event_loop(w.event);
        if (r < 0)
                return f->text ? r : failure_set_errno(f, FAILURE_SYSTEM, r, "cannot talk to systemd");
        r = message_new(MESSAGE_SCOPE_DONE, &done);
        if (r >= 0)
                r = message_send(ASSIST_SOCKET_FD, done);
        /* Taking everything down would only keep the one who waits for the end of this process. */
        if (r >= 0)
                _exit(EXIT_SUCCESS);
        return r;
}
