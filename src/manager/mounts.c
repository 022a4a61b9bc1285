/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/mount-plan.h"
#include "engine/volume.h"
#include "manager/manager.h"
#include "spec/device-option.h"
#include "spec/json.h"
#include "spec/mount-option.h"

/* What a mount's words come to: for people who ask whether it can be written to. */
static int add_words(json_object *o, const MountRequest *m) {
        _cleanup_strv_free_ char **options = NULL;
        const char *propagation = "";
        bool writable = m->kind != MOUNT_KIND_IMAGE || m->writable;
        int r = 0;

        STRV_FOREACH(i, m->options) {
                uint64_t value;
                bool recursive;

                if (streq(*i, "ro") || streq(*i, "rro") || streq(*i, "rw"))
                        writable = streq(*i, "rw");
                else if (mount_propagation_parse(*i, &value, &recursive) >= 0)
                        propagation = *i;
                else if (r >= 0)
                        r = strv_extend(&options, *i);
        }
        if (r >= 0)
                r = options ? json_add_strv(o, "Options", options)
                            : json_add(o, "Options", json_object_new_array());
        if (r >= 0)
                r = json_add_boolean(o, "RW", writable);
        return r < 0 ? r : json_add_string(o, "Propagation", propagation);
}

static int add_source(json_object *o, const Container *c, const MountRequest *m) {
        const Volume *v = m->kind == MOUNT_KIND_VOLUME ? hashmap_get(c->engine->volumes, m->source) : NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        if (m->kind != MOUNT_KIND_VOLUME)
                return json_add_string(o, "Source", m->source ?: m->lowers ? m->lowers[0] : "");
        r = json_add_string(o, "Name", m->source);
        if (r >= 0)
                r = json_add_string(o, "Driver", "local");
        if (r >= 0 && v)
                r = volume_path(v, &path);
        return r < 0 ? r : json_add_string(o, "Source", strempty(path));
}

static int add_mount(json_object *array, const Container *c, const MountRequest *m) {
        json_object *o = json_object_new_object();
        int r;

        if (!o || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        r = json_add_string(o, "Type", mount_kind_to_string(m->kind));
        if (r >= 0)
                r = add_source(o, c, m);
        if (r >= 0)
                r = json_add_string(o, "Destination", m->destination);
        if (r >= 0)
                r = json_add_string(o, "Mode", "");
        return r < 0 ? r : add_words(o, m);
}

int inspect_mounts(const Container *c, json_object *o) {
        const Image *image = hashmap_get(c->engine->images, digest_hex(&c->record->image_id));
        CompileInput in = { .engine = c->engine,
                            .record = c->record,
                            .config = image ? image->record->config : NULL };
        _cleanup_(mount_plan_done) MountPlan p = {};
        json_object *array = json_object_new_array();
        int r;

        r = json_add(o, "Mounts", array);
        if (r < 0)
                return r;
        /* Who lends it mounts may be gone: then they are left out. */
        if (mount_plan_make(&in, &p, NULL) < 0) {
                in.engine = NULL;
                r = mount_plan_make(&in, &p, NULL);
        }
        for (size_t i = 0; i < p.n_requests && r >= 0; i++)
                if (p.requests[i].kind != MOUNT_KIND_TMPFS && p.requests[i].kind != MOUNT_KIND_INACCESSIBLE)
                        r = add_mount(array, c, p.requests + i);
        return r;
}

int inspect_tmpfs(const Container *c, json_object *o) {
        const CompileInput in = { .record = c->record };
        _cleanup_(mount_plan_done) MountPlan p = {};
        json_object *map = json_object_new_object();
        int r;

        r = json_add(o, "Tmpfs", map);
        if (r >= 0)
                r = mount_plan_make(&in, &p, NULL);
        for (size_t i = 0; i < p.n_requests && r >= 0; i++) {
                _cleanup_free_ char *words = NULL;

                if (p.requests[i].kind != MOUNT_KIND_TMPFS)
                        continue;
                r = strv_join(p.requests[i].options, ",", &words);
                if (r >= 0)
                        r = json_add_string(map, p.requests[i].destination, words);
        }
        return r;
}

int inspect_devices(const Container *c, json_object *o) {
        json_object *array = json_object_new_array();
        int r;

        r = json_add(o, "Devices", array);
        STRV_FOREACH(i, r >= 0 ? c->record->spec->devices : NULL) {
                _cleanup_device_option_ DeviceOption d = {};
                const char *hint;
                json_object *one;

                r = device_option_parse(*i, &d, &hint);
                if (r < 0)
                        return r;
                one = json_object_new_object();
                if (!one || json_object_array_add(array, one) < 0) {
                        (void) json_object_put(one);
                        return -ENOMEM;
                }
                r = json_add_string(one, "PathOnHost", d.host);
                if (r >= 0)
                        r = json_add_string(one, "PathInContainer", d.cdi ? d.host : d.container);
                if (r >= 0)
                        r = json_add_string(one, "CgroupPermissions", d.permissions);
                if (r < 0)
                        return r;
        }
        return r;
}
