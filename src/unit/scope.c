/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit/scope.h"
#include "basic/clock.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "unit/scope-property.h"
#include "unit/systemd-internal.h"

#define JOB_TIMEOUT_USEC (60 * USEC_PER_SEC)
#define CONFLICT_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define TIMER_ACCURACY_USEC (250 * USEC_PER_MSEC)
#define UNIT_NAME_BYTES_MAX 255u
#define UNIT_NAME_CHARS ALPHANUMERIC ":-_.\\"

#define ERROR_UNIT_EXISTS "org.freedesktop.systemd1.UnitExists"
#define ERROR_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"

typedef enum ScopeJobKind {
        SCOPE_JOB_START,
        SCOPE_JOB_STOP,
        SCOPE_JOB_KILL,
        SCOPE_JOB_UPDATE,
        SCOPE_JOB_RESET,
        _SCOPE_JOB_KIND_MAX,
} ScopeJobKind;

typedef enum ScopeJobStage {
        SCOPE_JOB_QUEUED,  /* waits for the connection, or for room */
        SCOPE_JOB_CALLED,  /* the method call is out */
        SCOPE_JOB_RUNNING, /* systemd's job has a name: JobRemoved will come */
        SCOPE_JOB_BLOCKED, /* the name is still taken: UnitRemoved will come */
        SCOPE_JOB_DONE,
} ScopeJobStage;

struct ScopeJob {
        Systemd *systemd; /* NULL when done */
        ScopeJobKind kind;
        ScopeJobStage stage;
        bool floating;
        bool abandoned; /* START: what comes out of it is to be stopped */
        bool lost; /* sent before on a connection that broke: it may have taken effect */
        char *unit;
        ScopeSpec *spec; /* START */
        int signal;      /* KILL */
        UnitProperties properties; /* UPDATE */
        char *job_path;
        char *conflict; /* the state of the unit that has our name */
        sd_bus_slot *slot;
        sd_event_source *timer;
        scope_callback_t callback;
        void *userdata;
        LIST_FIELDS(ScopeJob, jobs);
};

static int scope_job_send(ScopeJob *j);

static void scope_job_unlink(ScopeJob *j) {
        if (!j->systemd)
                return;
        LIST_REMOVE(jobs, j->systemd->jobs, j);
        j->systemd->n_jobs--;
        j->systemd = NULL;
}

ScopeJob *scope_job_free(ScopeJob *j) {
        if (!j)
                return NULL;
        scope_job_unlink(j);
        sd_bus_slot_unref(j->slot);
        sd_event_source_disable_unref(j->timer);
        scope_spec_free(j->spec);
        unit_properties_done(&j->properties);
        free(j->job_path);
        free(j->conflict);
        free(j->unit);
        return mfree(j);
}

ScopeJob *scope_job_abandon(ScopeJob *j) {
        if (!j || j->stage == SCOPE_JOB_DONE || j->stage == SCOPE_JOB_BLOCKED ||
            (j->stage == SCOPE_JOB_QUEUED && !j->lost))
                return scope_job_free(j);
        assert(j->kind == SCOPE_JOB_START);
        j->abandoned = j->floating = true;
        j->callback = NULL;
        return NULL;
}

/* The last step of a job: @j may be gone afterwards. Takes @text; without it, running out of memory is the
 * story. */
static void scope_job_finish(ScopeJob *j, int error, char *text) {
        _cleanup_free_ char *t = text;
        Systemd *s = j->systemd;
        bool floating = j->floating;

        j->stage = SCOPE_JOB_DONE;
        j->slot = sd_bus_slot_unref(j->slot);
        j->timer = sd_event_source_disable_unref(j->timer);
        scope_job_unlink(j);
        if (j->abandoned && error >= 0)
                (void) scope_stop(s, j->unit, NULL, NULL, NULL);
        if (j->callback)
                j->callback(error, error < 0 ? t ?: "out of memory" : NULL, j->userdata);
        else if (error < 0)
                log_debug_errno(error, "%s, ignoring.", t ?: "Out of memory");
        if (floating)
                scope_job_free(j);
        scope_jobs_send(s); /* there is room for one more */
}

