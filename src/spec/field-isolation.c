/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/device-option.h"
#include "spec/field-isolation.h"
#include "spec/id-map.h"
#include "spec/namespace-mode.h"
#include "spec/security-option.h"
#include "spec/sysctl.h"
#include "spec/userns.h"

/* So that the record stays one that can be read, whatever has to be escaped in it. */
#define SECCOMP_TEXT_MAX (512 * 1024)

static const char *string_of(const void *value) {
        return *(char *const *) value;
}

static const char *check_namespace(RuntimeNamespaceType type, const void *value) {
        const char *hint = NULL;
        NamespaceMode mode;

        (void) namespace_mode_parse(type, string_of(value), &mode, &hint);
        return hint;
}

const char *field_check_network(const void *value) {
        return check_namespace(RUNTIME_NAMESPACE_NETWORK, value);
}

const char *field_check_pid(const void *value) {
        return check_namespace(RUNTIME_NAMESPACE_PID, value);
}

const char *field_check_ipc(const void *value) {
        return check_namespace(RUNTIME_NAMESPACE_IPC, value);
}

const char *field_check_uts(const void *value) {
        return check_namespace(RUNTIME_NAMESPACE_UTS, value);
}

const char *field_check_cgroupns(const void *value) {
        return check_namespace(RUNTIME_NAMESPACE_CGROUP, value);
}

const char *field_check_userns(const void *value) {
        _cleanup_userns_ Userns u = {};
        const char *hint = NULL;

        (void) userns_parse(string_of(value), &u, &hint);
        return hint;
}

const char *field_check_id_map(const void *value) {
        const char *hint = NULL;

        STRV_FOREACH(i, *(char **const *) value) {
                _cleanup_strv_free_ char **words = NULL;
                IdMapOption o;

                if (strv_split(*i, ",", &words) < 0 || !words)
                        return "must be [+ug]INSIDE:OUTSIDE[:COUNT], numbers of ids";
                STRV_FOREACH(w, words)
                        if (id_map_option_parse(*w, &o, &hint) < 0)
                                return hint;
        }
        return NULL;
}

const char *field_check_subid_name(const void *value) {
        return isempty(string_of(value)) || strchr(string_of(value), ':') ? "must be a name in /etc/subuid"
                                                                          : NULL;
}

const char *field_check_sysctl(const void *value) {
        RuntimeNamespaceType type;

        STRV_FOREACH(i, *(char **const *) value) {
                char key[256];
                size_t n = strcspn(*i, "=");

                if (n >= sizeof(key) || !(*i)[n] || !(*i)[n + 1])
                        return "must be NAME=VALUE";
                memcpy(key, *i, n);
                key[n] = 0;
                if (sysctl_namespace(key, &type) < 0)
                        return "must be a setting of a namespace: net.*, fs.mqueue.*, kernel.msg*, "
                               "kernel.sem, "
                               "kernel.shm*, kernel.hostname or kernel.domainname; others are the host's";
        }
        return NULL;
}

const char *field_check_devices(const void *value) {
        STRV_FOREACH(i, *(char **const *) value) {
                _cleanup_device_option_ DeviceOption o = {};
                const char *hint = NULL;

                if (device_option_parse(*i, &o, &hint) < 0)
                        return hint;
        }
        return NULL;
}

const char *field_check_device_rules(const void *value) {
        const char *hint = NULL;
        DeviceRule rule;

        STRV_FOREACH(i, *(char **const *) value)
                if (device_rule_parse(*i, &rule, &hint) < 0)
                        return hint;
        return NULL;
}

const char *field_check_capabilities(const void *value) {
        STRV_FOREACH(i, *(char **const *) value)
                if (!**i || !string_in_charset(*i, ALPHANUMERIC "_,"))
                        return "must be a capability's name, such as NET_RAW, or ALL";
        return NULL;
}

const char *field_check_security_options(const void *value) {
        _cleanup_security_options_ SecurityOptions o = {};
        const char *hint = NULL;

        (void) security_options_parse(*(char **const *) value, &o, &hint);
        return hint;
}

const char *field_check_seccomp_profile(const void *value) {
        return strlen(string_of(value)) <= SECCOMP_TEXT_MAX ? NULL : "must be at most 512 KiB of text";
}
