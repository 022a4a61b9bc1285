/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"
#include "store/layer.h"

#define LAYER_RECORD_BYTES_MAX 4096

bool layer_exists(Store *s, const char *hex) {
        struct stat st;

        return fstatat(s->layers_fd, hex, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode);
}

int layer_info_parse(const char *data, size_t n_bytes, LayerInfo *ret) {
        _cleanup_json_ json_object *o = NULL;
        LayerInfo info;
        uint64_t version;
        int r;

        r = json_parse(data, n_bytes, LAYER_RECORD_BYTES_MAX, &o);
        if (r < 0)
                return r;
        if (json_get_u64(o, "version", &version) < 0 || version != 1 ||
            json_get_u64(o, "bytes", &info.size_bytes) < 0 ||
            json_get_u64(o, "entries", &info.n_entries) < 0)
                return -EBADMSG;
        *ret = info;
        return 0;
}

int layer_load(Store *s, const char *hex, LayerInfo *ret) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        fd = openat(s->layers_fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = file_read(fd, "layer.json", LAYER_RECORD_BYTES_MAX, &text, &size);
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r;
        return layer_info_parse(text, size, ret);
}

int layer_stage(int staging_fd, const char *hex, int *ret_tree_fd) {
        _cleanup_close_ int fd = -EBADF;
        int tree;

        if (mkdirat(staging_fd, hex, 0700) < 0)
                return negative_errno();
        fd = openat(staging_fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        if (mkdirat(fd, "tree", 0755) < 0)
                return negative_errno();
        tree = openat(fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (tree < 0)
                return negative_errno();
        *ret_tree_fd = tree;
        return 0;
}

int layer_stage_record(int staging_fd, const char *hex, const LayerInfo *info) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        int r;

        fd = openat(staging_fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        r = string_format(&text,
                          "{\"version\":1,\"diffId\":\"sha256:%s\",\"bytes\":%" PRIu64
                          ",\"entries\":%" PRIu64 "}\n",
                          hex, info->size_bytes, info->n_entries);
        return r < 0 ? r : file_write_atomic(fd, "layer.json", text, strlen(text), 0644, 0);
}

int layer_commit(Store *s, int staging_fd, const char *hex) {
        if (renameat2(staging_fd, hex, s->layers_fd, hex, RENAME_NOREPLACE) < 0 && errno != EEXIST)
                return negative_errno();
        return 0;
}
