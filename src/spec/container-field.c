/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options of a container, one row each. The checks of a compound value call the very parser that turns
 * it into what is done, so that nothing is parsed in two places. */

#include "basic/clock.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/container-spec.h"

#define CONTAINER_NAME_MAX 64
#define STOP_TIMEOUT_MAX_USEC (24 * 3600 * USEC_PER_SEC)

bool container_name_is_valid(const char *s) {
        return !isempty(s) && strlen(s) <= CONTAINER_NAME_MAX && strchr(ALPHANUMERIC, *s) &&
               string_in_charset(s, ALPHANUMERIC "_.-");
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
        /* identity */
        FIELD("name", SPEC_STRING, name, 0, "NAME", "Name of the container (default: made up)", check_name),
        FIELD("hostname", SPEC_STRING, hostname, 'h', "NAME", "Host name inside (default: the short id)",
              check_hostname),
        FIELD("label", SPEC_MAP, labels, 'l', "KEY=VALUE", "Set a label", NULL),
        FIELD("rm", SPEC_BOOLEAN, remove, 0, NULL, "Remove the container when it exits", NULL),
        /* process */
        FIELD("entrypoint", SPEC_ARGV, entrypoint, 0, "COMMAND",
              "Replace the image's entrypoint (a word or a JSON array)", NULL),
        FIELD("command", SPEC_STRV, command, 0, NULL, NULL, NULL),
        FIELD("env", SPEC_STRV, env, 'e', "NAME[=VALUE]", "Set an environment variable", check_env),
        FIELD("workdir", SPEC_STRING, workdir, 'w', "DIR", "Working directory of the command",
              check_workdir),
        FIELD("user", SPEC_STRING, user, 'u', "USER[:GROUP]", "User, and group, to run as", NULL),
        FIELD("tty", SPEC_BOOLEAN, tty, 't', NULL, "Give the command a terminal", NULL),
        FIELD("interactive", SPEC_BOOLEAN, interactive, 'i', NULL, "Keep standard input open", NULL),
        FIELD("stop-signal", SPEC_STRING, stop_signal, 0, "SIGNAL", "Signal that asks the command to stop",
              check_signal),
        FIELD("stop-timeout", SPEC_SECONDS, stop_timeout_usec, 0, "SECONDS",
              "Wait this long before killing (default: 10)", check_stop_timeout),
        /* mounts */
        FIELD("read-only", SPEC_BOOLEAN, read_only, 0, NULL, "Mount the root file system read-only", NULL),
        /* isolation */
        FIELD("userns", SPEC_STRING, userns, 0, "MODE", "User namespace: auto (an own range) or host",
              check_userns),
        FIELD("network", SPEC_STRING, network, 0, "MODE", "Network: none or host (default: none)",
              check_network),
        FIELD("cap-add", SPEC_STRV, cap_add, 0, "CAPABILITY", "Add a capability, or ALL", NULL),
        FIELD("cap-drop", SPEC_STRV, cap_drop, 0, "CAPABILITY", "Drop a capability, or ALL", NULL),
        /* resources */
        FIELD("memory", SPEC_BYTES, memory_bytes, 'm', "BYTES", "Memory limit (suffixes k, m, g)",
              check_memory),
        FIELD("cpus", SPEC_FRACTION, cpus, 0, "NUMBER", "CPU limit, such as 1.5", check_cpus),
        FIELD("pids-limit", SPEC_COUNT, pids_limit, 0, "NUMBER",
              "Limit of processes and threads (0, -1: none)", check_pids),
        FIELD("cgroup-parent", SPEC_STRING, cgroup_parent, 0, "SLICE",
              "Slice of the container's scope (default: machine.slice)", check_slice),
        /* life */
        /* whole systems */
};
const size_t container_spec_n_fields = ELEMENTSOF(container_spec_fields);
static_assert(ELEMENTSOF(container_spec_fields) <= SPEC_FIELDS_MAX, "ContainerSpec.set is too narrow");
