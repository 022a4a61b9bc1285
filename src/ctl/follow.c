/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <time.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "ctl/follow.h"

struct Follow {
        sd_event *event;
        sd_journal *journal;
        sd_event_source *source;
        int (*print)(sd_journal *j, void *userdata);
        void *userdata;
};

int follow_drain(Follow *w) {
        int r;

        r = sd_journal_process(w->journal);
        return r < 0 ? r : w->print(w->journal, w->userdata);
}

static int on_growth(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Follow *w = userdata;
        int r;

        r = follow_drain(w);
        return r != 0 ? sd_event_exit(w->event, r < 0 ? r : 0) : 0;
}

int follow_new(sd_event *event, sd_journal *journal, int (*print)(sd_journal *j, void *userdata),
               void *userdata, Follow **ret) {
        _cleanup_(follow_freep) Follow *w = new0(Follow, 1);
        int fd, events, r;

        if (!w)
                return -ENOMEM;
        *w = (Follow){
                .event = sd_event_ref(event), .journal = journal, .print = print, .userdata = userdata
        };
        fd = sd_journal_get_fd(journal);
        if (fd < 0)
                return fd;
        events = sd_journal_get_events(journal);
        if (events < 0)
                return events;
        r = sd_event_add_io(event, &w->source, fd, (uint32_t) events, on_growth, w);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

Follow *follow_free(Follow *w) {
        if (!w)
                return NULL;
        sd_event_source_disable_unref(w->source);
        sd_event_unref(w->event);
        return mfree(w);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

int follow_until(sd_event *event, uint64_t realtime_usec) {
        return sd_event_add_time(event, NULL, CLOCK_REALTIME, realtime_usec, USEC_PER_MSEC, on_time, NULL);
}
