/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/cpu-set.h"
#include "spec/env-merge.h"
#include "spec/field-process.h"
#include "spec/host-entry.h"
#include "spec/log-option.h"
#include "spec/ulimit.h"

#define RUN_TIMEOUT_MAX_USEC (UINT64_C(100) * 365 * 24 * 3600 * USEC_PER_SEC)
#define DNS_MAX 64
#define ACCOUNT_ENTRY_BYTES_MAX 4096

static const char *string_of(const void *value) {
        return *(char *const *) value;
}

static char *const *strv_of(const void *value) {
        return *(char **const *) value;
}

const char *field_check_env_names(const void *value) {
        STRV_FOREACH(i, strv_of(value))
                if (!**i || strchr(*i, '='))
                        return "must be the name of a variable, without '='";
        return NULL;
}

const char *field_check_env_merge(const void *value) {
        STRV_FOREACH(i, strv_of(value)) {
                _cleanup_free_ char *merged = NULL;

                if (env_merge(*i, NULL, &merged) < 0)
                        return "must be NAME=VALUE, where VALUE may hold $NAME, ${NAME} and "
                               "${NAME:-default}";
        }
        return NULL;
}

static bool account_is_valid(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] < 0x21 || s[i] == ',')
                        return false;
        return n > 0 && n <= 256;
}

/* A number that no user or group can have. */
static bool is_no_id(const char *s) {
        uint32_t id;

        return string_in_charset(s, DIGITS) && (parse_u32(s, &id) < 0 || id == UINT32_MAX);
}

const char *field_check_user(const void *value) {
        const char *s = string_of(value), *colon = strchr(s, ':');

        if (account_is_valid(s, colon ? (size_t) (colon - s) : strlen(s)) &&
            (!colon || (account_is_valid(colon + 1, strlen(colon + 1)) && !strchr(colon + 1, ':'))))
                return NULL;
        return "must be USER or USER:GROUP, each a name or a number";
}

const char *field_check_groups(const void *value) {
        STRV_FOREACH(i, strv_of(value)) {
                if (streq(*i, "keep-groups"))
                        return "cannot be keep-groups, which is for containers without root; name the "
                               "groups";
                if (strchr(*i, ':') || **i == '-' || !account_is_valid(*i, strlen(*i)) || is_no_id(*i))
                        return "must be the name of a group, or a number up to 4294967294";
        }
        return NULL;
}

int field_parse_umask(const char *s, unsigned *ret) {
        if (!*s || strlen(s) > 4 || !string_in_charset(s, "01234567"))
                return -EINVAL;
        *ret = (unsigned) strtoul(s, NULL, 8);
        return *ret <= 0777 ? 0 : -EINVAL;
}

const char *field_check_umask(const void *value) {
        unsigned v;

        return field_parse_umask(string_of(value), &v) < 0
                               ? "must be an octal number from 0 to 0777, such as 0022"
                               : NULL;
}

const char *field_check_ulimits(const void *value) {
        STRV_FOREACH(i, strv_of(value)) {
                Ulimit u;

                if (!streq(*i, ULIMIT_HOST) && ulimit_parse(*i, &u) < 0)
                        return "must be NAME=SOFT[:HARD] with a name such as nofile and numbers or "
                               "'unlimited', the soft one not above the hard one; or 'host'";
        }
        return NULL;
}

const char *field_check_oom_score(const void *value) {
        int64_t v = *(const int64_t *) value;

        return v >= -1000 && v <= 1000 ? NULL : "must be from -1000 to 1000";
}

const char *field_check_absolute_path(const void *value) {
        const char *s = string_of(value);

        return *s == '/' && strlen(s) < PATH_MAX ? NULL : "must be an absolute path";
}

const char *field_check_sdnotify(const void *value) {
        const char *s = string_of(value);

        return streq(s, "container") || streq(s, "conmon") || streq(s, "healthy") || streq(s, "ignore")
                               ? NULL
                               : "must be container, conmon, healthy or ignore";
}

const char *field_check_run_timeout(const void *value) {
        return *(const uint64_t *) value <= RUN_TIMEOUT_MAX_USEC
                               ? NULL
                               : "must be a number of seconds of at most 100 years";
}

