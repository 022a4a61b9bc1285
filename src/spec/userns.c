/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/userns.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"

static const struct {
        const char *word;
        UsernsKind kind;
        bool options;
} kinds[] = {
        { "auto", USERNS_AUTO, true },        { "host", USERNS_HOST, false },
        { "keep-id", USERNS_KEEP_ID, true },  { "nomap", USERNS_NOMAP, false },
        { "private", USERNS_PRIVATE, false },
};

void userns_done(Userns *u) {
        id_map_done(&u->uids);
        id_map_done(&u->gids);
}

static int add_mapping(IdMap *map, const char *text) {
        IdMapping mapping;
        int r;

        r = id_mapping_parse(text, &mapping);
        return r < 0 ? r : id_map_add(map, &mapping);
}

static int parse_id(const char *text, uint32_t *ret) {
        uint32_t v;
        int r;

        r = parse_u32(text, &v);
        if (r < 0 || v == USERNS_ID_NONE || *ret != USERNS_ID_NONE)
                return -EINVAL;
        *ret = v;
        return 0;
}

static int parse_size(const char *text, uint32_t *ret) {
        return *ret != 0 || parse_u32(text, ret) < 0 || *ret == 0 || *ret > USERNS_SIZE_MAX ? -EINVAL : 0;
}

static int parse_option(Userns *u, const char *option) {
        const char *value;

        if ((value = startswith(option, "size=")))
                return parse_size(value, &u->size);
        if (u->kind == USERNS_AUTO && (value = startswith(option, "uidmapping=")))
                return add_mapping(&u->uids, value);
        if (u->kind == USERNS_AUTO && (value = startswith(option, "gidmapping=")))
                return add_mapping(&u->gids, value);
        if (u->kind != USERNS_KEEP_ID)
                return -EINVAL;
        if ((value = startswith(option, "uid=")))
                return parse_id(value, &u->uid);
        if ((value = startswith(option, "gid=")))
                return parse_id(value, &u->gid);
        if ((value = startswith(option, "host-uid=")))
                return parse_id(value, &u->host_uid);
        if ((value = startswith(option, "host-gid=")))
                return parse_id(value, &u->host_gid);
        return -EINVAL;
}

static int parse_options(Userns *u, const char *text) {
        _cleanup_strv_free_ char **options = NULL;
        int r;

        if (!*text || *text == ',' || endswith(text, ",") || strstr(text, ",,"))
                return -EINVAL;
        r = strv_split(text, ",", &options);
        STRV_FOREACH(i, r < 0 ? NULL : options) {
                r = parse_option(u, *i);
                if (r < 0)
                        return r == -ENOMEM ? r : -EINVAL;
        }
        return r;
}

static int parse_kind(Userns *u, const char *s) {
        if (!*s) {
                u->kind = USERNS_HOST;
                return 0;
        }
        if ((u->target = startswith(s, "container:"))) {
                u->kind = USERNS_CONTAINER;
                return *u->target ? 0 : -EINVAL;
        }
        if ((u->target = startswith(s, "ns:"))) {
                u->kind = USERNS_PATH;
                return *u->target == '/' ? 0 : -EINVAL;
        }
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const char *rest = startswith(s, kinds[i].word);

                if (!rest || (*rest && (*rest != ':' || !kinds[i].options)))
                        continue;
                u->kind = kinds[i].kind;
                return *rest ? parse_options(u, rest + 1) : 0;
        }
        return -EINVAL;
}

int userns_parse(const char *s, Userns *ret, const char **reterr_hint) {
        _cleanup_userns_ Userns u = { .uid = USERNS_ID_NONE,
                                      .gid = USERNS_ID_NONE,
                                      .host_uid = USERNS_ID_NONE,
                                      .host_gid = USERNS_ID_NONE };
        int r;

        r = parse_kind(&u, s ?: "auto");
        if (r < 0) {
                *reterr_hint = "must be auto[:size=N,uidmapping=IN:OUT:N,gidmapping=IN:OUT:N], "
                               "keep-id[:uid=N,gid=N,size=N], nomap, private, host, container:NAME or "
                               "ns:PATH";
                return r;
        }
        if (u.size == 0)
                u.size = USERNS_SIZE_DEFAULT;
        *ret = u;
        u.uids = u.gids = (IdMap){};
        return 0;
}
