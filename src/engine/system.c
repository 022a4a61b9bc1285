/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/host-tree.h"
#include "engine/journal-link.h"
#include "engine/root.h"
#include "engine/system.h"

#define STATUS_TEXT_MAX 1024

bool system_reboots(const Container *c, const ExitRecord *exit) {
        const Job *j = container_job(c);

        /* A hang-up that somebody sent is none. */
        return exit->signal == SIGHUP && c->kill_signal != SIGHUP && container_is_running(c) &&
               container_is_system(c) && (!j || (j->type != JOB_STOP && j->type != JOB_REMOVE));
}

/* What a stop has sent before the init system listened is lost. */
static void repeat_stop(Container *c) {
        const Job *j = container_job(c);
        int signal;

        if (!j || !j->timer || (j->type != JOB_STOP && j->type != JOB_RESTART && j->type != JOB_REMOVE))
                return;
        signal = j->parameters.signal > 0 ? j->parameters.signal : container_stop_signal(c);
        (void) container_kill(c, false, signal, NULL);
}

/* One line. Returns whether anybody may want to know. */
static bool take_assignment(Container *c, const char *line) {
        const char *value;
        uint64_t level;

        if (streq(line, "READY=1")) {
                bool news = !c->ready;

                c->ready = true;
                return news;
        }
        if ((value = startswith(line, "STATUS="))) {
                char *text = strndup(value, STATUS_TEXT_MAX);

                if (!text)
                        return false;
                /* It goes to D-Bus, which takes nothing but UTF-8. */
                for (char *p = text; *p; p++)
                        if ((unsigned char) *p < ' ' || (unsigned char) *p > '~')
                                *p = '?';
                free(c->status_text);
                c->status_text = text;
                return true;
        }
        if ((value = startswith(line, "X_SYSTEMD_SIGNALS_LEVEL=")) && parse_u64(value, &level) >= 0)
                c->signals_level = (unsigned) MIN(level, (uint64_t) UINT32_MAX);
        return false;
}

void container_on_notify(Container *c, const char *text) {
        _cleanup_strv_free_ char **lines = NULL;
        bool was_ready = c->ready, news = false;
        unsigned level = c->signals_level;
        Job *j;

        if (strv_split(text, "\n", &lines) < 0)
                return;
        STRV_FOREACH(i, lines)
                news = take_assignment(c, *i) || news;
        if ((c->ready && !was_ready) || c->signals_level > level)
                repeat_stop(c);
        if (!news)
                return;
        container_changed(c);
        j = container_job(c);
        if (c->ready && !was_ready && c->record->spec->notify_ready && j && container_is_running(c) &&
            (j->type == JOB_START || (j->type == JOB_RESTART && !j->timer)))
                container_job_done(c, NULL);
}

bool container_awaits_readiness(const Container *c) {
        const Job *j = container_job(c);

        return j && c->record->spec->notify_ready && !c->ready && container_is_running(c) &&
               (j->type == JOB_START || (j->type == JOB_RESTART && !j->timer));
}

void container_forget_notify(Container *c) {
        c->ready = false;
        c->signals_level = 0;
        c->status_text = mfree(c->status_text);
}

void container_forget_system(const Container *c) {
        _cleanup_free_ char *prefix = NULL;
        char machine_id[33];

        host_tree_remove_tunnel(c->record->name);
        if (!c->record->spec->link_journal ||
            string_format(&prefix, "%s/containers/%s/", c->engine->store->path, c->record->id) < 0)
                return;
        root_machine_id(c->engine, c->record, machine_id);
        journal_link_remove(JOURNAL_PATH, machine_id, prefix);
}

void container_discard_root(Container *c, char **ret_tree) {
        Store *s = c->engine->store;
        _cleanup_close_ int fd = -EBADF;
        int r;

        *ret_tree = NULL;
        if (!c->record->spec->ephemeral)
                return;
        fd = openat(s->containers_fd, c->record->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = fd < 0 ? negative_errno() : store_discard(s, fd, "rootfs", ret_tree);
        if (r < 0 && r != -ENOENT)
                log_warning_errno(r, "Cannot throw away what container %s has written, ignoring: %m",
                                  c->record->name);
}
