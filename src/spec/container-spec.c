/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/container-spec.h"
#include "spec/json.h"

#define CONTAINER_NAME_MAX 64
#define STOP_TIMEOUT_MAX_USEC (24 * 3600 * USEC_PER_SEC)

bool container_name_is_valid(const char *s) {
        return !isempty(s) && strlen(s) <= CONTAINER_NAME_MAX && strchr(ALPHANUMERIC, *s) &&
               string_in_charset(s, ALPHANUMERIC "_.-");
}

static const struct {
        const char *name;
        int number;
} signal_names[] = {
        { "HUP", SIGHUP },       { "INT", SIGINT },   { "QUIT", SIGQUIT }, { "ILL", SIGILL },
        { "TRAP", SIGTRAP },     { "ABRT", SIGABRT }, { "IOT", SIGIOT },   { "BUS", SIGBUS },
        { "FPE", SIGFPE },       { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
        { "USR2", SIGUSR2 },     { "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM },
        { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD }, { "CONT", SIGCONT }, { "STOP", SIGSTOP },
        { "TSTP", SIGTSTP },     { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },
        { "XCPU", SIGXCPU },     { "XFSZ", SIGXFSZ }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH },
        { "IO", SIGIO },         { "POLL", SIGPOLL }, { "PWR", SIGPWR },   { "VTALRM", SIGVTALRM },
        { "SYS", SIGSYS },
};

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n in the kernel's numbers: glibc's own SIGRTMIN leaves out the two it keeps
 * for itself. */
static int signal_parse_realtime(const char *s) {
        const char *rest = s + strlen("RTMIN");
        uint32_t n = 0;

        if (strncasecmp(s, "RTMIN", strlen("RTMIN")) == 0) {
                if (*rest && (*rest != '+' || parse_u32(rest + 1, &n) < 0))
                        return -EINVAL;
                return n <= 64 - (uint32_t) SIGRTMIN ? SIGRTMIN + (int) n : -EINVAL;
        }
        if (strncasecmp(s, "RTMAX", strlen("RTMAX")) != 0 ||
            (*rest && (*rest != '-' || parse_u32(rest + 1, &n) < 0)))
                return -EINVAL;
        return n <= 64 - (uint32_t) SIGRTMIN ? 64 - (int) n : -EINVAL;
}

int signal_parse(const char *s) {
        const char *name;
        uint32_t n;

        if (isempty(s))
                return -EINVAL;
        if (parse_u32(s, &n) >= 0)
                return n >= 1 && n <= 64 ? (int) n : -EINVAL;
        name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
        for (size_t i = 0; i < ELEMENTSOF(signal_names); i++)
                if (strcasecmp(signal_names[i].name, name) == 0)
                        return signal_names[i].number;
        return signal_parse_realtime(name);
}

static const char *string_of(const void *value) {
        return *(char *const *) value;
}

static const char *check_name(const void *value) {
        return container_name_is_valid(string_of(value))
                               ? NULL
                               : "must start with a letter or digit and hold only letters, digits, '_', '.' "
                                 "and '-', at most 64 of them";
}

static const char *check_hostname(const void *value) {
        const char *s = string_of(value);

        if (!isempty(s) && strlen(s) <= 64 && string_in_charset(s, ALPHANUMERIC "-._") && *s != '-' &&
            *s != '.' && !strstr(s, ".."))
                return NULL;
        return "must be a host name of at most 64 letters, digits, '-' and '.'";
}

static const char *check_workdir(const void *value) {
        return *string_of(value) == '/' ? NULL : "must be an absolute path inside the container";
}

static const char *check_network(const void *value) {
        return streq(string_of(value), "none") || streq(string_of(value), "host")
                               ? NULL
                               : "must be 'none' or 'host'";
}

static const char *check_userns(const void *value) {
        return streq(string_of(value), "auto") || streq(string_of(value), "host")
                               ? NULL
                               : "must be 'auto' or 'host'";
}

static const char *check_signal(const void *value) {
        return signal_parse(string_of(value)) > 0
                               ? NULL
                               : "must be a signal's name (SIGTERM, RTMIN+3) or number (1 to 64)";
}

static const char *check_slice(const void *value) {
        const char *s = string_of(value);

        if (endswith(s, ".slice") && strlen(s) <= 255 && s[0] != '-' && s[0] != '.' &&
            string_in_charset(s, ALPHANUMERIC "-_.:\\@"))
                return NULL;
        return "must be the name of a slice unit, such as 'machine.slice' or 'web.slice'";
}

static const char *check_env(const void *value) {
        STRV_FOREACH(i, *(char **const *) value)
                if (**i == '=' || !strchr(*i, '='))
                        return "must be NAME=VALUE";
        return NULL;
}

static const char *check_memory(const void *value) {
        return *(const uint64_t *) value >= 6 * 1024 * 1024 ? NULL : "must be at least 6m";
}

static const char *check_cpus(const void *value) {
        double v = *(const double *) value;

        return v >= 0.01 && v <= 8192 ? NULL : "must be a number of CPUs from 0.01 to 8192";
}

static const char *check_pids(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= -1 && v <= 4194304 ? NULL : "must be from 1 to 4194304, or 0 or -1 for no limit";
}

static const char *check_stop_timeout(const void *value) {
        return *(const uint64_t *) value <= STOP_TIMEOUT_MAX_USEC ? NULL : "must be at most 86400 seconds";
}

#define FIELD(key, kind, member, c, argument, help, check) \
        { key, kind, offsetof(ContainerSpec, member), c, argument, help, check }

const SpecField container_spec_fields[] = {
        FIELD("name", SPEC_STRING, name, 0, "NAME", "Name of the container (default: made up)", check_name),
        FIELD("hostname", SPEC_STRING, hostname, 'h', "NAME", "Host name inside (default: the short id)",
              check_hostname),
        FIELD("entrypoint", SPEC_ARGV, entrypoint, 0, "COMMAND",
              "Replace the image's entrypoint (a word or a JSON array)", NULL),
        FIELD("command", SPEC_STRV, command, 0, NULL, NULL, NULL),
        FIELD("env", SPEC_STRV, env, 'e', "NAME[=VALUE]", "Set an environment variable", check_env),
        FIELD("workdir", SPEC_STRING, workdir, 'w', "DIR", "Working directory of the command",
              check_workdir),
        FIELD("user", SPEC_STRING, user, 'u', "USER[:GROUP]", "User, and group, to run as", NULL),
        FIELD("label", SPEC_MAP, labels, 'l', "KEY=VALUE", "Set a label", NULL),
        FIELD("tty", SPEC_BOOLEAN, tty, 't', NULL, "Give the command a terminal", NULL),
        FIELD("interactive", SPEC_BOOLEAN, interactive, 'i', NULL, "Keep standard input open", NULL),
        FIELD("rm", SPEC_BOOLEAN, remove, 0, NULL, "Remove the container when it exits", NULL),
        FIELD("memory", SPEC_BYTES, memory_bytes, 'm', "BYTES", "Memory limit (suffixes k, m, g)",
              check_memory),
        FIELD("cpus", SPEC_FRACTION, cpus, 0, "NUMBER", "CPU limit, such as 1.5", check_cpus),
        FIELD("pids-limit", SPEC_COUNT, pids_limit, 0, "NUMBER",
              "Limit of processes and threads (0, -1: none)", check_pids),
        FIELD("network", SPEC_STRING, network, 0, "MODE", "Network: none or host (default: none)",
              check_network),
        FIELD("userns", SPEC_STRING, userns, 0, "MODE", "User namespace: auto (an own range) or host",
              check_userns),
        FIELD("read-only", SPEC_BOOLEAN, read_only, 0, NULL, "Mount the root file system read-only", NULL),
        FIELD("cap-add", SPEC_STRV, cap_add, 0, "CAPABILITY", "Add a capability, or ALL", NULL),
        FIELD("cap-drop", SPEC_STRV, cap_drop, 0, "CAPABILITY", "Drop a capability, or ALL", NULL),
        FIELD("stop-signal", SPEC_STRING, stop_signal, 0, "SIGNAL", "Signal that asks the command to stop",
              check_signal),
        FIELD("stop-timeout", SPEC_SECONDS, stop_timeout_usec, 0, "SECONDS",
              "Wait this long before killing (default: 10)", check_stop_timeout),
        FIELD("cgroup-parent", SPEC_STRING, cgroup_parent, 0, "SLICE",
              "Slice of the container's scope (default: machine.slice)", check_slice),
};
const size_t container_spec_n_fields = ELEMENTSOF(container_spec_fields);
static_assert(ELEMENTSOF(container_spec_fields) <= 64, "ContainerSpec.set is too narrow");

ContainerSpec *container_spec_free(ContainerSpec *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                void *value = (char *) s + container_spec_fields[i].offset;

                switch (container_spec_fields[i].kind) {
                case SPEC_STRING:
                        free(*(char **) value);
                        break;
                case SPEC_STRV:
                case SPEC_ARGV:
                case SPEC_MAP:
                        (void) strv_free(*(char ***) value);
                        break;
                default:
                        break;
                }
        }
        return mfree(s);
}

