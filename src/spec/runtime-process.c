/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/ioprio.h>
#include <linux/sched.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/cpu-set.h"
#include "spec/json.h"
#include "spec/runtime-reader.h"
#include "spec/ulimit.h"

#define FILE_MODE_MASK 07777
#define RLIMITS_MAX 64
#define ADDITIONAL_GIDS_MAX 65536 /* NGROUPS_MAX of the kernel */
#define IO_PRIORITY_MAX 7

static const char *const capability_set_names[] = {
        [RUNTIME_CAPABILITY_BOUNDING] = "bounding",       [RUNTIME_CAPABILITY_EFFECTIVE] = "effective",
        [RUNTIME_CAPABILITY_INHERITABLE] = "inheritable", [RUNTIME_CAPABILITY_PERMITTED] = "permitted",
        [RUNTIME_CAPABILITY_AMBIENT] = "ambient",
};
static_assert(ELEMENTSOF(capability_set_names) == _RUNTIME_CAPABILITY_MAX,
              "capability_set_names is not full");

/* Words of the document and numbers of the kernel. */
typedef struct Word {
        const char *word;
        uint64_t value;
} Word;

static const Word scheduler_policies[] = {
        { "SCHED_OTHER", SCHED_NORMAL },      { "SCHED_FIFO", SCHED_FIFO }, { "SCHED_RR", SCHED_RR },
        { "SCHED_BATCH", SCHED_BATCH },       { "SCHED_ISO", 4 },           { "SCHED_IDLE", SCHED_IDLE },
        { "SCHED_DEADLINE", SCHED_DEADLINE },
};

