/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "security/capability.h"
#include "security/seccomp-profile.h"
#include "spec/json.h"

#define ERRNO_MAX 4095 /* the kernel's MAX_ERRNO */

/* What every step of the reading needs. */
typedef struct Reader {
        const SeccompTarget *target;
        SeccompProfile *profile;
        size_t rule; /* the rule being read, for messages; SIZE_MAX: none */
        Failure *failure;
} Reader;

static void rule_done(SeccompRule *rule) {
        rule->names = strv_free(rule->names);
        rule->args = mfree(rule->args);
        rule->n_args = 0;
}

SeccompProfile *seccomp_profile_free(SeccompProfile *p) {
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->n_rules; i++)
                rule_done(&p->rules[i]);
        free(p->rules);
        return mfree(p);
}

/* Words of the document are foreign: whatever could move the cursor of a terminal goes. */
static void text_tame(char *text) {
        for (char *p = text; *p; p++)
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        *p = '?';
}

static _printf_(2, 3) int refuse(Reader *r, const char *format, ...) {
        _cleanup_free_ char *what = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&what, format, ap);
        va_end(ap);
        if (n < 0) {
                what = NULL;
                return -ENOMEM;
        }
        text_tame(what);
        if (r->rule == SIZE_MAX)
                return failure_set(r->failure, FAILURE_CONFIGURATION, "seccomp profile: %s", what);
        return failure_set(r->failure, FAILURE_CONFIGURATION, "seccomp profile: syscalls[%zu]: %s", r->rule,
                           what);
}

/* A getter of spec/json.h found something else than it wants: the message for it. -ENODATA becomes 0. */
static int complain(Reader *r, int error, const char *key, const char *wanted) {
        if (error == -ENODATA || error == -ENOMEM)
                return error == -ENODATA ? 0 : error;
        return refuse(r, "\"%s\" is not %s", key, wanted);
}

/* Nobody judges what a document has besides (runtime-spec, config.md, "Extensibility"). */
static int keys_check(Reader *r, json_object *o, const char *where, const char *const *known) {
        if (r->target->document)
                return 0;
        json_object_object_foreach(o, key, value) {
                (void) value;
                if (!strv_contains((char *const *) known, key))
                        return refuse(r, "unknown key \"%.64s\" in %s", key, where);
        }
        return 0;
}

/* podman writes the number as "...Ret" and, with precedence, the name beside it. */
static int read_errno(Reader *r, json_object *o, const char *name_key, const char *number_key,
                      uint64_t *ret) {
        uint64_t data = EPERM;
        const char *name = NULL;
        int k;

        k = json_get_u64(o, number_key, &data);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, number_key, "a number");
        if (data > ERRNO_MAX)
                return refuse(r, "\"%s\" is %" PRIu64 ", more than %d", number_key, data, ERRNO_MAX);
        k = json_get_string(o, name_key, &name);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, name_key, "a string");
        if (!isempty(name)) {
                for (data = 1; data <= ERRNO_MAX; data++)
                        if (streq(strempty(strerrorname_np((int) data)), name))
                                break;
                if (data > ERRNO_MAX)
                        return refuse(r, "unknown error \"%.64s\"", name);
        }
        *ret = data;
        return 0;
}

static int read_action(Reader *r, json_object *o, const char *action_key, const char *name_key,
                       const char *number_key, uint32_t *ret) {
        const char *s;
        json_object *number = NULL;
        uint64_t data = 0;
        uint32_t action;
        int k;

        k = json_get_string(o, action_key, &s);
        if (k == -ENODATA)
                return refuse(r, "\"%s\" is missing", action_key);
        if (k < 0)
                return complain(r, k, action_key, "a string");
        if (seccomp_word_parse(SECCOMP_WORD_ACTION, s, &action) < 0)
                return refuse(r, "unknown action \"%.64s\"", s);
        if (action == SECCOMP_RET_USER_NOTIF && !r->target->document)
                return refuse(r,
                              "SCMP_ACT_NOTIFY needs an agent that answers, and containers here have none");

        k = read_errno(r, o, name_key, number_key, &data);
        if (k < 0)
                return k;
        *ret = action;
        if (action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE)
                *ret |= (uint32_t) data;
        else if (r->target->document && json_object_object_get_ex(o, number_key, &number) && number)
                return refuse(r, "\"%s\" does not go with %s", number_key, s);
        return 0;
}