const SpecField *container_spec_find(const char *key) {
        for (size_t i = 0; i < container_spec_n_fields; i++)
                if (streq(container_spec_fields[i].key, key))
                        return container_spec_fields + i;
        return NULL;
}

const SpecField *container_spec_find_short(char c) {
        for (size_t i = 0; c && i < container_spec_n_fields; i++)
                if (container_spec_fields[i].short_option == c)
                        return container_spec_fields + i;
        return NULL;
}

bool container_spec_is_set(const ContainerSpec *s, const SpecField *field) {
        return s->set & (UINT64_C(1) << (field - container_spec_fields));
}

void container_spec_mark(ContainerSpec *s, const SpecField *field) {
        s->set |= UINT64_C(1) << (field - container_spec_fields);
}

static int set_argv(char ***value, const char *text) {
        _cleanup_json_ json_object *holder = NULL;
        json_object *array = NULL;
        char **l = NULL;
        int r;

        if (*text == '[' && json_parse(text, strlen(text), 1024 * 1024, &array) >= 0) {
                holder = json_object_new_object();
                r = holder ? json_add(holder, "argv", array) : -ENOMEM;
                if (r >= 0)
                        r = json_get_strv(holder, "argv", &l);
                if (r < 0)
                        return r == -ENOMEM ? r : -EINVAL;
        } else if (*text) {
                r = strv_extend(&l, text);
                if (r < 0)
                        return r;
        }
        (void) strv_free(*value);
        *value = l;
        return 0;
}

