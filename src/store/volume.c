/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "spec/json.h"
#include "spec/mount-request.h"
#include "store/volume.h"

VolumeRecord *volume_record_free(VolumeRecord *r) {
        if (!r)
                return NULL;
        free(r->name);
        free(r->driver);
        free(r->container);
        (void) strv_free(r->labels);
        return mfree(r);
}

static int absent_is_fine(int r) {
        return r == -ENODATA ? 0 : r;
}

int volume_record_parse(const char *data, size_t n_bytes, VolumeRecord **ret) {
        _cleanup_(volume_record_freep) VolumeRecord *record = new0(VolumeRecord, 1);
        _cleanup_json_ json_object *o = NULL;
        uint64_t version;
        int r;

        if (!record)
                return -ENOMEM;
        r = json_parse(data, n_bytes, VOLUME_RECORD_BYTES_MAX, &o);
        if (r >= 0)
                r = json_dup_string(o, "name", &record->name);
        if (r >= 0)
                r = json_dup_string(o, "driver", &record->driver);
        if (r >= 0)
                r = json_dup_string(o, "container", &record->container);
        if (r >= 0)
                r = absent_is_fine(json_get_string_map(o, "labels", &record->labels));
        if (r >= 0)
                r = absent_is_fine(json_get_boolean(o, "anonymous", &record->anonymous));
        if (r < 0)
                return r;
        if (json_get_u64(o, "version", &version) < 0 || version != 1 ||
            json_get_u64(o, "created", &record->created_usec) < 0 || !volume_name_is_valid(record->name) ||
            !streq_ptr(record->driver, "local") ||
            (record->container && !digest_hex_is_valid(record->container)))
                return -EBADMSG;
        *ret = TAKE_PTR(record);
        return 0;
}

int volume_record_format(const VolumeRecord *record, char **ret) {
        _cleanup_free_ char *text = NULL;
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_u64(o, "version", 1);
        if (r >= 0)
                r = json_add_string(o, "name", record->name);
        if (r >= 0)
                r = json_add_string(o, "driver", record->driver);
        if (r >= 0)
                r = json_add_u64(o, "created", record->created_usec);
        if (r >= 0)
                r = json_add_string_map(o, "labels", record->labels);
        if (r >= 0)
                r = json_add_boolean(o, "anonymous", record->anonymous);
        if (r >= 0)
                r = json_add_string(o, "container", record->container);
        if (r >= 0)
                r = json_format(o, false, &text);
        if (r < 0)
                return r;
        /* It could not be read back. */
        if (strlen(text) > VOLUME_RECORD_BYTES_MAX)
                return -E2BIG;
        *ret = TAKE_PTR(text);
        return 0;
}

int volume_load(Store *s, const char *name, VolumeRecord **ret) {
        _cleanup_(volume_record_freep) VolumeRecord *record = NULL;
        _cleanup_free_ char *text = NULL, *path = NULL;
        size_t size;
        int r;

        r = string_format(&path, "%s/volume.json", name);
        if (r >= 0)
                r = file_read(s->volumes_fd, path, VOLUME_RECORD_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = volume_record_parse(text, size, &record);
        if (r < 0)
                return r;
        if (!streq(record->name, name))
                return -EBADMSG;
        *ret = TAKE_PTR(record);
        return 0;
}

static int fill(int fd, const VolumeRecord *record, bool sync) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (mkdirat(fd, "data", 0755) < 0 || fchmodat(fd, "data", 0755, 0) < 0)
                return negative_errno();
        r = volume_record_format(record, &text);
        return r < 0 ? r
                     : file_write_atomic(fd, "volume.json", text, strlen(text), 0600, sync ? FILE_SYNC : 0);
}

int volume_commit(Store *s, const VolumeRecord *record, bool sync) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r;

        r = store_stage(s, &name, &fd);
        if (r < 0)
                return r;
        r = fill(fd, record, sync);
        if (r >= 0 && renameat2(s->staging_fd, name, s->volumes_fd, record->name, RENAME_NOREPLACE) < 0)
                r = negative_errno();
        if (r >= 0 && sync && fsync(s->volumes_fd) < 0)
                r = negative_errno();
        if (r < 0)
                (void) path_remove_tree(s->staging_fd, name, 16);
        return r;
}