static int kernel_at_least(const char *release, const char *wanted) {
        unsigned have[2] = {}, want[2] = {};
        char rest;

        if (sscanf(wanted, "%3u.%5u%c", &want[0], &want[1], &rest) != 2)
                return -EINVAL;
        if (sscanf(release, "%3u.%5u", &have[0], &have[1]) != 2)
                return -EINVAL;
        return have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]);
}

/* Counts into *ret_true how many conditions of @o hold, into *ret_all how many there are. */
static int read_conditions(Reader *r, json_object *o, const char *key, unsigned *ret_true,
                           unsigned *ret_all) {
        static const char *const known[] = {"caps", "arches", "minKernel", NULL};
        _cleanup_strv_free_ char **caps = NULL, **arches = NULL;
        const char *kernel = NULL;
        unsigned n_true = 0, n_all = 0;
        json_object *c;
        uint32_t v;
        int k;

        *ret_true = *ret_all = 0;
        k = json_get(o, key, json_type_object, &c);
        if (k < 0)
                return complain(r, k, key, "an object");
        k = keys_check(r, c, key, known);
        if (k < 0)
                return k;

        k = json_get_strv(c, "caps", &caps);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "caps", "an array of strings");
        STRV_FOREACH (i, caps) {
                int capability = capability_from_string(*i);

                if (capability < 0)
                        return refuse(r, "unknown capability \"%.64s\"", *i);
                n_true += !!(r->target->capabilities & CAPABILITY_BIT(capability));
                n_all++;
        }

        k = json_get_strv(c, "arches", &arches);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "arches", "an array of strings");
        if (strv_length(arches) > 0) {
                bool here = false;

                STRV_FOREACH (i, arches) {
                        if (seccomp_go_architecture_parse(*i, &v) < 0)
                                return refuse(r, "unknown architecture \"%.64s\"", *i);
                        here = here || v == r->target->architecture;
                }
                n_true += here;
                n_all++;
        }

        k = json_get_string(c, "minKernel", &kernel);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "minKernel", "a string");
        if (!isempty(kernel)) {
                k = kernel_at_least(r->target->kernel_release, kernel);
                if (k < 0)
                        return refuse(r, "\"minKernel\" is \"%.64s\" instead of MAJOR.MINOR", kernel);
                n_true += (unsigned) k;
                n_all++;
        }
        *ret_true = n_true;
        *ret_all = n_all;
        return 0;
}

static int read_arg(Reader *r, json_object *o, SeccompArg *ret) {
        static const char *const known[] = {"index", "value", "valueTwo", "op", NULL};
        SeccompArg arg = {};
        uint64_t index;
        const char *op;
        uint32_t v;
        int k;

        if (!json_object_is_type(o, json_type_object))
                return refuse(r, "an entry of \"args\" is not an object");
        k = keys_check(r, o, "\"args\"", known);
        if (k < 0)
                return k;
        if (json_get_u64(o, "index", &index) < 0 || index > 5)
                return refuse(r, "the \"index\" of an argument is not a number from 0 to 5");
        if (json_get_string(o, "op", &op) < 0)
                return refuse(r, "the \"op\" of an argument is missing, or not a string");
        if (seccomp_word_parse(SECCOMP_WORD_OPERATOR, op, &v) < 0)
                return refuse(r, "unknown operator \"%.64s\"", op);
        if (json_get_u64(o, "value", &arg.value) < 0)
                return refuse(r,
                              "the \"value\" of an argument is missing, or not a number from 0 to 2^64-1");
        k = json_get_u64(o, "valueTwo", &arg.value_two);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "valueTwo", "a number from 0 to 2^64-1");
        arg.index = (unsigned) index;
        arg.op = (SeccompOperator) v;
        *ret = arg;
        return 0;
}

static int read_args(Reader *r, json_object *o, SeccompRule *rule) {
        json_object *a;
        size_t n;
        int k;

        k = json_get(o, "args", json_type_array, &a);
        if (k < 0)
                return complain(r, k, "args", "an array");
        n = json_object_array_length(a);
        if (n > SECCOMP_PROFILE_ARGS_MAX)
                return refuse(r, "%zu arguments, %u at most", n, SECCOMP_PROFILE_ARGS_MAX);
        rule->args = new0(SeccompArg, n);
        if (!rule->args)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                k = read_arg(r, json_object_array_get_idx(a, i), &rule->args[i]);
                if (k < 0)
                        return k;
        }
        rule->n_args = n;
        return 0;
}

