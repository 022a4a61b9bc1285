/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/platform.h"

static const struct {
        const char *spelling, *architecture, *variant;
} aliases[] = {
        { "x86_64", "amd64", NULL }, { "x86-64", "amd64", NULL }, { "aarch64", "arm64", NULL },
        { "armhf", "arm", "v7" },    { "armel", "arm", "v6" },    { "i386", "386", NULL },
        { "i686", "386", NULL },
};

static const struct {
        const char *architecture;
        int without, first, last; /* levels */
} levels[] = {
        { "amd64", 1, 1, 4 },
        { "arm", 7, 5, 8 },
        { "arm64", 8, 8, 9 },
};

static int set_part(char part[static PLATFORM_PART_MAX + 1], const char *s) {
        if (strlen(s) > PLATFORM_PART_MAX || !string_in_charset(s, ALPHANUMERIC "._-"))
                return -EINVAL;
        memcpy(part, s, strlen(s) + 1);
        return 0;
}

int platform_init(Platform *ret, const char *os, const char *architecture, const char *variant) {
        Platform p = {};

        if (isempty(os) || isempty(architecture))
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(aliases); i++)
                if (streq(aliases[i].spelling, architecture)) {
                        architecture = aliases[i].architecture;
                        variant = isempty(variant) ? aliases[i].variant : variant;
                        break;
                }
        if (set_part(p.os, os) < 0 || set_part(p.architecture, architecture) < 0 ||
            set_part(p.variant, strempty(variant)) < 0)
                return -EINVAL;
        *ret = p;
        return 0;
}

int platform_parse(const char *s, Platform *ret) {
        _cleanup_strv_free_ char **parts = NULL;
        size_t n;
        int r;

        r = strv_split(s, "/", &parts);
        if (r < 0)
                return r;
        n = strv_length(parts);
        if (n < 2 || n > 3 || *s == '/' || strstr(s, "//") || endswith(s, "/"))
                return -EINVAL;
        return platform_init(ret, parts[0], parts[1], n > 2 ? parts[2] : NULL);
}

const char *platform_format(const Platform *p, char buf[static PLATFORM_STRING_MAX]) {
        (void) snprintf(buf, PLATFORM_STRING_MAX, "%s/%s%s%s", p->os, p->architecture,
                        *p->variant ? "/" : "", p->variant);
        return buf;
}

bool platform_same_machine(const Platform *a, const Platform *b) {
        return streq(a->os, b->os) && streq(a->architecture, b->architecture);
}

/* 0: a variant that is no level. */
static int variant_level(const Platform *p) {
        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                if (streq(levels[i].architecture, p->architecture)) {
                        int level = p->variant[1] - '0';

                        if (!*p->variant)
                                return levels[i].without;
                        if (p->variant[0] != 'v' || strlen(p->variant) != 2 || level < levels[i].first ||
                            level > levels[i].last)
                                return 0;
                        return level;
                }
        return 0;
}

int platform_rank(const Platform *wanted, const Platform *offered) {
        int have, need;

        if (!platform_same_machine(wanted, offered))
                return -1;
        have = variant_level(wanted);
        need = variant_level(offered);
        if (have > 0 && need > 0)
                return need <= have ? need : -1;
        if (streq(wanted->variant, offered->variant))
                return 100;
        return *offered->variant ? -1 : 0;
}
