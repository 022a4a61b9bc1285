/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/cdi.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/device-option.h"
#include "spec/json.h"
#include "spec/yaml.h"

static void edits_done(CdiEdits *e) {
        (void) strv_free(e->env);
        for (size_t i = 0; i < e->n_nodes; i++) {
                free(e->nodes[i].path);
                free(e->nodes[i].host_path);
        }
        for (size_t i = 0; i < e->n_mounts; i++) {
                free(e->mounts[i].host_path);
                free(e->mounts[i].container_path);
                free(e->mounts[i].type);
                (void) strv_free(e->mounts[i].options);
        }
        free(e->nodes);
        free(e->mounts);
        free(e->gids);
}

CdiFile *cdi_file_free(CdiFile *c) {
        if (!c)
                return NULL;
        free(c->kind);
        edits_done(&c->edits);
        for (size_t i = 0; i < c->n_devices; i++) {
                free(c->devices[i].name);
                edits_done(&c->devices[i].edits);
        }
        free(c->devices);
        return mfree(c);
}

static int bad(const char *key, const char *what, Failure *f) {
        return failure_set(f, FAILURE_CONFIGURATION, "\"%s\" %s", key, what);
}

/* What a getter of spec/json.h says about a member that may be absent. */
static int optional(int r, const char *key, const char *wanted, Failure *f) {
        return r == -ENODATA ? 0 : r == -EBADMSG ? bad(key, wanted, f) : r;
}

static int get_path(json_object *o, const char *key, bool needed, char **ret, Failure *f) {
        int r;

        r = optional(json_dup_string(o, key, ret), key, "is not a string", f);
        if (r < 0)
                return r;
        if ((*ret && **ret != '/') || (needed && !*ret))
                return bad(key, "is not an absolute path", f);
        return 0;
}

static int get_number(json_object *o, const char *key, int64_t max, int64_t *ret, Failure *f) {
        int r;

        *ret = -1;
        r = optional(json_get_i64(o, key, ret), key, "is not a number", f);
        return r >= 0 && (*ret < -1 || *ret > max) ? bad(key, "is out of range", f) : r;
}

static int read_node(json_object *o, CdiNode *n, Failure *f) {
        const char *type = NULL, *permissions = "rwm";
        int r;

        r = get_path(o, "path", true, &n->path, f);
        if (r >= 0)
                r = get_path(o, "hostPath", false, &n->host_path, f);
        if (r >= 0)
                r = optional(json_get_string(o, "type", &type), "type", "is not a string", f);
        if (r >= 0 && !isempty(type) && (strlen(type) != 1 || !strchr("bcup", *type)))
                r = bad("type", "is none of b, c, u and p", f);
        if (r >= 0)
                r = get_number(o, "major", UINT32_MAX, &n->major, f);
        if (r >= 0)
                r = get_number(o, "minor", UINT32_MAX, &n->minor, f);
        if (r >= 0)
                r = get_number(o, "fileMode", 07777 | 0xf000, &n->mode, f);
        if (r >= 0)
                r = get_number(o, "uid", UINT32_MAX - 1, &n->uid, f);
        if (r >= 0)
                r = get_number(o, "gid", UINT32_MAX - 1, &n->gid, f);
        if (r >= 0)
                r = optional(json_get_string(o, "permissions", &permissions), "permissions",
                             "is not a string", f);
        if (r < 0)
                return r;
        if (isempty(permissions))
                permissions = "rwm";
        if (!device_permissions_valid(permissions))
                return bad("permissions", "is not made of the letters r, w and m", f);
        memcpy(n->permissions, permissions, strlen(permissions) + 1);
        n->type = isempty(type) ? 0 : *type == 'u' ? 'c' : *type;
        return 0;
}

static int read_mount(json_object *o, CdiMount *m, Failure *f) {
        int r;

        r = get_path(o, "hostPath", true, &m->host_path, f);
        if (r >= 0)
                r = get_path(o, "containerPath", true, &m->container_path, f);
        if (r >= 0)
                r = optional(json_dup_string(o, "type", &m->type), "type", "is not a string", f);
        return r < 0 ? r
                     : optional(json_get_strv(o, "options", &m->options), "options",
                                "is not a list of strings", f);
}

/* The array @key of objects, as *@ret_n zeroed elements of @size bytes at *@ret. */
static int get_array(json_object *o, const char *key, size_t size, json_object **ret_array, void *ret,
                     size_t *ret_n, Failure *f) {
        size_t n;
        int r;

        *ret_array = NULL;
        r = json_get(o, key, json_type_array, ret_array);
        if (r < 0)
                return optional(r, key, "is not a list", f);
        n = json_object_array_length(*ret_array);
        if (n > CDI_ITEMS_MAX)
                return bad(key, "is too long", f);
        for (size_t i = 0; i < n; i++)
                if (!json_object_is_type(json_object_array_get_idx(*ret_array, i), json_type_object))
                        return bad(key, "is not a list of objects", f);
        *(void **) ret = calloc(n ?: 1, size);
        if (!*(void **) ret)
                return -ENOMEM;
        *ret_n = n;
        return 0;
}