static int read_names(Reader *r, json_object *o, char ***ret) {
        _cleanup_strv_free_ char **names = NULL;
        const char *name;
        int k;

        k = json_get_strv(o, "names", &names);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "names", "an array of strings");
        k = json_get_string(o, "name", &name);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "name", "a string");
        if (k >= 0 && !isempty(name)) {
                if (strv_length(names) > 0)
                        return refuse(r, "both \"name\" and \"names\"");
                k = strv_extend(&names, name);
                if (k < 0)
                        return k;
        }
        if (strv_length(names) == 0)
                return refuse(r, "neither \"name\" nor \"names\"");
        *ret = TAKE_PTR(names);
        return 0;
}

/* The process that loads the filter has to write before anybody answers for it, as in runc. */
static int check_notify(Reader *r, const SeccompRule *rule) {
        if (rule->action != SECCOMP_RET_USER_NOTIF)
                return 0;
        if (strv_contains(rule->names, "write"))
                return refuse(r, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
        r->profile->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
        return 0;
}

/* Reads one rule; 1 when it holds for the target, 0 when it does not. */
static int read_rule(Reader *r, json_object *o, SeccompRule *rule) {
        static const char *const known[] = {"name", "names",   "action",   "errnoRet", "errno",
                                            "args", "comment", "includes", "excludes", NULL};
        unsigned n_included, n_includes, n_excluded, n_excludes;
        int k;

        if (!json_object_is_type(o, json_type_object))
                return refuse(r, "is not an object");
        k = keys_check(r, o, "the rule", known);
        if (k < 0)
                return k;
        k = read_names(r, o, &rule->names);
        if (k < 0)
                return k;
        k = read_action(r, o, "action", "errno", "errnoRet", &rule->action);
        if (k < 0)
                return k;
        k = read_args(r, o, rule);
        if (k < 0)
                return k;
        k = read_conditions(r, o, "includes", &n_included, &n_includes);
        if (k < 0)
                return k;
        k = read_conditions(r, o, "excludes", &n_excluded, &n_excludes);
        if (k < 0)
                return k;
        if (n_included < n_includes || n_excluded > 0)
                return 0;
        k = check_notify(r, rule);
        return k < 0 ? k : 1;
}

static int read_rules(Reader *r, json_object *o) {
        SeccompProfile *p = r->profile;
        json_object *a;
        size_t n;
        int k;

        k = json_get(o, "syscalls", json_type_array, &a);
        if (k < 0)
                return complain(r, k, "syscalls", "an array");
        n = json_object_array_length(a);
        if (n > SECCOMP_PROFILE_RULES_MAX)
                return refuse(r, "%zu rules, %u at most", n, SECCOMP_PROFILE_RULES_MAX);
        p->rules = new0(SeccompRule, n);
        if (!p->rules)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                r->rule = i;
                k = read_rule(r, json_object_array_get_idx(a, i), &p->rules[p->n_rules]);
                if (k <= 0)
                        rule_done(&p->rules[p->n_rules]);
                if (k < 0)
                        return k;
                p->n_rules += (size_t) k;
        }
        r->rule = SIZE_MAX;
        return 0;
}

static int add_architectures(Reader *r, char *const *names, bool use) {
        SeccompProfile *p = r->profile;
        uint32_t arch;

        STRV_FOREACH (i, names) {
                if (seccomp_word_parse(SECCOMP_WORD_ARCHITECTURE, *i, &arch) < 0)
                        return refuse(r, "unknown architecture \"%.64s\"", *i);
                if (!use || arch == r->target->architecture)
                        continue;
                if (p->n_architectures >= ELEMENTSOF(p->architectures))
                        return refuse(r, "more than %zu architectures", ELEMENTSOF(p->architectures));
                p->architectures[p->n_architectures++] = arch;
        }
        return 0;
}

