/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/id-map.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"

/* The kernel keeps the last id for "none". */
#define IDS_END ((uint64_t) UINT32_MAX)

void id_map_done(IdMap *m) {
        m->mappings = mfree(m->mappings);
        m->n = 0;
}

int id_mapping_parse(const char *s, IdMapping *ret) {
        uint32_t numbers[3] = { 0, 0, 1 };
        size_t n = 0;

        for (const char *p = s;; n++) {
                size_t length = strcspn(p, ":");
                char word[12];

                if (n >= ELEMENTSOF(numbers) || length == 0 || length >= sizeof(word))
                        return -EINVAL;
                memcpy(word, p, length);
                word[length] = 0;
                if (parse_u32(word, numbers + n) < 0)
                        return -EINVAL;
                p += length;
                if (*p++ == 0)
                        break;
        }
        if (n < 1 || numbers[2] == 0 || (uint64_t) numbers[0] + numbers[2] > IDS_END ||
            (uint64_t) numbers[1] + numbers[2] > IDS_END)
                return -EINVAL;
        *ret = (IdMapping){ numbers[0], numbers[1], numbers[2] };
        return 0;
}

static bool overlaps(uint64_t a, uint64_t n_a, uint64_t b, uint64_t n_b) {
        return a < b + n_b && b < a + n_a;
}

int id_map_add(IdMap *m, const IdMapping *mapping) {
        size_t place = 0;
        IdMapping *p;

        for (size_t i = 0; i < m->n; i++) {
                const IdMapping *other = m->mappings + i;

                if (overlaps(other->container_id, other->size, mapping->container_id, mapping->size) ||
                    overlaps(other->host_id, other->size, mapping->host_id, mapping->size))
                        return -EEXIST;
                if (other->container_id < mapping->container_id)
                        place = i + 1;
        }
        if (m->n >= ID_MAP_MAX)
                return -E2BIG;
        p = reallocarray(m->mappings, m->n + 1, sizeof(IdMapping));
        if (!p)
                return -ENOMEM;
        m->mappings = p;
        memmove(p + place + 1, p + place, (m->n - place) * sizeof(IdMapping));
        p[place] = *mapping;
        m->n++;
        return 0;
}

int id_map_fill(IdMap *m, uint32_t base, uint32_t size) {
        uint32_t next = 0;

        for (size_t i = 0; next < size; i++) {
                uint32_t end = i < m->n ? MIN(m->mappings[i].container_id, size) : size;

                if (end > next) {
                        int r = id_map_add(m, &(IdMapping){ next, base + next, end - next });

                        if (r < 0)
                                return r;
                        i++; /* behind the new one */
                }
                if (i >= m->n)
                        break;
                next = m->mappings[i].container_id + m->mappings[i].size;
        }
        return 0;
}

int id_map_copy(const IdMap *m, IdMap *ret) {
        IdMapping *p = NULL;

        if (m->n > 0) {
                p = new (IdMapping, m->n);
                if (!p)
                        return -ENOMEM;
                memcpy(p, m->mappings, m->n * sizeof(IdMapping));
        }
        *ret = (IdMap){ p, m->n };
        return 0;
}

bool id_map_equal(const IdMap *a, const IdMap *b) {
        return a->n == b->n &&
               (a->n == 0 || memcmp(a->mappings, b->mappings, a->n * sizeof(IdMapping)) == 0);
}

uint32_t id_map_host_id(const IdMap *m, uint32_t id) {
        if (m->n == 0)
                return id;
        for (size_t i = 0; i < m->n; i++)
                if (id >= m->mappings[i].container_id &&
                    id - m->mappings[i].container_id < m->mappings[i].size)
                        return m->mappings[i].host_id + (id - m->mappings[i].container_id);
        return UINT32_MAX;
}

bool id_map_uses(const IdMap *m, uint64_t base, uint64_t size) {
        for (size_t i = 0; i < m->n; i++)
                if (overlaps(m->mappings[i].host_id, m->mappings[i].size, base, size))
                        return true;
        return false;
}

int id_map_format(const IdMap *m, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;

        for (size_t i = 0; i < m->n; i++) {
                char *s;
                int r;

                r = string_format(&s, "%" PRIu32 ":%" PRIu32 ":%" PRIu32, m->mappings[i].container_id,
                                  m->mappings[i].host_id, m->mappings[i].size);
                if (r >= 0)
                        r = strv_consume(&l, s);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

int id_map_parse(char *const *texts, IdMap *ret) {
        _cleanup_id_map_ IdMap m = {};

        STRV_FOREACH(i, texts) {
                IdMapping mapping;
                int r;

                r = id_mapping_parse(*i, &mapping);
                if (r >= 0)
                        r = id_map_add(&m, &mapping);
                if (r < 0)
                        return r;
        }
        *ret = m;
        m = (IdMap){};
        return 0;
}

int id_map_option_parse(const char *s, IdMapOption *ret, const char **reterr_hint) {
        IdMapOption o = {};

        for (; *s && strchr("+ug", *s); s++) {
                bool *flag = *s == '+' ? &o.extend : *s == 'u' ? &o.only_users : &o.only_groups;

                *flag = true;
        }
        if (strchr(s, '@')) {
                *reterr_hint = "must have plain host ids; '@' only means something without root";
                return -EINVAL;
        }
        if (id_mapping_parse(s, &o.mapping) < 0) {
                *reterr_hint = "must be [+ug]INSIDE:OUTSIDE[:COUNT], numbers of ids";
                return -EINVAL;
        }
        *ret = o;
        return 0;
}