static int read_gids(json_object *o, CdiEdits *e, Failure *f) {
        json_object *array;
        size_t n;
        int r;

        r = json_get(o, "additionalGids", json_type_array, &array);
        if (r < 0)
                return optional(r, "additionalGids", "is not a list", f);
        n = json_object_array_length(array);
        if (n > CDI_ITEMS_MAX)
                return bad("additionalGids", "is too long", f);
        e->gids = new0(uint32_t, n);
        if (!e->gids)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                json_object *v = json_object_array_get_idx(array, i);
                int64_t gid = json_object_get_int64(v);

                if (!json_object_is_type(v, json_type_int) || gid < 0 || gid >= UINT32_MAX)
                        return bad("additionalGids", "is not a list of groups", f);
                e->gids[e->n_gids++] = (uint32_t) gid;
        }
        return 0;
}

static void note_beyond(json_object *o, CdiEdits *e) {
        static const char *const keys[] = { "hooks", "intelRdt", "netDevices" };
        json_object *v;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (json_object_object_get_ex(o, keys[i], &v) && v &&
                    !(json_object_is_type(v, json_type_array) && json_object_array_length(v) == 0))
                        e->beyond = keys[i];
}

static int read_edits(json_object *parent, CdiEdits *e, Failure *f) {
        json_object *o, *nodes, *mounts;
        int r;

        r = json_get(parent, "containerEdits", json_type_object, &o);
        if (r < 0)
                return optional(r, "containerEdits", "is not an object", f);
        note_beyond(o, e);
        r = optional(json_get_strv(o, "env", &e->env), "env", "is not a list of strings", f);
        STRV_FOREACH(i, r < 0 ? NULL : e->env)
                if (**i == '=' || !strchr(*i, '='))
                        return bad("env", "is not a list of NAME=VALUE", f);
        if (r >= 0)
                r = get_array(o, "deviceNodes", sizeof(CdiNode), &nodes, &e->nodes, &e->n_nodes, f);
        for (size_t i = 0; i < e->n_nodes && r >= 0; i++)
                r = read_node(json_object_array_get_idx(nodes, i), e->nodes + i, f);
        if (r >= 0)
                r = get_array(o, "mounts", sizeof(CdiMount), &mounts, &e->mounts, &e->n_mounts, f);
        for (size_t i = 0; i < e->n_mounts && r >= 0; i++)
                r = read_mount(json_object_array_get_idx(mounts, i), e->mounts + i, f);
        return r < 0 ? r : read_gids(o, e, f);
}

static int read_device(const CdiFile *c, json_object *o, CdiDevice *d, Failure *f) {
        _cleanup_free_ char *full = NULL;
        int r;

        r = optional(json_dup_string(o, "name", &d->name), "name", "is not a string", f);
        if (r >= 0)
                r = string_format(&full, "%s=%s", c->kind, strempty(d->name));
        if (r < 0)
                return r;
        return cdi_name_is_valid(full) ? read_edits(o, &d->edits, f)
                                       : bad("name", "is not the name of a device", f);
}

static int read_file(json_object *o, CdiFile *c, Failure *f) {
        _cleanup_free_ char *full = NULL;
        const char *version;
        json_object *devices;
        int r;

        if (json_get_string(o, "cdiVersion", &version) < 0 ||
            !(startswith(version, "0.") || startswith(version, "1.")))
                return bad("cdiVersion", "is not 0.x or 1.x", f);
        r = optional(json_dup_string(o, "kind", &c->kind), "kind", "is not a string", f);
        if (r >= 0)
                r = string_format(&full, "%s=x", strempty(c->kind));
        if (r < 0)
                return r;
        if (!cdi_name_is_valid(full))
                return bad("kind", "is not VENDOR/CLASS", f);
        r = read_edits(o, &c->edits, f);
        if (r >= 0)
                r = get_array(o, "devices", sizeof(CdiDevice), &devices, &c->devices, &c->n_devices, f);
        for (size_t i = 0; i < c->n_devices && r >= 0; i++)
                r = read_device(c, json_object_array_get_idx(devices, i), c->devices + i, f);
        return r;
}

static int parse_text(const char *data, size_t n_bytes, bool yaml, json_object **ret, Failure *reterr) {
        size_t line = 0;
        int r;

        r = n_bytes > CDI_BYTES_MAX ? -EFBIG
            : yaml                  ? yaml_parse(data, n_bytes, ret, &line)
                                    : json_parse(data, n_bytes, CDI_BYTES_MAX, ret);
        if (r == -ENOMEM)
                return r;
        if (r == -EBADMSG && yaml)
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "line %zu is not the YAML that is read here", line);
        return r < 0 || !json_object_is_type(*ret, json_type_object)
                               ? failure_set(reterr, FAILURE_CONFIGURATION, "is not an object")
                               : 0;
}

int cdi_file_parse(const char *data, size_t n_bytes, bool yaml, CdiFile **ret, Failure *reterr) {
        _cleanup_(cdi_file_freep) CdiFile *c = new0(CdiFile, 1);
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (!c)
                return -ENOMEM;
        r = parse_text(data, n_bytes, yaml, &o, reterr);
        if (r >= 0)
                r = read_file(o, c, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

const CdiDevice *cdi_file_find(const CdiFile *c, const char *name) {
        for (size_t i = 0; i < c->n_devices; i++)
                if (streq(c->devices[i].name, name))
                        return c->devices + i;
        return NULL;
}
