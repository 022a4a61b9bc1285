/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/ctl.h"
#include "ctl/event.h"
#include "ctl/follow.h"
#include "ctl/journal.h"
#include "ctl/timespec.h"

static bool arg_stream = true, arg_no_stream;
static char **arg_filters;
static uint64_t arg_since_usec = USEC_INFINITY, arg_until_usec = USEC_INFINITY;

const Option events_options[] = {
        { "since", 0, "TIME", "Begin with what happened then: 10m, 2026-01-02T15:04:05Z, ...", timespec_set,
          &arg_since_usec },
        { "until", 0, "TIME", "End at this time", timespec_set, &arg_until_usec },
        { "filter", 'f', "KEY=VALUE", "Only with this type, event, container or image", option_set_strv,
          &arg_filters },
        { "stream", 0, NULL, "Go on with what happens (default); =false: history only", option_set_flag,
          &arg_stream },
        { "no-stream", 0, NULL, "History only", option_set_flag, &arg_no_stream },
        {},
};

typedef struct Events {
        Ctl *c;
        Failure *failure;
} Events;

static int read_event(sd_journal *j, Event **ret) {
        _cleanup_(event_freep) Event *e = new0(Event, 1);
        _cleanup_free_ char *attributes = NULL;
        int r;

        if (!e)
                return -ENOMEM;
        r = journal_get(j, "CREEL_EVENT_TYPE", &e->type);
        if (r >= 0)
                r = journal_get(j, "CREEL_EVENT_ACTION", &e->action);
        if (r >= 0)
                r = journal_get(j, "CREEL_EVENT_ID", &e->id);
        if (r >= 0)
                r = sd_journal_get_realtime_usec(j, &e->time_usec);
        if (r < 0)
                return r;
        if (journal_get(j, "CREEL_EVENT_ATTRIBUTES", &attributes) >= 0)
                (void) event_set_attributes(e, attributes);
        *ret = TAKE_PTR(e);
        return 0;
}

static int print_new(sd_journal *j, void *userdata) {
        Events *events = userdata;
        int r;

        while ((r = sd_journal_next(j)) > 0) {
                _cleanup_(event_freep) Event *e = NULL;

                r = read_event(j, &e);
                if (r == -ENOENT)
                        continue;
                if (r < 0)
                        return r;
                if (e->time_usec > arg_until_usec)
                        return 1;
                if ((arg_since_usec != USEC_INFINITY && e->time_usec < arg_since_usec) ||
                    !event_match(e, arg_filters))
                        continue;
                r = event_print(e, ctl_wants_json(events->c), ctl_template(events->c), stdout,
                                events->failure);
                if (r < 0)
                        return r;
        }
        (void) fflush(stdout);
        return r < 0 ? r : ferror(stdout) ? -EPIPE : 0;
}

/* History wants the beginning, or --since; without it only what happens from now on is shown. */
static int seek(sd_journal *j, bool history) {
        int r;

        if (arg_since_usec != USEC_INFINITY)
                return sd_journal_seek_realtime_usec(j, arg_since_usec);
        if (history)
                return sd_journal_seek_head(j);
        r = sd_journal_seek_tail(j);
        if (r >= 0)
                r = sd_journal_previous(j);
        /* Without any entry, "behind the tail" would stay behind those that come. */
        return r == 0 ? sd_journal_seek_head(j) : r;
}

static int show(sd_journal *j, Events *events) {
        bool stream = arg_stream && !arg_no_stream &&
                      (arg_until_usec == USEC_INFINITY || arg_until_usec > clock_now_realtime_usec());
        _cleanup_(follow_freep) Follow *w = NULL;
        _cleanup_event_ sd_event *event = NULL;
        int r;

        r = sd_event_new(&event);
        if (r >= 0 && stream)
                r = follow_new(event, j, print_new, events, &w);
        if (r >= 0 && stream && arg_until_usec != USEC_INFINITY)
                r = follow_until(event, arg_until_usec);
        if (r >= 0)
                r = seek(j, !stream || arg_until_usec != USEC_INFINITY);
        if (r >= 0)
                r = print_new(j, events);
        if (r != 0 || !stream)
                return r;
        return sd_event_loop(event);
}

int verb_events(Ctl *c, char **operands, Failure *f) {
        _cleanup_journal_ sd_journal *j = NULL;
        Events events = { .c = c, .failure = f };
        int r;

        r = event_check_filters(arg_filters, f);
        if (r < 0)
                return r;
        journal_synchronize();
        r = journal_open_system(&j, f);
        if (r < 0)
                return r;
        r = sd_journal_add_match(j, "CREEL_EVENT_TYPE=container", 0);
        if (r >= 0)
                r = sd_journal_add_match(j, "CREEL_EVENT_TYPE=image", 0);
        if (r >= 0)
                r = show(j, &events);
        if (r == -EPIPE)
                return 0;
        if (r < 0 && !f->text)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot read the journal");
        return r < 0 ? r : 0;
}
