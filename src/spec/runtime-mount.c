/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "spec/json.h"
#include "spec/mount-mapping.h"
#include "spec/runtime-mount.h"

void runtime_mount_done(RuntimeMount *m) {
        free(m->destination);
        free(m->type);
        free(m->source);
        mount_options_done(&m->options);
        free(m->uid_mappings);
        free(m->gid_mappings);
        free(m->subpath);
        free(m->upper);
        free(m->work);
        free(m->scratch);
        (void) strv_free(m->layers);
        (void) strv_free(m->lowers);
        *m = (RuntimeMount){};
}

bool runtime_mount_is_overlay(const RuntimeMount *m) {
        return m->layers || m->lowers;
}

static int read_id(json_object *o, const char *key, uint32_t *ret) {
        uint64_t v;

        if (json_get_u64(o, key, &v) < 0 || v > UINT32_MAX)
                return -EBADMSG;
        *ret = (uint32_t) v;
        return 0;
}

int runtime_mappings_parse(json_object *array, RuntimeIdMapping **ret, size_t *ret_n,
                           const char **reterr_text) {
        size_t n = json_object_array_length(array);
        _cleanup_free_ RuntimeIdMapping *l = NULL;

        if (n > RUNTIME_MAPPINGS_MAX) {
                *reterr_text = "has too many entries";
                return -EBADMSG;
        }
        l = new (RuntimeIdMapping, n + 1);
        if (!l)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                json_object *o = json_object_array_get_idx(array, i);

                if (!json_object_is_type(o, json_type_object) ||
                    read_id(o, "containerID", &l[i].container_id) < 0 ||
                    read_id(o, "hostID", &l[i].host_id) < 0 || read_id(o, "size", &l[i].size) < 0 ||
                    l[i].size == 0) {
                        *reterr_text = "containerID, hostID and size must be numbers of 32 bits, the last "
                                       "at least 1";
                        return -EBADMSG;
                }
        }
        *ret = TAKE_PTR(l);
        *ret_n = n;
        return 0;
}

static int read_mappings(json_object *o, const char *key, RuntimeIdMapping **ret, size_t *ret_n,
                         const char **reterr_key, const char **reterr_text) {
        json_object *array;
        int r;

        r = json_get(o, key, json_type_array, &array);
        if (r == -ENODATA)
                return 0;
        *reterr_key = key;
        return r < 0 ? r : runtime_mappings_parse(array, ret, ret_n, reterr_text);
}

static int read_own(json_object *o, RuntimeMount *m, const char **reterr_key) {
        const struct {
                const char *key;
                char **string;
                char ***strings;
                bool *flag;
        } members[] = {
                { "subpath", .string = &m->subpath },
                { "upper", .string = &m->upper },
                { "work", .string = &m->work },
                { "scratch", .string = &m->scratch },
                { "layers", .strings = &m->layers },
                { "lowers", .strings = &m->lowers },
                { "fill", .flag = &m->fill },
                { "chown", .flag = &m->chown },
                { "rootIdmap", .flag = &m->root_idmap },
                { "copyLink", .flag = &m->copy_link },
        };
        json_object *own;
        int r;

        r = json_get(o, "creel", json_type_object, &own);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                if (members[i].string)
                        r = json_dup_string(own, members[i].key, members[i].string);
                else if (members[i].strings)
                        r = json_get_strv(own, members[i].key, members[i].strings);
                else
                        r = json_get_boolean(own, members[i].key, members[i].flag);
                if (r < 0 && r != -ENODATA) {
                        *reterr_key = members[i].key;
                        return r;
                }
        }
        return 0;
}

/* Words of crun's that the file system does not know. */
static void take_words(RuntimeMount *m) {
        const struct {
                const char *word;
                bool *flag;
        } words[] = {
                { "tmpcopyup", &m->fill },
                { "copy-symlink", &m->copy_link },
                { "src-nofollow", &m->source_no_follow },
                { "dest-nofollow", &m->destination_no_follow },
        };
        size_t n = 0;

        if (!m->options.data)
                return;
        for (char **i = m->options.data; *i; i++) {
                bool known = false;

                for (size_t j = 0; j < ELEMENTSOF(words); j++)
                        if (streq(*i, words[j].word))
                                *words[j].flag = known = true;
                if (known)
                        free(*i);
                else
                        m->options.data[n++] = *i;
        }
        m->options.data[n] = NULL;
}

static int refuse(const char **reterr_key, const char *key, const char **reterr_text, const char *text) {
        *reterr_key = key;
        *reterr_text = text;
        return -EBADMSG;
}

static int take_list(const MountMapping *from, size_t n, RuntimeIdMapping **ret, size_t *ret_n,
                     bool *ret_relative) {
        if (n == 0 || *ret_n > 0)
                return n == 0 ? 0 : -EINVAL;
        *ret = new (RuntimeIdMapping, n);
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                if (from[i].relative != from[0].relative)
                        return -EINVAL;
                (*ret)[i] = (RuntimeIdMapping){ .container_id = from[i].backing,
                                                .host_id = from[i].host,
                                                .size = from[i].size };
        }
        *ret_n = n;
        *ret_relative = from[0].relative;
        return 0;
}

