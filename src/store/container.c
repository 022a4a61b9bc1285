/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/json.h"
#include "spec/userns.h"
#include "store/container.h"

#define EXIT_RECORD_BYTES_MAX 4096

ContainerRecord *container_record_free(ContainerRecord *r) {
        if (!r)
                return NULL;
        free(r->name);
        free(r->image);
        free(r->state);
        free(r->error);
        free(r->rootfs);
        free(r->unit);
        (void) strv_free(r->layers);
        id_map_done(&r->uid_map);
        id_map_done(&r->gid_map);
        (void) container_spec_free(r->spec);
        return mfree(r);
}

static int parse_identity(json_object *o, ContainerRecord *r) {
        const char *id, *image_id;
        uint64_t version;
        int e;

        if (json_get_u64(o, "version", &version) < 0 || version != 1)
                return -EBADMSG;
        if (json_get_string(o, "id", &id) < 0 || !digest_hex_is_valid(id))
                return -EBADMSG;
        memcpy(r->id, id, sizeof(r->id));
        e = json_dup_string(o, "rootfs", &r->rootfs);
        if (e < 0)
                return e == -ENOMEM ? e : -EBADMSG;
        if (r->rootfs ? *r->rootfs != '/'
                      : json_get_string(o, "imageId", &image_id) < 0 ||
                                            digest_parse(image_id, &r->image_id) < 0)
                return -EBADMSG;
        e = json_dup_string(o, "name", &r->name);
        if (e >= 0)
                e = json_dup_string(o, "image", &r->image);
        if (e >= 0)
                e = json_dup_string(o, "state", &r->state);
        if (e >= 0)
                e = json_dup_string(o, "error", &r->error);
        if (e >= 0)
                e = json_dup_string(o, "unit", &r->unit);
        if (e >= 0)
                e = json_get_strv(o, "layers", &r->layers);
        if (e < 0)
                return e == -ENOMEM ? e : -EBADMSG;
        STRV_FOREACH(i, r->layers)
                if (!digest_hex_is_valid(*i))
                        return -EBADMSG;
        return r->name && container_name_is_valid(r->name) && r->image && r->state ? 0 : -EBADMSG;
}

static int parse_map(json_object *o, const char *key, IdMap *ret) {
        _cleanup_strv_free_ char **texts = NULL;
        int r;

        r = json_get_strv(o, key, &texts);
        if (r == -ENODATA)
                return 0;
        if (r >= 0)
                r = id_map_parse(texts, ret);
        return r < 0 && r != -ENOMEM ? -EBADMSG : r;
}

/* Records of older versions say the base of the range and nothing else. */
static int parse_ids(json_object *o, ContainerRecord *record) {
        int r;

        record->uid_count = USERNS_SIZE_DEFAULT;
        if (json_get_u64(o, "uidBase", &record->uid_base) < 0)
                return -EBADMSG;
        r = json_get_u64(o, "uidCount", &record->uid_count);
        if ((r < 0 && r != -ENODATA) || record->uid_count > USERNS_SIZE_MAX ||
            record->uid_base > UINT32_MAX - record->uid_count)
                return -EBADMSG;
        if (r == -ENODATA && record->uid_base > 0) {
                r = id_map_fill(&record->uid_map, (uint32_t) record->uid_base, USERNS_SIZE_DEFAULT);
                return r < 0 ? r : id_map_copy(&record->uid_map, &record->gid_map);
        }
        r = parse_map(o, "uidMap", &record->uid_map);
        return r < 0 ? r : parse_map(o, "gidMap", &record->gid_map);
}

