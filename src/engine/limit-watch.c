/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>

#include "basic/fd.h"
#include "basic/limit-mirror.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/limit-watch.h"

/* What the user said about the file of the payload itself stays. */
static bool is_configured(const Container *c, const char *name) {
        STRV_FOREACH(i, c->record->spec->cgroup_conf) {
                const char *rest = startswith(*i, name);

                if (rest && *rest == '=')
                        return true;
        }
        return false;
}

static uint64_t count_oom_kills(int scope_fd) {
        _cleanup_close_ int fd = openat(scope_fd, "memory.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        char text[1024], *line;
        ssize_t n;

        n = fd >= 0 ? fd_read_full(fd, text, sizeof(text) - 1) : -1;
        if (n < 0)
                return 0;
        text[n] = 0;
        line = strstr(text, "\noom_kill ");
        return line ? strtoull(line + strlen("\noom_kill "), NULL, 10) : 0;
}

void limits_tell_oom(Container *c) {
        if (c->n_oom_kills == 0)
                container_event(c, "oom", NULL, 0);
        c->n_oom_kills = MAX(c->n_oom_kills, UINT64_C(1));
}

static void on_memory_event(Container *c, int scope_fd) {
        uint64_t n = count_oom_kills(scope_fd);

        bool told = c->n_oom_kills > 0;

        if (n <= c->n_oom_kills)
                return;
        c->n_oom_kills = n;
        /* Where all go at once, that is one story. */
        if (told && streq_ptr(c->record->spec->oom_policy, "kill"))
                return;
        container_event(c, "oom", NULL, 0);
}

static int on_modified(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        _cleanup_close_ int scope_fd = -EBADF, payload_fd = -EBADF;
        _cleanup_free_ char *path = NULL;
        Container *c = userdata;
        int r;

        if (event->len == 0 || !c->cgroup ||
            (!streq(event->name, "memory.events") &&
             (!limit_mirror_has(event->name) || is_configured(c, event->name))))
                return 0;
        if (string_format(&path, "/sys/fs/cgroup%s", c->cgroup) < 0)
                return 0;
        scope_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (scope_fd >= 0 && streq(event->name, "memory.events")) {
                on_memory_event(c, scope_fd);
                return 0;
        }
        payload_fd = scope_fd >= 0 ? openat(scope_fd, "payload", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                                   : -EBADF;
        if (payload_fd < 0)
                return 0;
        r = limit_mirror(scope_fd, payload_fd, event->name);
        if (r < 0)
                log_debug_errno(r, "Cannot repeat %s for container %s, ignoring: %m", event->name,
                                c->record->name);
        return 0;
}

void limits_forget(Container *c) {
        c->limits_source = sd_event_source_disable_unref(c->limits_source);
}

static int on_nothing(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        return 0;
}

/* With the last watch sd-event would close its inotify descriptor, for which the kernel makes us wait some
 * 10 ms; so there is always one. */
static void keep_inotify(Engine *e) {
        if (!e->limits_keeper)
                (void) sd_event_add_inotify(e->event, &e->limits_keeper, "/sys/fs/cgroup", IN_DELETE_SELF,
                                            on_nothing, NULL);
}

void limits_watch(Container *c) {
        _cleanup_close_ int scope_fd = -EBADF;
        _cleanup_free_ char *path = NULL;
        int r;

        limits_forget(c);
        c->n_oom_kills = 0;
        if (!c->cgroup)
                return;
        r = string_format(&path, "/sys/fs/cgroup%s", c->cgroup);
        if (r >= 0)
                scope_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* Found again after a restart of ours: these were told of. */
        if (scope_fd >= 0)
                c->n_oom_kills = count_oom_kills(scope_fd);
        keep_inotify(c->engine);
        if (r >= 0)
                r = sd_event_add_inotify(c->engine->event, &c->limits_source, path, IN_MODIFY | IN_ONLYDIR,
                                         on_modified, c);
        if (r < 0)
                log_debug_errno(r, "Cannot watch the limits of container %s, ignoring: %m", c->record->name);
}