/* crun's "idmap=uids=...;gids=...", which podman hands through. */
static int take_mappings(RuntimeMount *m) {
        int r = 0;

        STRV_FOREACH(i, m->options.data) {
                const char *text = startswith(*i, "idmap=") ?: startswith(*i, "ridmap=");
                MountRequest request = {};

                if (!text)
                        continue;
                r = mount_mapping_parse(text, &request);
                if (r >= 0)
                        r = take_list(request.uids, request.n_uids, &m->uid_mappings, &m->n_uid_mappings,
                                      &m->uids_relative);
                if (r >= 0)
                        r = take_list(request.gids, request.n_gids, &m->gid_mappings, &m->n_gid_mappings,
                                      &m->gids_relative);
                free(request.uids);
                free(request.gids);
                m->options.idmap = true;
                m->options.recursive_idmap = **i == 'r';
                return r;
        }
        return r;
}

static int resolve_list(RuntimeIdMapping **mappings, size_t *n, bool relative, const RuntimeIdMapping *ids,
                        size_t n_ids) {
        if (*n == 0) {
                *mappings = new (RuntimeIdMapping, n_ids + 1);
                if (!*mappings)
                        return -ENOMEM;
                for (; *n < n_ids; (*n)++)
                        (*mappings)[*n] = ids[*n];
                return *n > 0 ? 0 : -EINVAL;
        }
        for (size_t i = 0; relative && i < *n; i++) {
                uint32_t id = (*mappings)[i].host_id;
                size_t j = 0;

                while (j < n_ids && (id < ids[j].container_id || id - ids[j].container_id >= ids[j].size))
                        j++;
                if (j == n_ids)
                        return -EINVAL;
                (*mappings)[i].host_id = ids[j].host_id + (id - ids[j].container_id);
        }
        return 0;
}

int runtime_mount_resolve(RuntimeMount *m, const RuntimeIdMapping *uids, size_t n_uids,
                          const RuntimeIdMapping *gids, size_t n_gids) {
        int r;

        if (m->n_uid_mappings == 0 && m->n_gid_mappings == 0)
                return 0;
        r = resolve_list(&m->uid_mappings, &m->n_uid_mappings, m->uids_relative, uids, n_uids);
        if (r >= 0)
                r = resolve_list(&m->gid_mappings, &m->n_gid_mappings, m->gids_relative, gids, n_gids);
        m->uids_relative = m->gids_relative = false;
        return r;
}

static int check(RuntimeMount *m, const char **reterr_key, const char **reterr_text) {
        int r;

        if (m->scratch && !path_component_is_valid(m->scratch))
                return refuse(reterr_key, "scratch", reterr_text, "must be one name");
        if ((m->upper && *m->upper != '/') || (m->work && *m->work != '/') || !m->upper != !m->work)
                return refuse(reterr_key, "upper", reterr_text,
                              "upper and work go together, as absolute paths");
        STRV_FOREACH(i, m->lowers)
                if (**i != '/')
                        return refuse(reterr_key, "lowers", reterr_text, "must be absolute paths");
        if (m->n_uid_mappings > 0 && m->n_gid_mappings > 0)
                m->options.idmap = true;
        else if (m->n_uid_mappings != m->n_gid_mappings)
                return refuse(reterr_key, "uidMappings", reterr_text, "goes together with gidMappings");
        if (streq_ptr(m->type, "bind"))
                m->options.bind = true;
        r = take_mappings(m);
        if (r == -EINVAL)
                return refuse(reterr_key, "options", reterr_text,
                              "idmap= needs lists like uids=0-1000-1;gids=0-1000-1, and no other mappings");
        if (r < 0)
                return r;
        if (runtime_mount_is_overlay(m)) {
                m->options.bind = false;
                return 0;
        }
        take_words(m);
        if (m->options.bind) {
                m->type = mfree(m->type);
                if (isempty(m->source))
                        return refuse(reterr_key, "source", reterr_text, "a bind mount needs a path");
                /* Words of a file system do nothing to a mount of it; other runtimes skip them, too. */
                m->options.data = strv_free(m->options.data);
        } else if (isempty(m->type))
                return refuse(reterr_key, "type", reterr_text, "the type of the file system is missing");
        return 0;
}

int runtime_mount_parse(json_object *o, RuntimeMount *ret, const char **reterr_key,
                        const char **reterr_text) {
        _cleanup_(runtime_mount_done) RuntimeMount m = {};
        _cleanup_strv_free_ char **options = NULL;
        int r;

        *reterr_text = "has the wrong type";
        *reterr_key = "destination";
        r = json_dup_string(o, "destination", &m.destination);
        if (r >= 0 && isempty(m.destination))
                return refuse(reterr_key, "destination", reterr_text, "a path is needed");
        if (r >= 0)
                r = json_dup_string(o, *reterr_key = "type", &m.type);
        if (r >= 0)
                r = json_dup_string(o, *reterr_key = "source", &m.source);
        if (r >= 0)
                r = json_get_strv(o, *reterr_key = "options", &options);
        if (r >= 0 || r == -ENODATA)
                r = mount_options_parse(options, &m.options);
        if (r >= 0)
                r = read_mappings(o, "uidMappings", &m.uid_mappings, &m.n_uid_mappings, reterr_key,
                                  reterr_text);
        if (r >= 0)
                r = read_mappings(o, "gidMappings", &m.gid_mappings, &m.n_gid_mappings, reterr_key,
                                  reterr_text);
        if (r >= 0)
                r = read_own(o, &m, reterr_key);
        if (r >= 0)
                r = check(&m, reterr_key, reterr_text);
        if (r < 0)
                return r;
        *ret = m;
        m = (RuntimeMount){};
        return 0;
}