int container_record_parse(const char *data, size_t n_bytes, ContainerRecord **ret) {
        _cleanup_(container_record_freep) ContainerRecord *record = new0(ContainerRecord, 1);
        _cleanup_json_ json_object *o = NULL;
        json_object *spec;
        int r;

        if (!record)
                return -ENOMEM;
        r = json_parse(data, n_bytes, CONTAINER_RECORD_BYTES_MAX, &o);
        if (r >= 0)
                r = parse_identity(o, record);
        if (r < 0)
                return r;
        if (json_get_u64(o, "created", &record->created_usec) < 0 ||
            json_get_u64(o, "stateChanged", &record->state_changed_usec) < 0 ||
            json_get_u64(o, "started", &record->started_usec) < 0 ||
            json_get_u64(o, "finished", &record->finished_usec) < 0 ||
            json_get_i64(o, "exitCode", &record->exit_code) < 0 ||
            json_get_boolean(o, "oomKilled", &record->oom_killed) < 0 ||
            json_get(o, "spec", json_type_object, &spec) < 0)
                return -EBADMSG;
        if ((r = json_get_boolean(o, "stoppedByUser", &record->stopped_by_user)) < 0 && r != -ENODATA)
                return r;
        if ((r = json_get_u64(o, "restarts", &record->n_restarts)) < 0 && r != -ENODATA)
                return r;
        if (record->exit_code < -1 || record->exit_code > 255)
                return -EBADMSG;
        r = parse_ids(o, record);
        if (r >= 0)
                r = container_spec_from_json(spec, &record->spec);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(record);
        return 0;
}

static int format_identity(const ContainerRecord *record, json_object *o) {
        int r;

        r = json_add_u64(o, "version", 1);
        if (r >= 0)
                r = json_add_string(o, "id", record->id);
        if (r >= 0)
                r = json_add_string(o, "name", record->name);
        if (r >= 0)
                r = json_add_string(o, "image", record->image);
        if (r >= 0)
                r = record->rootfs ? json_add_string(o, "rootfs", record->rootfs)
                                   : json_add_string(o, "imageId", record->image_id.string);
        if (r >= 0)
                r = strv_length(record->layers) > 0 ? json_add_strv(o, "layers", record->layers)
                                                    : json_add(o, "layers", json_object_new_array());
        return r;
}

static int format_state(const ContainerRecord *record, json_object *o) {
        int r;

        r = json_add_u64(o, "created", record->created_usec);
        if (r >= 0)
                r = json_add_string(o, "state", record->state);
        if (r >= 0)
                r = json_add_u64(o, "stateChanged", record->state_changed_usec);
        if (r >= 0)
                r = json_add_u64(o, "started", record->started_usec);
        if (r >= 0)
                r = json_add_u64(o, "finished", record->finished_usec);
        if (r >= 0)
                r = json_add_i64(o, "exitCode", record->exit_code);
        if (r >= 0)
                r = json_add_boolean(o, "oomKilled", record->oom_killed);
        if (r >= 0)
                r = json_add_string(o, "error", record->error);
        if (r >= 0)
                r = json_add_string(o, "unit", record->unit);
        if (r >= 0 && record->stopped_by_user)
                r = json_add_boolean(o, "stoppedByUser", true);
        if (r >= 0 && record->n_restarts > 0)
                r = json_add_u64(o, "restarts", record->n_restarts);
        return r;
}

static int format_ids(const ContainerRecord *record, json_object *o) {
        _cleanup_strv_free_ char **uids = NULL, **gids = NULL;
        int r;

        r = json_add_u64(o, "uidBase", record->uid_base);
        if (r >= 0 && record->uid_base > 0)
                r = json_add_u64(o, "uidCount", record->uid_count);
        if (r >= 0)
                r = id_map_format(&record->uid_map, &uids);
        if (r >= 0)
                r = id_map_format(&record->gid_map, &gids);
        if (r >= 0)
                r = json_add_strv(o, "uidMap", uids);
        return r < 0 ? r : json_add_strv(o, "gidMap", gids);
}

int container_record_format(const ContainerRecord *record, char **ret) {
        _cleanup_free_ char *text = NULL;
        _cleanup_json_ json_object *o = json_object_new_object();
        json_object *spec;
        int r;

        if (!o)
                return -ENOMEM;
        r = format_identity(record, o);
        if (r >= 0)
                r = format_state(record, o);
        if (r >= 0)
                r = format_ids(record, o);
        if (r >= 0)
                r = container_spec_to_json(record->spec, &spec);
        if (r >= 0)
                r = json_add(o, "spec", spec);
        if (r >= 0)
                r = json_format(o, false, &text);
        if (r < 0)
                return r;
        /* It could not be read back. */
        if (strlen(text) > CONTAINER_RECORD_BYTES_MAX)
                return -E2BIG;
        *ret = TAKE_PTR(text);
        return 0;
}

