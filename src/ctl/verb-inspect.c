/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "spec/json.h"

#define DOCUMENT_BYTES_MAX (32 * 1024 * 1024)

static const char *arg_type = "all";
static const char *arg_template;

const Option inspect_options[] = {
        { "type", 0, "TYPE", "container, image or all (default: all)", option_set_string, &arg_type },
        { "format", 'f', "TEMPLATE", "Show members, such as .State.ExitCode or '{{.Name}} {{json .Mounts}}'",
          option_set_string, &arg_template },
        {},
};

static int find_path(Ctl *c, const char *name, const char **ret_interface, char **ret_path, Failure *f) {
        int r;

        if (!streq(arg_type, "image")) {
                r = client_find_container(c, name, ret_path, f);
                if (r >= 0) {
                        *ret_interface = CREEL_CONTAINER;
                        return 0;
                }
                if (f->kind != FAILURE_NO_SUCH_CONTAINER || streq(arg_type, "container"))
                        return r;
                failure_done(f);
        }
        *ret_interface = CREEL_IMAGE;
        r = client_find_image(c, name, ret_path, f);
        if (r < 0 && f->kind == FAILURE_NO_SUCH_IMAGE && streq(arg_type, "all"))
                return failure_set(f, FAILURE_NO_SUCH_CONTAINER,
                                   "there is no container or image '%s'; see creelctl ps -a and creelctl "
                                   "images",
                                   name);
        return r;
}

static int inspect_one(Ctl *c, const char *name, json_object *rows, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        _cleanup_json_ json_object *o = NULL;
        const char *interface, *text;
        _cleanup_free_ char *path = NULL;
        int r;

        r = find_path(c, name, &interface, &path, f);
        if (r >= 0)
                r = client_call(c, path, interface, "Inspect", &reply, f, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "s", &text);
        if (r >= 0)
                r = json_parse(text, strlen(text), DOCUMENT_BYTES_MAX, &o);
        if (r < 0)
                return client_failure(NULL, r, f);
        if (json_object_array_add(rows, o) < 0)
                return -ENOMEM;
        o = NULL;
        return 0;
}

int verb_inspect(Ctl *c, char **operands, Failure *f) {
        _cleanup_json_ json_object *rows = json_object_new_array();
        int status = 0, r;

        if (!rows)
                return -ENOMEM;
        if (!streq(arg_type, "all") && !streq(arg_type, "container") && !streq(arg_type, "image"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--type' has '%s': must be container, image or all", arg_type);
        for (char **name = operands; *name; name++) {
                r = inspect_one(c, *name, rows, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
        }
        /* The verb's own --format also takes the global one's words. */
        if (!arg_template)
                arg_template = ctl_template(c);
        if (arg_template && !streq(arg_template, "json") && !streq(arg_template, "table"))
                r = output_template(rows, arg_template, !c->no_legend, f);
        else
                r = output_json(rows, f);
        return r < 0 ? r : status;
}
