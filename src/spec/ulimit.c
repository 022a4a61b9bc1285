/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "basic/str.h"
#include "spec/ulimit.h"

#define PREFIX "RLIMIT_"

static const char *const ulimit_names[RLIM_NLIMITS] = {
        [RLIMIT_AS] = PREFIX "AS",
        [RLIMIT_CORE] = PREFIX "CORE",
        [RLIMIT_CPU] = PREFIX "CPU",
        [RLIMIT_DATA] = PREFIX "DATA",
        [RLIMIT_FSIZE] = PREFIX "FSIZE",
        [RLIMIT_LOCKS] = PREFIX "LOCKS",
        [RLIMIT_MEMLOCK] = PREFIX "MEMLOCK",
        [RLIMIT_MSGQUEUE] = PREFIX "MSGQUEUE",
        [RLIMIT_NICE] = PREFIX "NICE",
        [RLIMIT_NOFILE] = PREFIX "NOFILE",
        [RLIMIT_NPROC] = PREFIX "NPROC",
        [RLIMIT_RSS] = PREFIX "RSS",
        [RLIMIT_RTPRIO] = PREFIX "RTPRIO",
        [RLIMIT_RTTIME] = PREFIX "RTTIME",
        [RLIMIT_SIGPENDING] = PREFIX "SIGPENDING",
        [RLIMIT_STACK] = PREFIX "STACK",
};

const char *ulimit_name(int resource) {
        return resource >= 0 && resource < (int) RLIM_NLIMITS ? ulimit_names[resource] : NULL;
}

int ulimit_resource(const char *name) {
        for (int i = 0; i < (int) RLIM_NLIMITS; i++)
                if (ulimit_names[i] && streq(ulimit_names[i], name))
                        return i;
        return -EINVAL;
}

static const char *find_name(const char *text, size_t n) {
        size_t skip = strlen(PREFIX);

        if (n > skip && strncasecmp(text, PREFIX, skip) == 0) {
                text += skip;
                n -= skip;
        }
        for (int i = 0; i < (int) RLIM_NLIMITS; i++)
                if (ulimit_names[i] && strlen(ulimit_names[i]) == skip + n &&
                    strncasecmp(ulimit_names[i] + skip, text, n) == 0)
                        return ulimit_names[i];
        return NULL;
}

static int parse_value(const char *s, uint64_t *ret) {
        if (streq(s, "-1") || streq(s, "unlimited") || streq(s, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_u64(s, ret) < 0 ? -EINVAL : 0;
}

int ulimit_parse(const char *text, Ulimit *ret) {
        const char *equals = strchr(text, '=');
        char value[64], *colon;
        Ulimit u = {};

        if (!equals || strlen(equals + 1) >= sizeof(value))
                return -EINVAL;
        u.name = find_name(text, (size_t) (equals - text));
        if (!u.name)
                return -EINVAL;
        memcpy(value, equals + 1, strlen(equals + 1) + 1);
        colon = strchr(value, ':');
        if (colon)
                *colon++ = 0;
        if (parse_value(value, &u.soft) < 0 || parse_value(colon ?: value, &u.hard) < 0 || u.soft > u.hard)
                return -EINVAL;
        *ret = u;
        return 0;
}
