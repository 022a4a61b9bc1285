/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-format.h"
#include "spec/mount-mapping.h"
#include "spec/mount-split.h"

static int join_flag(char **text, bool yes, const char *word) {
        return yes ? mount_join_field(text, word, NULL) : 0;
}

static int join_idmap(char **text, const MountRequest *m) {
        _cleanup_free_ char *mappings = NULL;
        int r;

        if (m->idmap == MOUNT_IDMAP_NONE)
                return 0;
        if (m->idmap == MOUNT_IDMAP_ROOT)
                return mount_join_field(text, "rootidmap", NULL);
        r = mount_mapping_format(m, &mappings);
        return r < 0 ? r : mount_join_field(text, m->recursive_idmap ? "ridmap" : "idmap", mappings);
}

/* What a silent string would add is said, one way or the other. */
static int join_options(char **text, const MountRequest *m) {
        bool set_id = false, device = false;
        int r = 0;

        STRV_FOREACH(i, m->options) {
                set_id = set_id || streq(*i, "nosuid") || streq(*i, "suid");
                device = device || streq(*i, "nodev") || streq(*i, "dev");
                if (r >= 0)
                        r = mount_join_field(text, *i, NULL);
        }
        if (r >= 0)
                r = join_flag(text, !set_id, "suid");
        if (r >= 0)
                r = join_flag(text, !device, "dev");
        if (r >= 0)
                r = join_idmap(text, m);
        if (r >= 0 && m->subpath)
                r = mount_join_field(text, "subpath", m->subpath);
        if (r >= 0)
                r = join_flag(text, m->chown, "U");
        if (r >= 0)
                r = join_flag(text, m->no_copy, "nocopy");
        return r < 0 ? r : join_flag(text, m->no_dereference, "no-dereference");
}

static int format_volume(const MountRequest *m, char **ret) {
        _cleanup_free_ char *text = NULL, *options = NULL;
        int r;

        r = mount_join_path(&text, m->source, false);
        if (r >= 0)
                r = mount_join_path(&text, m->destination, true);
        if (r >= 0)
                r = join_options(&options, m);
        if (r >= 0)
                r = mount_join_path(&text, options, true);
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}

static int format_image(const MountRequest *m, char **ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = mount_join_field(&text, "type", "image");
        if (r >= 0)
                r = mount_join_field(&text, "source", m->source);
        if (r >= 0)
                r = mount_join_field(&text, "target", m->destination);
        if (r >= 0)
                r = join_options(&text, m);
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}

int mount_request_format(const MountRequest *m, MountSyntax *ret_syntax, char **ret) {
        if (m->kind == MOUNT_KIND_IMAGE) {
                *ret_syntax = MOUNT_SYNTAX_MOUNT;
                return format_image(m, ret);
        }
        *ret_syntax = MOUNT_SYNTAX_VOLUME;
        return (m->kind == MOUNT_KIND_BIND || m->kind == MOUNT_KIND_VOLUME) && m->source
                               ? format_volume(m, ret)
                               : -EINVAL;
}
