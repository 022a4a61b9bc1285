/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/cpu-set.h"

static int add_range(const char *range, cpu_set_t *set) {
        _cleanup_free_ char *first = strdup(range);
        uint32_t a, b;
        char *dash;

        if (!first)
                return -ENOMEM;
        dash = strchr(first, '-');
        if (dash)
                *dash++ = 0;
        if (parse_u32(first, &a) < 0 || parse_u32(dash ?: first, &b) < 0 || a > b || b >= CPU_SETSIZE)
                return -EINVAL;
        for (uint32_t i = a; i <= b; i++)
                CPU_SET(i, set);
        return 0;
}

int cpu_set_parse(const char *text, cpu_set_t *ret) {
        _cleanup_strv_free_ char **ranges = NULL;
        cpu_set_t set;
        int r;

        CPU_ZERO(&set);
        r = strv_split(text, ", ", &ranges);
        if (r < 0)
                return r;
        if (!ranges || !ranges[0])
                return -EINVAL;
        STRV_FOREACH(i, ranges) {
                r = add_range(*i, &set);
                if (r < 0)
                        return r;
        }
        *ret = set;
        return 0;
}