static int read_arch_map(Reader *r, json_object *a) {
        static const char *const known[] = {"architecture", "subArchitectures", NULL};

        for (size_t i = 0; i < json_object_array_length(a); i++) {
                json_object *o = json_object_array_get_idx(a, i);
                _cleanup_strv_free_ char **sub = NULL;
                const char *name;
                uint32_t arch;
                int k;

                if (!json_object_is_type(o, json_type_object) ||
                    json_get_string(o, "architecture", &name) < 0)
                        return refuse(r, "archMap[%zu] has no \"architecture\"", i);
                k = keys_check(r, o, "\"archMap\"", known);
                if (k < 0)
                        return k;
                if (seccomp_word_parse(SECCOMP_WORD_ARCHITECTURE, name, &arch) < 0)
                        return refuse(r, "unknown architecture \"%.64s\"", name);
                k = json_get_strv(o, "subArchitectures", &sub);
                if (k < 0 && k != -ENODATA)
                        return complain(r, k, "subArchitectures", "an array of strings");
                k = add_architectures(r, sub, arch == r->target->architecture);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int read_architectures(Reader *r, json_object *o) {
        _cleanup_strv_free_ char **names = NULL;
        json_object *map = NULL;
        int k;

        k = json_get_strv(o, "architectures", &names);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "architectures", "an array of strings");
        k = json_get(o, "archMap", json_type_array, &map);
        if (k < 0 && k != -ENODATA)
                return complain(r, k, "archMap", "an array");
        if (map && json_object_array_length(map) > 0) {
                if (strv_length(names) > 0)
                        return refuse(r, "both \"architectures\" and \"archMap\"");
                return read_arch_map(r, map);
        }
        return add_architectures(r, names, true);
}

static int read_flags(Reader *r, json_object *o) {
        _cleanup_strv_free_ char **names = NULL;
        uint32_t flag;
        int k;

        k = json_get_strv(o, "flags", &names);
        if (k < 0)
                return complain(r, k, "flags", "an array of strings");
        STRV_FOREACH (i, names) {
                if (seccomp_word_parse(SECCOMP_WORD_FLAG, *i, &flag) < 0)
                        return refuse(r, "unknown flag \"%.64s\"", *i);
                /* That is for programs with threads, and there are none where the filter is loaded. */
                if (flag != SECCOMP_FILTER_FLAG_TSYNC)
                        r->profile->flags |= flag;
        }
        return 0;
}

static int read_profile(Reader *r, json_object *o) {
        static const char *const known[] = {
                "defaultAction", "defaultErrnoRet", "defaultErrno", "architectures",    "archMap", "flags",
                "syscalls",      "comment",         "listenerPath", "listenerMetadata", NULL
        };
        int k;

        if (!json_object_is_type(o, json_type_object))
                return refuse(r, "is not a JSON object");
        k = keys_check(r, o, "the profile", known);
        if (k < 0)
                return k;
        if (!r->target->document && (json_object_object_get_ex(o, "listenerPath", NULL) ||
                                     json_object_object_get_ex(o, "listenerMetadata", NULL)))
                return refuse(r,
                              "\"listenerPath\" names an agent that answers, and containers here have none");
        k = read_action(r, o, "defaultAction", "defaultErrno", "defaultErrnoRet",
                        &r->profile->default_action);
        if (k < 0)
                return k;
        if (r->profile->default_action == SECCOMP_RET_USER_NOTIF)
                return refuse(r, "SCMP_ACT_NOTIFY cannot be used as default action");
        k = read_architectures(r, o);
        if (k < 0)
                return k;
        k = read_flags(r, o);
        if (k < 0)
                return k;
        k = read_rules(r, o);
        if (k < 0)
                return k;
        /* The kernel takes the one flag only with the other. */
        if (!(r->profile->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
                r->profile->flags &= ~(uint32_t) SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        return 0;
}

int seccomp_profile_parse(const char *json, size_t n_bytes, const SeccompTarget *target,
                          SeccompProfile **ret, Failure *f) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_json_ json_object *o = NULL;
        Reader reader = {.target = target, .rule = SIZE_MAX, .failure = f};
        int r;

        r = json_parse(json, n_bytes, SECCOMP_PROFILE_BYTES_MAX, &o);
        if (r == -ENOMEM)
                return r;
        if (r == -EFBIG)
                return refuse(&reader, "more than %u bytes", SECCOMP_PROFILE_BYTES_MAX);
        if (r < 0)
                return refuse(&reader, "is not well-formed JSON");

        p = new0(SeccompProfile, 1);
        if (!p)
                return -ENOMEM;
        reader.profile = p;
        r = read_profile(&reader, o);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