static const char *job_verb(const ScopeJob *j) {
        static const char *const verbs[] = {
                [SCOPE_JOB_START] = "start",
                [SCOPE_JOB_STOP] = "stop",
                [SCOPE_JOB_KILL] = "signal",
                [SCOPE_JOB_UPDATE] = "change",
                [SCOPE_JOB_RESET] = "reset",
        };
        static_assert(ELEMENTSOF(verbs) == _SCOPE_JOB_KIND_MAX, "verbs is not full");

        return verbs[j->kind];
}

_printf_(3, 4) static void scope_job_fail(ScopeJob *j, int error, const char *format, ...) {
        char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        scope_job_finish(j, text ? error : -ENOMEM, text);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        ScopeJob *j = userdata;

        if (j->stage == SCOPE_JOB_BLOCKED)
                scope_job_fail(j, -EEXIST,
                               "unit %s exists already and is %s; choose another name, or 'systemctl stop "
                               "%s'",
                               j->unit, j->conflict ?: "in use", j->unit);
        else if (j->stage == SCOPE_JOB_QUEUED)
                scope_job_fail(j, -ETIMEDOUT, "cannot reach systemd to %s %s; is it running as PID 1?",
                               job_verb(j), j->unit);
        else
                scope_job_fail(j, -ETIMEDOUT,
                               "systemd did not %s %s within %u s; 'systemctl list-jobs' shows what it "
                               "waits for",
                               job_verb(j), j->unit, (unsigned) (JOB_TIMEOUT_USEC / USEC_PER_SEC));
        return 0;
}

static int scope_job_set_timer(ScopeJob *j, uint64_t usec) {
        j->timer = sd_event_source_disable_unref(j->timer);
        return sd_event_add_time_relative(j->systemd->event, &j->timer, CLOCK_MONOTONIC, usec,
                                          TIMER_ACCURACY_USEC, on_timeout, j);
}

/* True when @reply says only that the connection broke: the job waits for the next one, see
 * scope_jobs_lost(). */
static bool reply_is_lost(const ScopeJob *j, sd_bus_message *reply) {
        return sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) ||
               sd_bus_is_open(j->systemd->bus) <= 0;
}

static int unit_path(const char *unit, char **ret) {
        return sd_bus_path_encode(SYSTEMD_UNIT_PATH, unit, ret);
}

static int on_conflict_state(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        ScopeJob *j = userdata;
        Systemd *s = j->systemd;
        const char *state;

        j->slot = sd_bus_slot_unref(j->slot);
        if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "v", "s", &state) < 0)
                return 0;
        (void) string_set(&j->conflict, state);
        log_debug("Unit %s is there already and %s, waiting for systemd to drop it.", j->unit, state);
        if (streq(state, "failed"))
                (void) sd_bus_call_method_async(s->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                                "ResetFailedUnit", NULL, NULL, "s", j->unit);
        return 0;
}

/* Somebody has the name. Most often it is the scope of a container that has just gone, which systemd forgets
 * any moment. */
static int scope_job_block(ScopeJob *j) {
        _cleanup_free_ char *path = NULL;
        int r;

        j->stage = SCOPE_JOB_BLOCKED;
        if (!j->conflict) {
                r = scope_job_set_timer(j, CONFLICT_TIMEOUT_USEC);
                if (r < 0)
                        return r;
        }
        r = unit_path(j->unit, &path);
        if (r < 0)
                return r;
        return sd_bus_call_method_async(j->systemd->bus, &j->slot, SYSTEMD_NAME, path,
                                        "org.freedesktop.DBus.Properties", "Get", on_conflict_state, j, "ss",
                                        SYSTEMD_NAME ".Unit", "ActiveState");
}