/* A bare key means an empty value, as in docker. */
static int set_pair(char ***value, const char *text) {
        _cleanup_free_ char *pair = NULL;
        int r;

        if (strchr(text, '='))
                return strv_env_set(value, text);
        r = string_format(&pair, "%s=", text);
        return r < 0 ? r : strv_env_set(value, pair);
}

static int set_fraction(double *value, const char *text) {
        char *end;
        double v;

        errno = 0;
        v = strtod(text, &end);
        if (errno != 0 || end == text || *end || !isfinite(v) || !strchr(DIGITS ".", *text))
                return -EINVAL;
        *value = v;
        return 0;
}

int container_spec_set_text(ContainerSpec *s, const SpecField *field, const char *text,
                            const char **reterr_hint) {
        void *value = (char *) s + field->offset;
        uint64_t n;
        int r;

        *reterr_hint = NULL;
        switch (field->kind) {
        case SPEC_STRING:
                r = string_set(value, text);
                break;
        case SPEC_STRV:
                r = strv_extend(value, text);
                break;
        case SPEC_ARGV:
                r = set_argv(value, text);
                *reterr_hint = "must be a word or a JSON array of strings";
                break;
        case SPEC_MAP:
                *reterr_hint = "must be KEY=VALUE";
                r = set_pair(value, text);
                break;
        case SPEC_BOOLEAN:
                *reterr_hint = "must be true or false";
                if (text)
                        r = parse_boolean(text, value);
                else {
                        *(bool *) value = true;
                        r = 0;
                }
                break;
        case SPEC_BYTES:
                *reterr_hint = "must be a number of bytes, with a suffix b, k, m or g if you like";
                r = parse_bytes(text, value);
                break;
        case SPEC_SECONDS:
                *reterr_hint = "must be a number of seconds";
                r = parse_u64(text, &n);
                if (r >= 0)
                        r = n > UINT64_MAX / USEC_PER_SEC ? -EINVAL : 0;
                if (r >= 0)
                        *(uint64_t *) value = n * USEC_PER_SEC;
                break;
        case SPEC_COUNT:
                *reterr_hint = "must be a number";
                r = parse_i64(text, value);
                break;
        case SPEC_FRACTION:
                *reterr_hint = "must be a number";
                r = set_fraction(value, text);
                break;
        case _SPEC_KIND_MAX:
        default:
                assert(false);
                return -EINVAL;
        }
        if (r < 0)
                return r == -ENOMEM ? r : -EINVAL;
        container_spec_mark(s, field);
        if (field->check) {
                *reterr_hint = field->check(value);
                if (*reterr_hint)
                        return -EINVAL;
        }
        return 0;
}

