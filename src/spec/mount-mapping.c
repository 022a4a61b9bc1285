/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-mapping.h"

static int parse_triple(const char *text, MountMapping *ret) {
        _cleanup_strv_free_ char **numbers = NULL;
        MountMapping m = { .relative = *text == '@' };
        int r;

        /* strv_split() would overlook "1--2". */
        if (strstr(text, "--") || endswith(text, "-") || text[m.relative] == '-')
                return -EINVAL;
        r = strv_split(text + m.relative, "-", &numbers);
        if (r < 0)
                return r;
        if (strv_length(numbers) != 3 || parse_u32(numbers[0], &m.backing) < 0 ||
            parse_u32(numbers[1], &m.host) < 0 || parse_u32(numbers[2], &m.size) < 0)
                return -EINVAL;
        /* (uid_t) -1 is nobody's. */
        if (m.size == 0 || m.backing > UINT32_MAX - m.size || m.host > UINT32_MAX - m.size)
                return -EINVAL;
        *ret = m;
        return 0;
}

static int parse_list(const char *text, MountMapping **mappings, size_t *n_mappings) {
        _cleanup_strv_free_ char **triples = NULL;
        bool relative = *text == '@';
        size_t n;
        int r;

        r = strv_split(text, "#", &triples);
        if (r < 0)
                return r;
        n = strv_length(triples);
        if (*mappings || n == 0 || n > MOUNT_MAPPINGS_MAX)
                return -EINVAL;
        *mappings = new (MountMapping, n);
        if (!*mappings)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                r = parse_triple(triples[i], *mappings + i);
                if (r < 0)
                        return r;
                /* One "@" in front stands for the whole list. */
                (*mappings)[i].relative |= relative;
        }
        *n_mappings = n;
        return 0;
}

int mount_mapping_parse(const char *text, MountRequest *m) {
        _cleanup_strv_free_ char **lists = NULL;
        int r;

        r = strv_split(text, ";", &lists);
        if (r < 0)
                return r;
        if (strv_length(lists) == 0)
                return -EINVAL;
        STRV_FOREACH(i, lists) {
                const char *rest;

                if ((rest = startswith(*i, "uids=")))
                        r = parse_list(rest, &m->uids, &m->n_uids);
                else if ((rest = startswith(*i, "gids=")))
                        r = parse_list(rest, &m->gids, &m->n_gids);
                else
                        r = -EINVAL;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int append_list(char **text, const char *key, const MountMapping *mappings, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char *longer;
                int r;

                r = string_format(&longer, "%s%s%s%s%" PRIu32 "-%" PRIu32 "-%" PRIu32, strempty(*text),
                                  i > 0   ? "#"
                                  : *text ? ";"
                                          : "",
                                  i > 0 ? "" : key, mappings[i].relative ? "@" : "", mappings[i].backing,
                                  mappings[i].host, mappings[i].size);
                if (r < 0)
                        return r;
                free(*text);
                *text = longer;
        }
        return 0;
}

int mount_mapping_format(const MountRequest *m, char **ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = append_list(&text, "uids=", m->uids, m->n_uids);
        if (r >= 0)
                r = append_list(&text, "gids=", m->gids, m->n_gids);
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}
