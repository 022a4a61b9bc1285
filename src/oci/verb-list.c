/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/oci.h"
#include "runtime/user.h"
#include "spec/json.h"

/* As runc prints it: columns of at least twelve, three between them. */
#define WIDTH_MIN 12
#define GAP 3

enum { COLUMN_ID, COLUMN_PID, COLUMN_STATUS, COLUMN_BUNDLE, COLUMN_CREATED, COLUMN_OWNER, _COLUMN_MAX };

typedef struct Row {
        char *cells[_COLUMN_MAX];
} Row;

static const char *arg_format = "table";
static bool arg_quiet;

const Option list_options[] = {
        { "format", 'f', "FORMAT", "table or json", option_set_string, &arg_format },
        { "quiet", 'q', NULL, "Only the identifiers", option_set_flag, &arg_quiet },
        {},
};

/* Without NSS: this program is static, and its users need not be known to anybody. */
static int find_owner(uint32_t uid, char **ret) {
        _cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(user_done) User u = { .uid = uid };

        if (root_fd >= 0 && user_describe(root_fd, &u) >= 0 && u.name) {
                *ret = TAKE_PTR(u.name);
                return 0;
        }
        return string_format(ret, "#%u", uid);
}

static pid_t living_pid(const OciContainer *c, OciStatus status) {
        return status == OCI_STOPPED || status == OCI_CREATING ? 0 : c->pid;
}

static void row_done(Row *row) {
        for (size_t i = 0; i < _COLUMN_MAX; i++)
                row->cells[i] = mfree(row->cells[i]);
}

static int row_fill(Row *row, const OciContainer *c) {
        OciStatus status = oci_container_status(c);
        char created[32];
        int r;

        r = string_set(row->cells + COLUMN_ID, c->id);
        if (r >= 0)
                r = string_format(row->cells + COLUMN_PID, "%d", living_pid(c, status));
        if (r >= 0)
                r = string_set(row->cells + COLUMN_STATUS, oci_status_to_string(status));
        if (r >= 0)
                r = string_set(row->cells + COLUMN_BUNDLE, strempty(c->bundle));
        if (r >= 0)
                r = string_set(row->cells + COLUMN_CREATED,
                               clock_format_rfc3339(created, sizeof(created), c->created_usec));
        return r < 0 ? r : find_owner(c->owner, row->cells + COLUMN_OWNER);
}

static void print_rows(const Row *rows, size_t n) {
        size_t widths[_COLUMN_MAX];

        for (size_t k = 0; k < _COLUMN_MAX; k++) {
                widths[k] = WIDTH_MIN;
                for (size_t i = 0; i < n; i++)
                        widths[k] = MAX(widths[k], strlen(rows[i].cells[k]) + GAP);
        }
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k + 1 < _COLUMN_MAX; k++)
                        (void) printf("%-*s", (int) widths[k], rows[i].cells[k]);
                (void) printf("%s\n", rows[i].cells[_COLUMN_MAX - 1]);
        }
}

static int print_table(OciContainer *const *containers, size_t n) {
        _cleanup_free_ Row *rows = new0(Row, n + 1);
        static const char *const titles[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
        int r = rows ? 0 : -ENOMEM;

        static_assert(ELEMENTSOF(titles) == _COLUMN_MAX, "titles is not full");
        for (size_t k = 0; k < _COLUMN_MAX && r >= 0; k++)
                r = string_set(rows[0].cells + k, titles[k]);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = row_fill(rows + 1 + i, containers[i]);
        if (r >= 0)
                print_rows(rows, n + 1);
        for (size_t i = 0; rows && i <= n; i++)
                row_done(rows + i);
        return r;
}

static int describe(const OciContainer *c, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_(row_done) Row row = {};
        int r;

        r = o ? row_fill(&row, c) : -ENOMEM;
        if (r >= 0)
                r = json_add_string(o, "ociVersion", strempty(c->oci_version));
        if (r >= 0)
                r = json_add_string(o, "id", c->id);
        if (r >= 0)
                r = json_add_u64(o, "pid", (uint64_t) living_pid(c, oci_container_status(c)));
        if (r >= 0)
                r = json_add_string(o, "status", row.cells[COLUMN_STATUS]);
        if (r >= 0)
                r = json_add_string(o, "bundle", strempty(c->bundle));
        if (r >= 0)
                r = json_add_string(o, "rootfs", strempty(c->rootfs));
        if (r >= 0)
                r = json_add_string(o, "created", row.cells[COLUMN_CREATED]);
        if (r >= 0 && c->annotations)
                r = json_add_string_map(o, "annotations", c->annotations);
        if (r >= 0)
                r = json_add_string(o, "owner", row.cells[COLUMN_OWNER]);
        if (r >= 0)
                *ret = TAKE_PTR(o);
        return r;
}

static int print_json(OciContainer *const *containers, size_t n) {
        _cleanup_json_ json_object *list = json_object_new_array();
        _cleanup_free_ char *text = NULL;
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < n && r >= 0; i++) {
                json_object *o = NULL;

                r = describe(containers[i], &o);
                if (r >= 0 && json_object_array_add(list, o) < 0) {
                        json_object_put(o);
                        r = -ENOMEM;
                }
        }
        if (r >= 0)
                r = json_format(list, false, &text);
        if (r >= 0)
                (void) printf("%s\n", text);
        return r;
}

/* What cannot be read is told, and left out. */
static int open_all(const Oci *oci, char *const *ids, OciContainer **containers, size_t *n) {
        STRV_FOREACH(id, ids) {
                _cleanup_failure_ Failure f = {};
                int r;

                r = oci_container_open(&oci->root, *id, false, containers + *n, &f);
                if (r == -ENOMEM && !f.text)
                        return r;
                if (r >= 0)
                        (*n)++;
                else if (f.kind != FAILURE_NO_SUCH_CONTAINER)
                        log_warning("%s", strempty(f.text));
        }
        return 0;
}

static int print(OciContainer *const *containers, size_t n, bool json) {
        if (!arg_quiet)
                return json ? print_json(containers, n) : print_table(containers, n);
        for (size_t i = 0; i < n; i++)
                (void) printf("%s\n", containers[i]->id);
        return 0;
}

int verb_list(const Oci *oci, char **operands, Failure *f) {
        _cleanup_free_ OciContainer **containers = NULL;
        _cleanup_strv_free_ char **ids = NULL;
        bool json = streq(arg_format, "json");
        size_t n = 0;
        int r;

        if (!json && !streq(arg_format, "table"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "--format is '%s': must be table or json",
                                   arg_format);
        r = oci_container_list(&oci->root, &ids, f);
        if (r < 0)
                return r;
        containers = new0(OciContainer *, strv_length(ids));
        r = containers ? open_all(oci, ids, containers, &n) : -ENOMEM;
        if (r >= 0)
                r = print(containers, n, json);
        for (size_t i = 0; i < n; i++)
                (void) oci_container_free(containers[i]);
        return r;
}