static int open_at(int dirfd, const char *name, int *ret_fd) {
        int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

int container_record_load(int dirfd, const char *id, ContainerRecord **ret) {
        _cleanup_(container_record_freep) ContainerRecord *record = NULL;
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = open_at(dirfd, id, &fd);
        if (r >= 0)
                r = file_read(fd, "container.json", CONTAINER_RECORD_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = container_record_parse(text, size, &record);
        if (r < 0)
                return r;
        if (!streq(record->id, id))
                return -EBADMSG;
        *ret = TAKE_PTR(record);
        return 0;
}

int container_record_save(int dirfd, const ContainerRecord *record, bool sync) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        int r;

        r = open_at(dirfd, record->id, &fd);
        if (r >= 0)
                r = container_record_format(record, &text);
        return r < 0 ? r
                     : file_write_atomic(fd, "container.json", text, strlen(text), 0600,
                                         sync ? FILE_SYNC : 0);
}

uid_t container_record_root_uid(const ContainerRecord *r) {
        return id_map_host_id(&r->uid_map, 0);
}

gid_t container_record_root_gid(const ContainerRecord *r) {
        return id_map_host_id(&r->gid_map, 0);
}

static int make_owned(int dirfd, const char *name, mode_t mode, uid_t uid, gid_t gid) {
        struct stat st;

        if (mkdirat(dirfd, name, mode) < 0) {
                if (errno != EEXIST || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return negative_errno();
                /* Only what an earlier creeld was cut short over is still the host's root's; any other owner
                 * is the container's own choice. */
                if (st.st_uid != 0)
                        return 0;
        }
        if ((uid != 0 || gid != 0) && fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        return 0;
}

int container_rootfs_open(Store *s, const char *id, uid_t uid, gid_t gid, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF, rootfs = -EBADF;
        int r;

        r = make_owned(s->containers_fd, id, 0700, 0, 0);
        if (r >= 0)
                r = open_at(s->containers_fd, id, &fd);
        if (r >= 0)
                r = make_owned(fd, "rootfs", 0700, 0, 0);
        if (r >= 0)
                r = open_at(fd, "rootfs", &rootfs);
        if (r >= 0)
                r = make_owned(rootfs, "upper", 0755, uid, gid);
        if (r >= 0)
                r = make_owned(rootfs, "work", 0700, uid, gid);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(rootfs);
        return 0;
}

int container_runtime_open(Store *s, const char *id, int *ret_fd) {
        int r;

        r = make_owned(s->runtime_containers_fd, id, 0700, 0, 0);
        return r < 0 ? r : open_at(s->runtime_containers_fd, id, ret_fd);
}

int exit_record_parse(const char *data, size_t n_bytes, ExitRecord *ret) {
        _cleanup_json_ json_object *o = NULL;
        uint64_t version, status, killed_by;
        ExitRecord e = {};
        int r;

        r = json_parse(data, n_bytes, EXIT_RECORD_BYTES_MAX, &o);
        if (r < 0)
                return r;
        if (json_get_u64(o, "version", &version) < 0 || version != 1 ||
            json_get_u64(o, "status", &status) < 0 || status > 255 ||
            json_get_u64(o, "signal", &killed_by) < 0 || killed_by > 64 ||
            json_get_boolean(o, "oom", &e.oom) < 0 || json_get_u64(o, "finishedUsec", &e.finished_usec) < 0)
                return -EBADMSG;
        r = json_get_boolean(o, "asked", &e.asked);
        if (r < 0 && r != -ENODATA)
                return r;
        e.status = (int) status;
        e.signal = (int) killed_by;
        *ret = e;
        return 0;
}

int exit_record_load(Store *s, const char *id, ExitRecord *ret) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = open_at(s->runtime_containers_fd, id, &fd);
        if (r >= 0)
                r = file_read(fd, "exit", EXIT_RECORD_BYTES_MAX, &text, &size);
        return r < 0 ? r : exit_record_parse(text, size, ret);
}
