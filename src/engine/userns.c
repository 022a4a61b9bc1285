/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/etc.h"
#include "engine/root.h"
#include "engine/userns.h"
#include "security/idrange.h"
#include "spec/namespace-mode.h"

#define PASSWD_BYTES_MAX (4 * 1024 * 1024)

UsernsCaller userns_caller(int etc_dirfd, uid_t uid) {
        UsernsCaller caller = { uid, (gid_t) uid };
        _cleanup_free_ char *text = NULL;
        char *rest, *line;

        if (file_read(etc_dirfd, "passwd", PASSWD_BYTES_MAX, &text, NULL) < 0)
                return caller;
        for (rest = text; (line = strsep(&rest, "\n"));) {
                const char *fields[4];
                uint32_t user, group;
                size_t n = 0;

                while (n < ELEMENTSOF(fields) && (fields[n] = strsep(&line, ":")))
                        n++;
                if (n == ELEMENTSOF(fields) && parse_u32(fields[2], &user) >= 0 && user == uid &&
                    parse_u32(fields[3], &group) >= 0) {
                        caller.gid = group;
                        break;
                }
        }
        return caller;
}

/* The members of a ContainerSpec that may say "container:NAME", in the order in which the first one decides
 * on the user namespace. */
static const struct {
        const char *key;
        size_t offset;
} lenders[] = {
        { "pid", offsetof(ContainerSpec, pid) },           { "ipc", offsetof(ContainerSpec, ipc) },
        { "network", offsetof(ContainerSpec, network) },   { "uts", offsetof(ContainerSpec, uts) },
        { "cgroupns", offsetof(ContainerSpec, cgroupns) }, { "userns", offsetof(ContainerSpec, userns) },
};

/* What there is no namespace for, or a path to it, is taken over; only else the container has to run. */
static const char *lender_userns(const Container *lender, const char *settled) {
        _cleanup_userns_ Userns u = {};

        if (lender->record->uid_map.n > 0)
                return settled;
        if (userns_of(lender->record->spec, &u) >= 0 && u.kind == USERNS_PATH)
                return lender->record->spec->userns;
        return "host";
}

static const char *lender_mode(const Container *lender, size_t i, const char *settled) {
        const char *theirs = *(char *const *) ((const char *) lender->record->spec + lenders[i].offset);

        if (lenders[i].offset == offsetof(ContainerSpec, userns))
                return lender_userns(lender, settled);
        return streq_ptr(theirs, "host") ? theirs : settled;
}

/* A host name that comes along with what is lent. */
static int settle_hostname(const Container *lender, ContainerSpec *spec) {
        char buf[65];

        container_spec_mark(spec, container_spec_find("hostname"));
        return string_set(&spec->hostname, etc_hostname(lender->record, buf, sizeof(buf)));
}

static int find_lender(Engine *e, const char *option, const char *name, Container **ret, Failure *f) {
        _cleanup_failure_ Failure why = {};
        int r;

        r = container_find(e, name, ret, &why);
        return r < 0 && why.text ? failure_set(f, why.kind, "option '--%s': %s", option, why.text) : r;
}

static int settle_lender(Engine *e, ContainerSpec *spec, size_t i, bool choose, Failure *f) {
        char **value = (char **) ((char *) spec + lenders[i].offset);
        const char *name = *value ? startswith(*value, "container:") : NULL;
        _cleanup_free_ char *settled = NULL;
        Container *c;
        int r;

        if (!name)
                return 0;
        r = find_lender(e, lenders[i].key, name, &c, f);
        if (r >= 0)
                r = string_format(&settled, "container:%s", c->record->id);
        if (r >= 0)
                r = string_set(value, lender_mode(c, i, settled));
        if (r >= 0 && choose && !spec->userns) {
                container_spec_mark(spec, container_spec_find("userns"));
                r = string_set(&spec->userns, lender_userns(c, settled));
        }
        if (r >= 0 && !spec->hostname && startswith(*value, "container:") &&
            (value == &spec->uts || (value == &spec->network && !spec->uts)))
                r = settle_hostname(c, spec);
        return r;
}

static bool says_ids(const ContainerSpec *spec) {
        return spec->uidmap || spec->gidmap || spec->subuidname || spec->subgidname;
}

static int settle_keep_id(ContainerSpec *spec, const UsernsCaller *caller) {
        _cleanup_userns_ Userns u = {};
        const char *hint;
        char *settled;
        int r;

        r = userns_parse(spec->userns, &u, &hint);
        if (r < 0 || u.kind != USERNS_KEEP_ID || u.host_uid != USERNS_ID_NONE || !caller)
                return r;
        r = string_format(&settled,
                          "keep-id:uid=%" PRIu32 ",gid=%" PRIu32 ",size=%" PRIu32 ",host-uid=%" PRIu32
                          ",host-gid=%" PRIu32,
                          u.uid == USERNS_ID_NONE ? caller->uid : u.uid,
                          u.gid == USERNS_ID_NONE ? caller->gid : u.gid, u.size, caller->uid, caller->gid);
        if (r < 0)
                return r;
        free(spec->userns);
        spec->userns = settled;
        return 0;
}