int container_spec_check(const ContainerSpec *s, const SpecField **reterr_field, const char **reterr_hint) {
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;
                const char *hint;

                if (!field->check || !container_spec_is_set(s, field))
                        continue;
                hint = field->check((const char *) s + field->offset);
                if (hint) {
                        *reterr_field = field;
                        *reterr_hint = hint;
                        return -EINVAL;
                }
        }
        return 0;
}

static int field_to_json(json_object *o, const SpecField *field, const void *value) {
        switch (field->kind) {
        case SPEC_STRING:
                return json_add_string(o, field->key, *(char *const *) value);
        case SPEC_STRV:
        case SPEC_ARGV:
        case SPEC_MAP: /* as "key=value" strings: the order stays */
                if (!*(char **const *) value || !**(char **const *) value)
                        return json_add(o, field->key, json_object_new_array());
                return json_add_strv(o, field->key, *(char **const *) value);
        case SPEC_BOOLEAN:
                return json_add_boolean(o, field->key, *(const bool *) value);
        case SPEC_BYTES:
        case SPEC_SECONDS:
                return json_add_u64(o, field->key, *(const uint64_t *) value);
        case SPEC_COUNT:
                return json_add_i64(o, field->key, *(const int64_t *) value);
        case SPEC_FRACTION:
                return json_add(o, field->key, json_object_new_double(*(const double *) value));
        case _SPEC_KIND_MAX:
        default:
                return -EINVAL;
        }
}

int container_spec_to_json(const ContainerSpec *s, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o)
                return -ENOMEM;
        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;
                int r;

                if (!container_spec_is_set(s, field))
                        continue;
                r = field_to_json(o, field, (const char *) s + field->offset);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(o);
        return 0;
}

static int field_from_json(json_object *o, const SpecField *field, void *value) {
        json_object *v;
        int r;

        switch (field->kind) {
        case SPEC_STRING:
                return json_dup_string(o, field->key, value);
        case SPEC_STRV:
        case SPEC_ARGV:
                return json_get_strv(o, field->key, value);
        case SPEC_MAP:
                r = json_get_strv(o, field->key, value);
                STRV_FOREACH(i, r < 0 ? NULL : *(char ***) value)
                        if (**i == '=' || !strchr(*i, '='))
                                return -EBADMSG;
                return r;
        case SPEC_BOOLEAN:
                return json_get_boolean(o, field->key, value);
        case SPEC_BYTES:
        case SPEC_SECONDS:
                return json_get_u64(o, field->key, value);
        case SPEC_COUNT:
                return json_get_i64(o, field->key, value);
        case SPEC_FRACTION:
                if (!json_object_object_get_ex(o, field->key, &v) ||
                    (!json_object_is_type(v, json_type_double) && !json_object_is_type(v, json_type_int)))
                        return -EBADMSG;
                *(double *) value = json_object_get_double(v);
                return 0;
        case _SPEC_KIND_MAX:
        default:
                return -EBADMSG;
        }
}

int container_spec_from_json(json_object *o, ContainerSpec **ret) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
        const SpecField *bad;
        const char *hint;

        if (!s)
                return -ENOMEM;
        if (!json_object_is_type(o, json_type_object))
                return -EBADMSG;
        json_object_object_foreach(o, key, v) {
                const SpecField *field = container_spec_find(key);
                int r;

                if (!field || !v)
                        return -EBADMSG;
                r = field_from_json(o, field, (char *) s + field->offset);
                if (r < 0)
                        return r == -ENOMEM ? r : -EBADMSG;
                container_spec_mark(s, field);
        }
        if (container_spec_check(s, &bad, &hint) < 0)
                return -EBADMSG;
        *ret = TAKE_PTR(s);
        return 0;
}