static const Word scheduler_flags[] = {
        { "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
        { "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
        { "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
        { "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
        { "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
        { "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
        { "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
};

static const Word io_priority_classes[] = {
        { "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
        { "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
        { "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

static const Word *find_word(const Word *words, size_t n, const char *word) {
        for (size_t i = 0; i < n; i++)
                if (streq(words[i].word, word))
                        return words + i;
        return NULL;
}

static int read_additional_gids(RuntimeReader *d, json_object *o, RuntimeProcess *p) {
        json_object *v;
        size_t n;
        int r;

        r = json_get(o, "additionalGids", json_type_array, &v);
        if (r < 0)
                return reader_checked(d, "additionalGids", r);
        n = json_object_array_length(v);
        if (n > ADDITIONAL_GIDS_MAX)
                return reader_complain(d, "additionalGids", "more than %d entries", ADDITIONAL_GIDS_MAX);
        p->additional_gids = new (uint32_t, n + 1);
        if (!p->additional_gids)
                return -ENOMEM;
        for (; p->n_additional_gids < n; p->n_additional_gids++) {
                json_object *e = json_object_array_get_idx(v, p->n_additional_gids);
                int64_t gid = json_object_get_int64(e);

                if (!json_object_is_type(e, json_type_int) || gid < 0 || gid > UINT32_MAX)
                        return reader_complain(d, "additionalGids", "entry %zu is not a group number",
                                               p->n_additional_gids);
                p->additional_gids[p->n_additional_gids] = (uint32_t) gid;
        }
        return 0;
}

static int read_user(RuntimeReader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        uint32_t umask = p->umask;
        int r;

        r = reader_u32(d, o, "uid", &p->uid);
        if (r >= 0)
                r = reader_u32(d, o, "gid", &p->gid);
        if (r >= 0)
                r = reader_u32(d, o, "umask", &umask);
        if (r >= 0 && umask > FILE_MODE_MASK)
                return reader_complain(d, "umask", "0%o is not a file mode", umask);
        p->umask = umask;
        if (r >= 0)
                r = reader_checked(d, "username", json_dup_string(o, "username", &p->username));
        if (r >= 0)
                r = read_additional_gids(d, o, p);
        return r < 0 ? r : reader_strv(d, o, "additionalGroups", &p->additional_groups);
}

static int read_capabilities(RuntimeReader *d, json_object *o) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < _RUNTIME_CAPABILITY_MAX; i++)
                r = reader_strv(d, o, capability_set_names[i], d->spec->process.capabilities + i);
        return r;
}

static int read_console_size(RuntimeReader *d, json_object *o) {
        int r;

        r = reader_checked(d, "height", json_get_u64(o, "height", &d->spec->process.console_height));
        return r < 0 ? r
                     : reader_checked(d, "width", json_get_u64(o, "width", &d->spec->process.console_width));
}

static int read_rlimit(RuntimeReader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        RuntimeRlimit *l;
        const char *type;
        int r;

        r = reader_append(&p->rlimits, &p->n_rlimits, sizeof(*l));
        if (r < 0)
                return r;
        l = p->rlimits + p->n_rlimits - 1;
        if (json_get_string(o, "type", &type) < 0)
                return reader_complain(d, "type", "a string is needed");
        l->resource = ulimit_resource(type);
        if (l->resource < 0)
                return reader_complain(d, "type", "there is no resource limit called %s", type);
        for (const RuntimeRlimit *i = p->rlimits; i < l; i++)
                if (i->resource == l->resource)
                        return reader_complain(d, "type", "%s is listed twice", type);
        if (json_get_u64(o, "soft", &l->soft) < 0)
                return reader_complain(d, "soft", "a number is needed");
        if (json_get_u64(o, "hard", &l->hard) < 0)
                return reader_complain(d, "hard", "a number is needed");
        if (l->soft > l->hard)
                return reader_complain(d, "soft", "is more than the hard limit");
        return 0;
}

static int read_oom_score(RuntimeReader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        int64_t v = INT64_MAX;
        int r;

        r = reader_ranged(d, o, "oomScoreAdj", -1000, 1000, &v);
        if (r < 0 || v == INT64_MAX)
                return r;
        p->oom_score_adj = (int) v;
        p->oom_score_adj_set = true;
        return 0;
}

static int read_scheduler_flags(RuntimeReader *d, json_object *o, RuntimeScheduler *s) {
        _cleanup_strv_free_ char **flags = NULL;
        int r;

        r = reader_strv(d, o, "flags", &flags);
        if (r < 0)
                return r;
        STRV_FOREACH(i, flags) {
                const Word *flag = find_word(scheduler_flags, ELEMENTSOF(scheduler_flags), *i);

                if (!flag)
                        return reader_complain(d, "flags", "there is no flag called %s", *i);
                s->flags |= flag->value;
        }
        return 0;
}

static int read_deadline(RuntimeReader *d, json_object *o, RuntimeScheduler *s) {
        int r;

        r = reader_checked(d, "runtime", json_get_u64(o, "runtime", &s->runtime_nsec));
        if (r >= 0)
                r = reader_checked(d, "deadline", json_get_u64(o, "deadline", &s->deadline_nsec));
        if (r >= 0)
                r = reader_checked(d, "period", json_get_u64(o, "period", &s->period_nsec));
        if (r >= 0 && s->policy != SCHED_DEADLINE && (s->runtime_nsec || s->deadline_nsec || s->period_nsec))
                return reader_complain(d, "policy", "runtime, deadline and period belong to SCHED_DEADLINE");
        return r;
}

static int read_scheduler(RuntimeReader *d, json_object *o) {
        RuntimeScheduler *s = &d->spec->process.scheduler;
        int64_t nice = 0, priority = 0;
        const Word *policy;
        const char *word;
        int r;

        if (json_get_string(o, "policy", &word) < 0)
                return reader_complain(d, "policy", "a string is needed");
        policy = find_word(scheduler_policies, ELEMENTSOF(scheduler_policies), word);
        if (!policy)
                return reader_complain(d, "policy", "there is no scheduling policy called %s", word);
        s->policy = (uint32_t) policy->value;
        r = reader_ranged(d, o, "nice", -20, 19, &nice);
        if (r >= 0)
                r = reader_ranged(d, o, "priority", 0, INT32_MAX, &priority);
        if (r < 0)
                return r;
        if (priority != 0 && s->policy != SCHED_FIFO && s->policy != SCHED_RR)
                return reader_complain(d, "priority", "belongs to SCHED_FIFO and SCHED_RR");
        s->nice = (int32_t) nice;
        s->priority = (uint32_t) priority;
        r = read_scheduler_flags(d, o, s);
        if (r >= 0)
                r = read_deadline(d, o, s);
        s->set = r >= 0;
        return r;
}

static int read_io_priority(RuntimeReader *d, json_object *o) {
        RuntimeIoPriority *p = &d->spec->process.io_priority;
        const Word *class;
        const char *word;
        int64_t priority = -1;
        int r;

        if (json_get_string(o, "class", &word) < 0)
                return reader_complain(d, "class", "a string is needed");
        class = find_word(io_priority_classes, ELEMENTSOF(io_priority_classes), word);
        if (!class)
                return reader_complain(d, "class", "there is no class of I/O priorities called %s", word);
        r = reader_ranged(d, o, "priority", 0, IO_PRIORITY_MAX, &priority);
        if (r < 0)
                return r;
        if (priority < 0)
                return reader_complain(d, "priority", "a number is needed");
        *p = (RuntimeIoPriority){ .set = true, .class = (int) class->value, .priority = (int) priority };
        return 0;
}

static int read_cpus(RuntimeReader *d, json_object *o, const char *key, char **ret) {
        int r;

        r = reader_string(d, o, key, ret);
        if (r >= 0 && *ret && cpu_set_parse(*ret, &(cpu_set_t){}) < 0)
                return reader_complain(d, key, "%s is not a list of CPUs", *ret);
        return r;
}

static int read_exec_affinity(RuntimeReader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        int r;

        r = read_cpus(d, o, "initial", &p->exec_affinity_initial);
        return r < 0 ? r : read_cpus(d, o, "final", &p->exec_affinity_final);
}

static int check(RuntimeReader *d, const RuntimeProcess *p) {
        if (!p->cwd)
                return reader_complain(d, "cwd", "an absolute path is needed");
        if (!p->args || isempty(p->args[0]))
                return reader_complain(d, "args", "the program to run is missing");
        STRV_FOREACH(e, p->env)
                if (!strchr(*e, '=') || **e == '=')
                        return reader_complain(d, "env", "\"%s\" is not NAME=value", *e);
        return 0;
}

static int read_limits(RuntimeReader *d, json_object *o, RuntimeProcess *p) {
        int r;

        r = reader_array(d, o, "rlimits", RLIMITS_MAX, read_rlimit);
        if (r >= 0)
                r = read_oom_score(d, o);
        if (r >= 0)
                r = reader_object(d, o, "scheduler", read_scheduler);
        if (r >= 0)
                r = reader_object(d, o, "ioPriority", read_io_priority);
        if (r >= 0)
                r = reader_object(d, o, "execCPUAffinity", read_exec_affinity);
        return r < 0 ? r : read_cpus(d, o, "cpuAffinity", &p->cpu_affinity);
}

int runtime_process_read(RuntimeReader *d, json_object *o) {
        RuntimeProcess *p = &d->spec->process;
        int r;

        d->spec->has_process = true;
        r = reader_boolean(d, o, "terminal", &p->terminal);
        if (r >= 0)
                r = reader_object(d, o, "consoleSize", read_console_size);
        if (r >= 0)
                r = reader_object(d, o, "user", read_user);
        if (r >= 0)
                r = reader_strv(d, o, "args", &p->args);
        if (r >= 0)
                r = reader_strv(d, o, "env", &p->env);
        if (r >= 0)
                r = reader_path(d, o, "cwd", &p->cwd);
        if (r >= 0)
                r = reader_object(d, o, "capabilities", read_capabilities);
        if (r >= 0)
                r = reader_boolean(d, o, "noNewPrivileges", &p->no_new_privileges);
        if (r >= 0)
                r = reader_string(d, o, "apparmorProfile", &p->apparmor_profile);
        if (r >= 0)
                r = reader_string(d, o, "selinuxLabel", &p->selinux_label);
        if (r >= 0)
                r = read_limits(d, o, p);
        return r < 0 ? r : check(d, p);
}

void runtime_process_done(RuntimeProcess *p) {
        free(p->username);
        free(p->additional_gids);
        (void) strv_free(p->additional_groups);
        (void) strv_free(p->args);
        (void) strv_free(p->env);
        free(p->cwd);
        for (size_t i = 0; i < _RUNTIME_CAPABILITY_MAX; i++)
                (void) strv_free(p->capabilities[i]);
        free(p->rlimits);
        free(p->cpu_affinity);
        free(p->apparmor_profile);
        free(p->selinux_label);
        free(p->exec_affinity_initial);
        free(p->exec_affinity_final);
        *p = (RuntimeProcess){};
}