const char *field_check_timezone(const void *value) {
        const char *s = string_of(value);

        if (!isempty(s) && strlen(s) <= 255 && string_in_charset(s, ALPHANUMERIC "_+-/") && *s != '/' &&
            !strstr(s, "//") && !endswith(s, "/"))
                return NULL;
        return "must be 'local' or the name of a time zone such as Europe/Berlin";
}

const char *field_parse_personality(const char *s) {
        static const struct {
                const char *name, *domain;
        } names[] = {
                { "LINUX", "LINUX" }, { "LINUX32", "LINUX32" }, { "x86", "LINUX32" },  { "arm", "LINUX32" },
                { "ppc", "LINUX32" }, { "s390", "LINUX32" },    { "x86-64", "LINUX" }, { "arm64", "LINUX" },
                { "ppc64", "LINUX" }, { "s390x", "LINUX" },
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i].name, s))
                        return names[i].domain;
        return NULL;
}

const char *field_check_personality(const void *value) {
        return field_parse_personality(string_of(value)) ? NULL : "must be LINUX or LINUX32";
}

const char *field_check_cpus(const void *value) {
        cpu_set_t set;

        return cpu_set_parse(string_of(value), &set) < 0 ? "must be a list of CPUs such as 0-2,4" : NULL;
}

const char *field_check_account_entry(const void *value) {
        const char *s = string_of(value);
        bool bad = !*s || strlen(s) > ACCOUNT_ENTRY_BYTES_MAX;

        for (const char *p = s; *p && !bad; p++)
                bad = (unsigned char) *p < 0x20;
        return bad ? "must be one line in the form of the file" : NULL;
}

const char *field_check_log_driver(const void *value) {
        const char *s = string_of(value);

        if (log_driver_from_string(s) >= 0)
                return NULL;
        if (streq(s, "k8s-file") || streq(s, "json-file") || streq(s, "local"))
                return "cannot be a file; take journald, which 'creelctl logs --format json' reads, or none";
        return "must be journald, none, passthrough or passthrough-tty";
}

const char *field_check_log_options(const void *value) {
        STRV_FOREACH(i, strv_of(value)) {
                const char *text;

                if (startswith(*i, "path=") || startswith(*i, "max-size="))
                        return "cannot have path= and max-size=, which are for logs in files; "
                               "journald.conf(5) sets the journal's size";
                if (log_option_parse(*i, &text) < 0)
                        return "must be tag=TEXT, where TEXT may hold {{.ID}}, {{.FullID}}, {{.Name}}, "
                               "{{.ImageName}} and {{.ImageID}}, or label=FIELD=TEXT with a field of the "
                               "journal in upper case";
        }
        return NULL;
}

const char *field_check_add_host(const void *value) {
        STRV_FOREACH(i, strv_of(value)) {
                HostEntry e = {};

                if (host_entry_parse(*i, &e) < 0)
                        return "must be NAME[;NAME...]:ADDRESS with an IPv4 or IPv6 address or "
                               "'host-gateway'";
                host_entry_done(&e);
        }
        return NULL;
}

const char *field_check_hosts_file(const void *value) {
        const char *s = string_of(value);

        return streq(s, "none") || streq(s, "image") || *s == '/'
                               ? NULL
                               : "must be 'none', 'image' or an absolute path on the host";
}

const char *field_check_dns(const void *value) {
        char *const *l = strv_of(value);

        if (strv_length(l) > DNS_MAX)
                return "must not be given more than 64 times";
        if (strv_contains(l, "none"))
                return strv_length(l) == 1 ? NULL : "cannot be 'none' and an address";
        STRV_FOREACH(i, l)
                if (!ip_address_is_valid(*i, true))
                        return "must be an IPv4 or IPv6 address, or 'none'";
        return NULL;
}

const char *field_check_dns_words(const void *value) {
        char *const *l = strv_of(value);

        if (strv_length(l) > DNS_MAX)
                return "must not be given more than 64 times";
        STRV_FOREACH(i, l) {
                bool bad = !**i || strlen(*i) > 255;

                for (const char *p = *i; *p && !bad; p++)
                        bad = (unsigned char) *p <= 0x20 || *p == '#';
                if (bad)
                        return "must be one word of resolv.conf(5)";
        }
        return NULL;
}

const char *field_check_annotations(const void *value) {
        STRV_FOREACH(i, strv_of(value))
                if (**i == '=')
                        return "must be KEY=VALUE";
        return NULL;
}