int userns_settle(Engine *e, ContainerSpec *spec, const UsernsCaller *caller, Failure *f) {
        int r = 0;

        if (spec->hostname && spec->uts && !streq(spec->uts, "private"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'--hostname' does not go with '--uts=%s', whose host name is not the "
                                   "container's; leave one out",
                                   spec->uts);

        for (size_t i = 0; i < ELEMENTSOF(lenders) && r >= 0; i++)
                r = settle_lender(e, spec, i, !says_ids(spec), f);
        return r < 0 ? r : settle_keep_id(spec, caller);
}

int userns_of(const ContainerSpec *spec, Userns *ret) {
        const char *hint;

        return userns_parse(spec->userns ?: spec->privileged && !says_ids(spec) ? "host" : NULL, ret, &hint);
}

bool userns_is_used(const ContainerRecord *record) {
        _cleanup_userns_ Userns u = {};

        return record->uid_map.n > 0 ||
               (record->spec->userns && userns_of(record->spec, &u) >= 0 && u.kind == USERNS_PATH);
}

/* Ranges are taken by the containers that exist, running or not: their files belong to them. */
static bool ids_are_taken(uint32_t base, uint32_t count, void *userdata) {
        Engine *e = userdata;
        Container *c;

        HASHMAP_FOREACH(c, e->containers) {
                const ContainerRecord *r = c->record;

                if ((r->uid_base > 0 && r->uid_base < (uint64_t) base + count &&
                     base < r->uid_base + r->uid_count) ||
                    id_map_uses(&r->uid_map, base, count) || id_map_uses(&r->gid_map, base, count))
                        return true;
        }
        return false;
}

static int own_range(Engine *e, ContainerRecord *record, uint32_t size, Failure *f) {
        uint32_t count = (size + IDRANGE_SIZE - 1) / IDRANGE_SIZE * IDRANGE_SIZE, base;
        int r;

        r = idrange_pick(record->name ?: strempty(record->spec->name), count, e->ids_reserved, ids_are_taken,
                         e, &base, f);
        if (r < 0)
                return r;
        record->uid_base = base;
        record->uid_count = count;
        r = id_map_fill(&record->uid_map, base, size);
        if (r >= 0)
                r = id_map_fill(&record->gid_map, base, size);
        return r == -EEXIST || r == -E2BIG ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                         "the mappings of users or groups overlap with the "
                                                         "container's own "
                                                         "range, %" PRIu32 " to %" PRIu32,
                                                         base, base + count - 1)
                                           : r;
}

/* One entry of --uidmap may hold several, separated by commas. */
static int read_options(char *const *l, bool groups, IdMap *map, bool *reterr_extend, Failure *f) {
        STRV_FOREACH(i, l) {
                _cleanup_strv_free_ char **words = NULL;
                int r;

                r = strv_split(*i, ",", &words);
                STRV_FOREACH(w, r < 0 ? NULL : words) {
                        const char *hint = NULL;
                        IdMapOption o;

                        r = id_map_option_parse(*w, &o, &hint);
                        if (r >= 0 &&
                            !(groups ? o.only_users && !o.only_groups : o.only_groups && !o.only_users)) {
                                r = id_map_add(map, &o.mapping);
                                *reterr_extend = *reterr_extend && o.extend;
                        }
                        if (r == -EEXIST)
                                hint = "maps an id that is mapped already";
                        if (r == -E2BIG)
                                hint = "is one of more than 340";
                        if (r < 0 && hint)
                                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s' has '%s': %s",
                                                   groups ? "gidmap" : "uidmap", *w, hint);
                        if (r < 0)
                                return r;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int from_subid_file(const char *file, const char *option, const char *name, IdMap *ret, Failure *f) {
        _cleanup_close_ int etc_fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        r = etc_fd < 0 ? negative_errno() : idreserved_map(etc_fd, file, name, ret);
        if (r == -ENOENT)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--%s' has '%s': /etc/%s gives that name nothing; add a line "
                                   "'%s:START:COUNT'",
                                   option, name, file, name);
        return r < 0 ? failure_set_errno(f, FAILURE_CONFIGURATION, r, "cannot use /etc/%s", file) : 0;
}

static int from_names(ContainerRecord *record, Failure *f) {
        const ContainerSpec *s = record->spec;
        int r;

        if (s->uidmap || s->gidmap)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'--uidmap' and '--gidmap' do not go with '--subuidname' and "
                                   "'--subgidname'; leave out one kind");
        r = from_subid_file("subuid", s->subuidname ? "subuidname" : "subgidname",
                            s->subuidname ?: s->subgidname, &record->uid_map, f);
        return r < 0 ? r
                     : from_subid_file("subgid", s->subgidname ? "subgidname" : "subuidname",
                                       s->subgidname ?: s->subuidname, &record->gid_map, f);
}

