/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/field-mount.h"
#include "spec/mount-request.h"
#include "spec/volumes-from.h"

/* The parser's own words about the string that it refuses. */
static const char *check_mounts(MountSyntax syntax, const void *value) {
        static char hint[MOUNT_HINT_MAX];

        STRV_FOREACH(i, *(char **const *) value) {
                _cleanup_(mount_request_done) MountRequest m = {};
                int r = mount_request_parse(syntax, *i, &m, hint);

                if (r < 0)
                        return r == -EINVAL ? hint : "is more than there is memory for";
        }
        return NULL;
}

#define CHECK_MOUNTS(name, syntax)                          \
        const char *field_check_##name(const void *value) { \
                return check_mounts(syntax, value);         \
        }
CHECK_MOUNTS(volume, MOUNT_SYNTAX_VOLUME)
CHECK_MOUNTS(mount, MOUNT_SYNTAX_MOUNT)
CHECK_MOUNTS(tmpfs, MOUNT_SYNTAX_TMPFS)
CHECK_MOUNTS(bind, MOUNT_SYNTAX_BIND)
CHECK_MOUNTS(bind_ro, MOUNT_SYNTAX_BIND_RO)
CHECK_MOUNTS(inaccessible, MOUNT_SYNTAX_INACCESSIBLE)
CHECK_MOUNTS(overlay, MOUNT_SYNTAX_OVERLAY)
CHECK_MOUNTS(overlay_ro, MOUNT_SYNTAX_OVERLAY_RO)

const char *field_check_volumes_from(const void *value) {
        STRV_FOREACH(i, *(char **const *) value)
                if (volumes_from_parse(*i, NULL, NULL) < 0)
                        return "must be CONTAINER[:ro], CONTAINER:rw or CONTAINER:z";
        return NULL;
}

const char *field_check_image_volume(const void *value) {
        const char *s = *(char *const *) value;

        return streq(s, "anonymous") || streq(s, "bind") || streq(s, "tmpfs") || streq(s, "ignore")
                               ? NULL
                               : "must be 'anonymous', 'tmpfs' or 'ignore'";
}
