/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "spec/json.h"

typedef struct TransferInfo {
        uint32_t id;
        const char *type, *reference, *state, *path; /* borrowed from the message */
        double progress;
} TransferInfo;

/* Calls @handle for each transfer; it ends the iteration with anything but 0. */
static int for_each(Ctl *c, int (*handle)(const TransferInfo *info, void *userdata), void *userdata,
                    sd_bus_message **ret, Failure *f) {
        TransferInfo info;
        int r;

        r = client_call(c, CREEL_BUS_PATH, CREEL_MANAGER, "ListTransfers", ret, f, NULL);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(*ret, 'a', "(usssdo)");
        while (r >= 0 && (r = sd_bus_message_read(*ret, "(usssdo)", &info.id, &info.type, &info.reference,
                                                  &info.state, &info.progress, &info.path)) > 0) {
                r = handle(&info, userdata);
                if (r != 0)
                        return r;
        }
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

static int add_table_row(const TransferInfo *info, void *userdata) {
        int r;

        r = table_addf(userdata, "%u", info->id);
        if (r >= 0)
                r = table_add(userdata, info->type);
        if (r >= 0)
                r = table_add(userdata, info->reference);
        if (r >= 0)
                r = table_add(userdata, info->state);
        if (r >= 0)
                r = table_addf(userdata, "%d%%", (int) (info->progress * 100));
        return r;
}

static int add_json_row(const TransferInfo *info, void *userdata) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_u64(o, "Id", info->id);
        if (r >= 0)
                r = json_add_string(o, "Type", info->type);
        if (r >= 0)
                r = json_add_string(o, "Reference", info->reference);
        if (r >= 0)
                r = json_add_string(o, "State", info->state);
        if (r >= 0)
                r = json_add(o, "Progress", json_object_new_double(info->progress));
        if (r >= 0)
                r = json_object_array_add(userdata, o) < 0 ? -ENOMEM : 0;
        if (r >= 0)
                o = NULL;
        return r;
}

int verb_list_transfers(Ctl *c, char **operands, Failure *f) {
        static const char *const headers[] = { "ID", "TYPE", "REFERENCE", "STATE", "PROGRESS", NULL };
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *t = NULL;
        _cleanup_json_ json_object *rows = NULL;
        int r;

        if (!c->format || streq(c->format, "table")) {
                r = table_new(headers, &t);
                if (r >= 0)
                        r = for_each(c, add_table_row, t, &reply, f);
                return r < 0 ? r : table_print(t, !c->no_legend, stdout);
        }
        rows = json_object_new_array();
        if (!rows)
                return -ENOMEM;
        r = for_each(c, add_json_row, rows, &reply, f);
        if (r < 0)
                return r;
        return ctl_template(c) ? output_template(rows, ctl_template(c), !c->no_legend, f)
                               : output_json(rows, f);
}

typedef struct Wanted {
        uint32_t id;
        char *path;
} Wanted;

static int find_id(const TransferInfo *info, void *userdata) {
        Wanted *wanted = userdata;
        int r;

        if (info->id != wanted->id)
                return 0;
        r = string_set(&wanted->path, info->path);
        return r < 0 ? r : 1;
}

static int cancel(Ctl *c, const char *word, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *list = NULL;
        Wanted wanted = {};
        int r;

        if (parse_u32(word, &wanted.id) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' is not the id of a transfer; see creelctl list-transfers", word);
        r = for_each(c, find_id, &wanted, &list, f);
        if (r == 0)
                r = failure_set(f, FAILURE_NO_SUCH_TRANSFER,
                                "there is no transfer %s; see creelctl list-transfers", word);
        if (r > 0)
                r = client_call(c, wanted.path, CREEL_TRANSFER, "Cancel", NULL, f, NULL);
        free(wanted.path);
        return r;
}

int verb_cancel_transfer(Ctl *c, char **operands, Failure *f) {
        int status = 0, r;

        for (char **word = operands; *word; word++) {
                r = cancel(c, *word, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
                else
                        (void) printf("%s\n", *word);
        }
        return status;
}