static int from_options(Engine *e, ContainerRecord *record, Failure *f) {
        const ContainerSpec *s = record->spec;
        bool extend = true;
        int r;

        r = read_options(s->uidmap ?: s->gidmap, false, &record->uid_map, &extend, f);
        if (r >= 0)
                r = read_options(s->gidmap ?: s->uidmap, true, &record->gid_map, &extend, f);
        return r >= 0 && extend ? own_range(e, record, USERNS_SIZE_DEFAULT, f) : r;
}

static int keep_id(Engine *e, ContainerRecord *record, const Userns *u, Failure *f) {
        uint32_t host_uid = u->host_uid == USERNS_ID_NONE ? 0 : u->host_uid,
                 host_gid = u->host_gid == USERNS_ID_NONE ? 0 : u->host_gid;
        int r;

        r = id_map_add(&record->uid_map,
                       &(IdMapping){ u->uid == USERNS_ID_NONE ? host_uid : u->uid, host_uid, 1 });
        if (r >= 0)
                r = id_map_add(&record->gid_map,
                               &(IdMapping){ u->gid == USERNS_ID_NONE ? host_gid : u->gid, host_gid, 1 });
        return r < 0 ? r : own_range(e, record, u->size, f);
}

/* A tree whose files belong to a range already decides which one it is. */
static int range_of_tree(ContainerRecord *record, uint32_t size, Failure *f) {
        uint32_t base = 0;
        int r;

        r = record->rootfs ? root_shift(record->rootfs, &base, f) : 0;
        if (r < 0 || base == 0)
                return r;
        record->uid_base = base;
        record->uid_count = IDRANGE_SIZE;
        r = id_map_fill(&record->uid_map, base, MIN(size, IDRANGE_SIZE));
        if (r >= 0)
                r = id_map_fill(&record->gid_map, base, MIN(size, IDRANGE_SIZE));
        return r < 0 ? r : 1;
}

static int own(Engine *e, ContainerRecord *record, const Userns *u, Failure *f) {
        int r;

        if (record->spec->subuidname || record->spec->subgidname)
                return from_names(record, f);
        if (record->spec->uidmap || record->spec->gidmap)
                return from_options(e, record, f);
        if (u->kind == USERNS_KEEP_ID)
                return keep_id(e, record, u, f);
        r = u->uids.n + u->gids.n > 0 ? 0 : range_of_tree(record, u->size, f);
        if (r != 0)
                return r < 0 ? r : 0;
        r = id_map_copy(&u->uids, &record->uid_map);
        if (r >= 0)
                r = id_map_copy(&u->gids, &record->gid_map);
        return r < 0 ? r : own_range(e, record, u->size, f);
}

static int lent(Engine *e, ContainerRecord *record, const Userns *u, Failure *f) {
        Container *lender;
        int r;

        r = container_find(e, u->target, &lender, f);
        if (r >= 0)
                r = id_map_copy(&lender->record->uid_map, &record->uid_map);
        return r < 0 ? r : id_map_copy(&lender->record->gid_map, &record->gid_map);
}

int userns_allocate(Engine *e, ContainerRecord *record, Failure *f) {
        _cleanup_userns_ Userns u = {};
        int r;

        r = userns_of(record->spec, &u);
        if (r < 0)
                return r;
        if (says_ids(record->spec) && record->spec->userns && u.kind != USERNS_PRIVATE)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'--userns=%s' does not go with '--uidmap', '--gidmap' and their like; "
                                   "leave it out, or use '--userns=private'",
                                   record->spec->userns);
        switch (u.kind) {
        case USERNS_HOST:
        case USERNS_PATH:
                return 0;
        case USERNS_CONTAINER:
                return lent(e, record, &u, f);
        case USERNS_AUTO:
        case USERNS_KEEP_ID:
        case USERNS_NOMAP:
        case USERNS_PRIVATE:
        case _USERNS_KIND_MAX:
        default:
                r = own(e, record, &u, f);
        }
        if (r < 0)
                return r;
        if (container_record_root_uid(record) == UINT32_MAX ||
            container_record_root_gid(record) == UINT32_MAX)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "the user namespace has no user or group 0; add a mapping such as "
                                   "'--uidmap 0:OUTSIDE:1'");
        return 0;
}
