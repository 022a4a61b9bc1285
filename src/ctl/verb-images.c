/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/describe.h"
#include "ctl/filter.h"
#include "ctl/object.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "spec/json.h"

static bool arg_digests, arg_no_trunc, arg_force;

const Option images_options[] = {
        { "digests", 0, NULL, "Show manifest digests", option_set_flag, &arg_digests },
        { "no-trunc", 0, NULL, "Show ids in full", option_set_flag, &arg_no_trunc },
        {},
};

const Option rmi_options[] = {
        { "force", 'f', NULL, "Remove all tags of the image, too", option_set_flag, &arg_force },
        {},
};

static int image_to_json(const ImageInfo *info, const char *tag, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *repository = NULL;
        const char *tag_only = NULL;
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "Id", info->id);
        if (r >= 0)
                r = info->tags && *info->tags ? json_add_strv(o, "RepoTags", info->tags)
                                              : json_add(o, "RepoTags", json_object_new_array());
        if (r >= 0)
                r = json_add_string(o, "Digest", strempty(info->manifest_digest));
        if (r >= 0)
                r = output_add_time(o, "Created", info->created_usec);
        if (r >= 0)
                r = json_add_u64(o, "Size", info->size_bytes);
        if (r >= 0)
                r = json_add_string(o, "Architecture", strempty(info->architecture));
        if (r >= 0)
                r = json_add_string(o, "Os", strempty(info->os));
        if (r >= 0)
                r = json_add_u64(o, "Layers", strv_length(info->layers));
        if (r >= 0)
                r = info->labels && *info->labels ? json_add_string_map(o, "Labels", info->labels)
                                                  : json_add(o, "Labels", json_object_new_object());
        if (r >= 0 && tag)
                r = describe_split_tag(tag, &repository, &tag_only);
        if (r >= 0)
                r = json_add_string(o, "Repository", repository ?: "<none>");
        if (r >= 0)
                r = json_add_string(o, "Tag", tag_only ?: "<none>");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

/* For templates: a row per tag, text for people. */
static int image_to_text(const ImageInfo *info, const char *tag, json_object **ret) {
        _cleanup_json_ json_object *o = NULL;
        char id[80], size[32], created[64];
        int r;

        r = image_to_json(info, tag, &o);
        if (r >= 0)
                r = json_add_string(o, "ID", describe_id(id, sizeof(id), info->id, arg_no_trunc));
        if (r >= 0)
                r = json_add_string(o, "Size", format_bytes(size, sizeof(size), info->size_bytes));
        if (r >= 0)
                r = json_add_string(o, "Created",
                                    clock_format_ago(created, sizeof(created), info->created_usec,
                                                     clock_now_realtime_usec()));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static int add_image_rows(Table *t, const ImageInfo *info, const char *tag) {
        _cleanup_free_ char *repository = NULL;
        const char *tag_only = NULL;
        char buf[96];
        int r = 0;

        if (tag)
                r = describe_split_tag(tag, &repository, &tag_only);
        if (r >= 0)
                r = table_add(t, repository ?: "<none>");
        if (r >= 0)
                r = table_add(t, tag_only ?: "<none>");
        if (r >= 0 && arg_digests)
                r = table_add(t, info->manifest_digest);
        if (r >= 0)
                r = table_add(t, describe_id(buf, sizeof(buf), info->id, arg_no_trunc));
        if (r >= 0)
                r = table_add(t, clock_format_ago(buf, sizeof(buf), info->created_usec,
                                                  clock_now_realtime_usec()));
        if (r >= 0)
                r = table_add(t, format_bytes(buf, sizeof(buf), info->size_bytes));
        return r;
}

static int print_table(Ctl *c, const ObjectList *l) {
        static const char *const headers[] = { "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", NULL };
        static const char *const digest_headers[] = { "REPOSITORY", "TAG",  "DIGEST", "IMAGE ID",
                                                      "CREATED",    "SIZE", NULL };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(arg_digests ? digest_headers : headers, &t);
        for (size_t i = 0; r >= 0 && i < l->n_images; i++) {
                if (strv_length(l->images[i]->tags) == 0)
                        r = add_image_rows(t, l->images[i], NULL);
                STRV_FOREACH (tag, l->images[i]->tags)
                        if (r >= 0)
                                r = add_image_rows(t, l->images[i], *tag);
        }
        return r < 0 ? r : table_print(t, !c->no_legend, stdout);
}

static int add_row(json_object *rows, const ImageInfo *info, const char *tag, bool text) {
        json_object *o;
        int r;

        r = text ? image_to_text(info, tag, &o) : image_to_json(info, tag, &o);
        if (r < 0)
                return r;
        if (json_object_array_add(rows, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        return 0;
}

static int print_objects(Ctl *c, const ObjectList *l, Failure *f) {
        _cleanup_json_ json_object *rows = json_object_new_array();
        const char *template = ctl_template(c);
        int r = rows ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < l->n_images; i++) {
                const ImageInfo *info = l->images[i];

                if (!template || strv_length(info->tags) == 0) {
                        r = add_row(rows, info, info->tags ? info->tags[0] : NULL, template);
                        continue;
                }
                STRV_FOREACH (tag, info->tags)
                        if (r >= 0)
                                r = add_row(rows, info, *tag, true);
        }
        if (r < 0)
                return r;
        return template ? output_template(rows, template, !c->no_legend, f) : output_json(rows, f);
}

int verb_images(Ctl *c, char **operands, Failure *f) {
        _cleanup_(object_list_freep) ObjectList *l = NULL;
        char id[80];
        int r;

        r = object_list_get(c, &l, f);
        if (r < 0)
                return r;
        if (!c->quiet)
                return c->format && !streq(c->format, "table") ? print_objects(c, l, f) : print_table(c, l);
        for (size_t i = 0; i < l->n_images; i++)
                (void) printf("%s\n", arg_no_trunc ? l->images[i]->id
                                                   : describe_id(id, sizeof(id), l->images[i]->id, false));
        return 0;
}

static int remove_image(Ctl *c, const char *name, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        _cleanup_strv_free_ char **untagged = NULL, **removed = NULL;
        int r;

        if (arg_force)
                r = client_call(c, CREEL_BUS_PATH, CREEL_MANAGER, "RemoveImage", &reply, f, "sa{sv}", name,
                                1, "force", "b", 1);
        else
                r = client_call(c, CREEL_BUS_PATH, CREEL_MANAGER, "RemoveImage", &reply, f, "sa{sv}", name,
                                0);
        if (r < 0)
                return r;
        r = sd_bus_message_read_strv(reply, &untagged);
        if (r >= 0)
                r = sd_bus_message_read_strv(reply, &removed);
        if (r < 0)
                return client_failure(NULL, r, f);
        STRV_FOREACH (i, untagged)
                (void) printf("Untagged: %s\n", *i);
        STRV_FOREACH (i, removed)
                (void) printf("Deleted: %s\n", *i);
        return 0;
}

int verb_rmi(Ctl *c, char **operands, Failure *f) {
        int status = 0, r;

        for (char **name = operands; *name; name++) {
                r = remove_image(c, *name, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
        }
        return status;
}
