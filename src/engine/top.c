/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/top.h"
#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/worker.h"
#include "proto/message.h"

#define TOP_TIMEOUT_USEC (5 * USEC_PER_SEC)

typedef struct Top {
        Engine *engine;
        char *name; /* the container's, which may go meanwhile */
        Worker *worker;
        sd_event_source *timer;
        char ***rows;
        size_t n_rows, n_allocated;
        top_done_t done;
        void *userdata;
} Top;

static Top *top_free(Top *t) {
        if (!t)
                return NULL;
        (void) worker_free(t->worker);
        (void) sd_event_source_disable_unref(t->timer);
        for (size_t i = 0; i < t->n_rows; i++)
                (void) strv_free(t->rows[i]);
        free(t->rows);
        free(t->name);
        t->engine->n_tops--;
        return mfree(t);
}
DEFINE_CLEANUP(Top, top_free)

static void finish(Top *t, const Failure *f) {
        t->done(f ? NULL : t->rows, f ? 0 : t->n_rows, f, t->userdata);
        (void) top_free(t);
}

static int add_row(Top *t, const Message *m) {
        _cleanup_strv_free_ char **row = NULL;
        const char *word;
        int r;

        if (t->n_rows >= TOP_ROWS_MAX)
                return -E2BIG;
        for (size_t i = 0; message_get_nth_string(m, FIELD_WORD, i, &word) >= 0; i++) {
                r = strv_extend(&row, word);
                if (r < 0)
                        return r;
        }
        if (!GREEDY_REALLOC(t->rows, t->n_allocated, t->n_rows + 1))
                return -ENOMEM;
        t->rows[t->n_rows++] = TAKE_PTR(row);
        return 0;
}

static void on_message(Worker *w, Message *m, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Top *t = userdata;
        int r;

        if (m && message_type(m) == MESSAGE_TOP_ROW) {
                r = add_row(t, m);
                if (r >= 0)
                        return;
                (void) failure_set_errno(&f, FAILURE_SYSTEM, r, "cannot list the processes of container %s",
                                         t->name);
                finish(t, &f);
                return;
        }
        if (m && message_type(m) == MESSAGE_TOP_DONE) {
                finish(t, NULL);
                return;
        }
        (void) worker_failure(m, t->name, &f);
        if (m && message_type(m) == MESSAGE_FAILED && f.text) {
                Failure named = {};

                (void) failure_set(&named, f.kind, "%s: %s", t->name, f.text);
                failure_done(&f);
                f = named;
        }
        finish(t, &f);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Top *t = userdata;

        (void) failure_set(&f, FAILURE_BUSY,
                           "%s: a process of the container does not let itself be looked at; try again",
                           t->name);
        finish(t, &f);
        return 0;
}

static int send_start(const Top *t, const Container *c, const ProcessColumn *columns, size_t n_columns) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_TOP_START, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_CGROUP, c->cgroup);
        if (r >= 0)
                r = message_put_u64(m, FIELD_PID, (uint64_t) c->leader);
        if (r >= 0)
                r = message_put_fd(m, FIELD_PIDFD, c->leader_pidfd);
        for (size_t i = 0; i < n_columns && r >= 0; i++)
                r = message_put_string(m, FIELD_WORD, process_column_to_string(columns[i]));
        return r < 0 ? r : worker_send(t->worker, m);
}

int container_top(Container *c, const ProcessColumn *columns, size_t n_columns, top_done_t done,
                  void *userdata, Failure *f) {
        Engine *e = c->engine;
        _cleanup_(top_freep) Top *t = NULL;
        int r;

        if (!container_is_running(c) || !c->cgroup || c->leader_pidfd < 0)
                return failure_set(f, FAILURE_INVALID_STATE, "%s: the container is %s, not running",
                                   c->record->name, container_state_to_string(c->state));
        if (e->n_tops >= TOPS_MAX)
                return failure_set(f, FAILURE_LIMITS_EXCEEDED,
                                   "processes are listed %u times at once already; try again", TOPS_MAX);
        t = new0(Top, 1);
        if (!t)
                return -ENOMEM;
        *t = (Top){ .engine = e, .done = done, .userdata = userdata };
        e->n_tops++;
        r = string_set(&t->name, c->record->name);
        if (r >= 0)
                r = worker_start(e, e->supervise_fd, "creel-top", on_message, t, &t->worker);
        if (r >= 0)
                r = send_start(t, c, columns, n_columns);
        if (r >= 0)
                r = sd_event_add_time_relative(e->event, &t->timer, CLOCK_MONOTONIC, TOP_TIMEOUT_USEC, 0,
                                               on_timeout, t);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot list the processes of container %s",
                                         c->record->name);
        TAKE_PTR(t);
        return 0;
}