static int on_owner(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_free_ char *expected = NULL;
        ScopeJob *j = userdata;
        const char *path;
        int r;

        j->slot = sd_bus_slot_unref(j->slot);
        if (reply_is_lost(j, reply))
                return 0;
        if (unit_path(j->unit, &expected) >= 0 && !sd_bus_message_is_method_error(reply, NULL) &&
            sd_bus_message_read(reply, "o", &path) >= 0 && streq(path, expected)) {
                scope_job_finish(j, 0, NULL);
                return 0;
        }
        j->lost = false;
        r = scope_job_block(j);
        if (r < 0)
                scope_job_fail(j, r, "cannot ask systemd about %s", j->unit);
        return 0;
}

/* The unit exists, and the first connection may have made it for us: then our process is in it. */
static int scope_job_check_owner(ScopeJob *j) {
        return sd_bus_call_method_async(j->systemd->bus, &j->slot, SYSTEMD_NAME, SYSTEMD_PATH,
                                        SYSTEMD_MANAGER, "GetUnitByPID", on_owner, j, "u",
                                        (uint32_t) j->spec->pid);
}

/* What can be done about an error of systemd: 0 something was, 1 nothing, negative errno that failed too. */
static int scope_job_recover(ScopeJob *j, const sd_bus_error *e) {
        int r;

        if (j->kind != SCOPE_JOB_START) {
                if (j->kind == SCOPE_JOB_UPDATE || !sd_bus_error_has_name(e, ERROR_NO_SUCH_UNIT))
                        return 1;
                scope_job_finish(j, 0, NULL);
                return 0;
        }
        if (sd_bus_error_has_name(e, ERROR_UNIT_EXISTS) && j->abandoned && !j->lost)
                return 1;
        if (sd_bus_error_has_name(e, ERROR_UNIT_EXISTS))
                r = j->lost ? scope_job_check_owner(j) : scope_job_block(j);
        else if (!j->systemd->refuses_pidfds && j->systemd->version >= SYSTEMD_VERSION_PIDFDS &&
                 j->spec->pidfd >= 0 &&
                 (sd_bus_error_has_name(e, SD_BUS_ERROR_PROPERTY_READ_ONLY) ||
                  sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_PROPERTY))) {
                j->systemd->refuses_pidfds = true;
                r = scope_job_send(j);
        } else
                return 1;
        return MIN(r, 0); /* sd-bus says 1 for "sent" */
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        ScopeJob *j = userdata;
        const char *path;
        int r;

        if (reply_is_lost(j, reply))
                return 0;
        j->slot = sd_bus_slot_unref(j->slot);
        if (e) {
                r = scope_job_recover(j, e);
                if (r > 0)
                        scope_job_fail(j, -EIO, "systemd refuses to %s %s: %s", job_verb(j), j->unit,
                                       e->message ?: e->name);
                else if (r < 0)
                        scope_job_fail(j, r, "cannot ask systemd to %s %s", job_verb(j), j->unit);
                return 0;
        }
        if (j->kind == SCOPE_JOB_KILL || j->kind == SCOPE_JOB_UPDATE || j->kind == SCOPE_JOB_RESET) {
                scope_job_finish(j, 0, NULL);
                return 0;
        }
        if (sd_bus_message_read(reply, "o", &path) < 0 || string_set(&j->job_path, path) < 0) {
                scope_job_fail(j, -EIO, "cannot read systemd's answer about %s", j->unit);
                return 0;
        }
        j->stage = SCOPE_JOB_RUNNING;
        return 0;
}

static int scope_job_append(ScopeJob *j, sd_bus_message *m) {
        Systemd *s = j->systemd;
        int r;

        if (j->kind == SCOPE_JOB_STOP)
                return sd_bus_message_append(m, "ss", j->unit, "replace");
        if (j->kind == SCOPE_JOB_RESET)
                return sd_bus_message_append(m, "s", j->unit);
        if (j->kind == SCOPE_JOB_KILL)
                return sd_bus_message_append(m, "ssi", j->unit, "all", (int32_t) j->signal);
        if (j->kind == SCOPE_JOB_UPDATE) {
                r = sd_bus_message_append(m, "sb", j->unit, (int) true);
                return r < 0 ? r : scope_append_unit_properties(m, &j->properties, true);
        }
        r = sd_bus_message_append(m, "ss", j->unit, "fail");
        if (r >= 0)
                r = scope_append_properties(m, j->spec, s->version,
                                            s->version >= SYSTEMD_VERSION_PIDFDS && !s->refuses_pidfds);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        return r;
}

static int scope_job_send(ScopeJob *j) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        static const char *const methods[] = {
                [SCOPE_JOB_START] = "StartTransientUnit",
                [SCOPE_JOB_STOP] = "StopUnit",
                [SCOPE_JOB_KILL] = "KillUnit",
                [SCOPE_JOB_UPDATE] = "SetUnitProperties",
                [SCOPE_JOB_RESET] = "ResetFailedUnit",
        };
        static_assert(ELEMENTSOF(methods) == _SCOPE_JOB_KIND_MAX, "methods is not full");
        int r;

        r = sd_bus_message_new_method_call(j->systemd->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           methods[j->kind]);
        if (r >= 0)
                r = scope_job_append(j, m);
        if (r < 0)
                return r;
        j->stage = SCOPE_JOB_CALLED;
        j->slot = sd_bus_slot_unref(j->slot);
        return sd_bus_call_async(j->systemd->bus, &j->slot, m, on_reply, j, UINT64_MAX);
}

static ScopeJob *scope_job_next(Systemd *s) {
        unsigned n_starts = 0;

        LIST_FOREACH(jobs, j, s->jobs)
                n_starts += j->kind == SCOPE_JOB_START &&
                            (j->stage == SCOPE_JOB_CALLED || j->stage == SCOPE_JOB_RUNNING);
        LIST_FOREACH(jobs, j, s->jobs)
                if (j->stage == SCOPE_JOB_QUEUED &&
                    (j->kind != SCOPE_JOB_START || n_starts < SCOPE_STARTS_IN_FLIGHT_MAX))
                        return j;
        return NULL;
}

void scope_jobs_send(Systemd *s) {
        ScopeJob *j;
        int r;

        while (s->ready && (j = scope_job_next(s))) {
                r = scope_job_send(j);
                if (r < 0)
                        scope_job_fail(j, r, "cannot ask systemd to %s %s", job_verb(j), j->unit);
        }
}

void scope_jobs_lost(Systemd *s) {
        LIST_FOREACH(jobs, j, s->jobs) {
                j->slot = sd_bus_slot_unref(j->slot);
                j->job_path = mfree(j->job_path);
                if (j->stage != SCOPE_JOB_QUEUED)
                        j->lost = true;
                j->stage = SCOPE_JOB_QUEUED;
        }
}

void scope_jobs_on_job_removed(Systemd *s, const char *job_path, const char *result) {
        LIST_FOREACH(jobs, j, s->jobs)
                if (j->stage == SCOPE_JOB_RUNNING && streq(j->job_path, job_path)) {
                        if (streq(result, "done"))
                                scope_job_finish(j, 0, NULL);
                        else
                                scope_job_fail(j, -EIO,
                                               "systemd could not %s %s (%s); 'systemctl status %s' says "
                                               "more",
                                               job_verb(j), j->unit, result, j->unit);
                        return;
                }
}

void scope_jobs_on_unit_removed(Systemd *s, const char *unit) {
        LIST_FOREACH(jobs, j, s->jobs)
                if (j->stage == SCOPE_JOB_BLOCKED && streq(j->unit, unit)) {
                        j->slot = sd_bus_slot_unref(j->slot);
                        j->stage = SCOPE_JOB_QUEUED;
                        scope_jobs_send(s);
                        return;
                }
}

static int scope_job_new(Systemd *s, ScopeJobKind kind, const char *unit, scope_callback_t callback,
                         void *userdata, ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        int r;

        if (s->n_jobs >= SCOPE_JOBS_MAX)
                return -E2BIG;
        j = new0(ScopeJob, 1);
        if (!j || string_set(&j->unit, unit) < 0)
                return -ENOMEM;
        j->kind = kind;
        j->callback = callback;
        j->userdata = userdata;
        j->systemd = s;
        LIST_APPEND(jobs, s->jobs, j);
        s->n_jobs++;
        r = scope_job_set_timer(j, JOB_TIMEOUT_USEC);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

/* Sends the job if that is possible now. A failure here is the caller's return value, not the callback's. */
static int scope_job_submit(ScopeJob *job, ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *j = job;
        int r;

        if (j->systemd->ready && scope_job_next(j->systemd) == j) {
                r = scope_job_send(j);
                if (r < 0)
                        return r;
        }
        j->floating = !ret;
        if (ret)
                *ret = j;
        TAKE_PTR(j);
        return 0;
}

int scope_start(Systemd *s, const ScopeSpec *spec, scope_callback_t callback, void *userdata,
                ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        int r;

        assert(spec->unit && spec->pid > 0);
        r = scope_job_new(s, SCOPE_JOB_START, spec->unit, callback, userdata, &j);
        if (r >= 0)
                r = scope_spec_copy(spec, &j->spec);
        return r < 0 ? r : scope_job_submit(TAKE_PTR(j), ret);
}

int scope_stop(Systemd *s, const char *unit, scope_callback_t callback, void *userdata, ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        int r;

        r = scope_job_new(s, SCOPE_JOB_STOP, unit, callback, userdata, &j);
        return r < 0 ? r : scope_job_submit(TAKE_PTR(j), ret);
}

int scope_kill(Systemd *s, const char *unit, int signal, scope_callback_t callback, void *userdata,
               ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        int r;

        r = scope_job_new(s, SCOPE_JOB_KILL, unit, callback, userdata, &j);
        if (r < 0)
                return r;
        j->signal = signal;
        return scope_job_submit(TAKE_PTR(j), ret);
}

int scope_update(Systemd *s, const char *unit, const UnitProperties *properties, scope_callback_t callback,
                 void *userdata, ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        int r;

        r = scope_job_new(s, SCOPE_JOB_UPDATE, unit, callback, userdata, &j);
        if (r >= 0)
                r = unit_properties_copy(properties, &j->properties);
        return r < 0 ? r : scope_job_submit(TAKE_PTR(j), ret);
}

int scope_reset_failed(Systemd *s, const char *unit, scope_callback_t callback, void *userdata,
                       ScopeJob **ret) {
        _cleanup_(scope_job_freep) ScopeJob *j = NULL;
        int r;

        r = scope_job_new(s, SCOPE_JOB_RESET, unit, callback, userdata, &j);
        return r < 0 ? r : scope_job_submit(TAKE_PTR(j), ret);
}

int scope_unit_name(const char *container_name, char **ret) {
        if (isempty(container_name) || !string_in_charset(container_name, UNIT_NAME_CHARS) ||
            strlen(container_name) > UNIT_NAME_BYTES_MAX - strlen("creel-.scope"))
                return -EINVAL;
        return string_format(ret, "creel-%s.scope", container_name);
}

/* a-b.slice lies in a.slice, so no component may be empty; -.slice is the root. */
bool scope_slice_is_valid(const char *s) {
        size_t n;

        if (isempty(s) || strlen(s) > UNIT_NAME_BYTES_MAX || !endswith(s, ".slice") ||
            !string_in_charset(s, UNIT_NAME_CHARS))
                return false;
        if (streq(s, "-.slice"))
                return true;
        n = strlen(s) - strlen(".slice");
        return n > 0 && s[0] != '-' && s[n - 1] != '-' && !strstr(s, "--");
}
