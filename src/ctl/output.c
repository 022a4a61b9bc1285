/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "ctl/template.h"
#include "spec/json.h"

int output_json(json_object *value, Failure *f) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_format(value, true, &text);
        if (r < 0)
                return r;
        (void) printf("%s\n", text);
        return 0;
}

/* The columns of "table ...": what stands between tabs, which may be written as in C. */
static int split_columns(const char *s, char ***ret) {
        _cleanup_strv_free_ char **l = NULL;

        for (;;) {
                const char *end = strchr(s, '\t'), *escaped = strstr(s, "\\t");
                size_t skip = escaped && (!end || escaped < end) ? 2 : 1;
                char *column;
                int r;

                end = skip == 2 ? escaped : end;
                column = end ? strndup(s, (size_t) (end - s)) : strdup(s);
                r = column ? strv_consume(&l, column) : -ENOMEM;
                if (r < 0)
                        return r;
                if (!end)
                        break;
                s = end + skip;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

/* "{{.CreatedAt}}" is called "CREATED AT", "{{.Outer.ID}}" "ID". */
static char *column_title(const char *column) {
        const char *action = strstr(column, "{{") ?: column, *end = action + strcspn(action, "}");
        const char *dot = memrchr(action, '.', (size_t) (end - action)), *p = dot ? dot + 1 : action;
        char *title = new0(char, 2 * strlen(p) + 1), *to = title;

        for (const char *c = p; title && c < end && strchr(ALPHANUMERIC, *c); c++) {
                if (c > p && strchr(UPPERCASE, *c) && strchr(LOWERCASE, c[-1]))
                        *to++ = ' ';
                *to++ = strchr(LOWERCASE, *c) ? (char) (*c - 'a' + 'A') : *c;
        }
        return title;
}

static int print_columns(json_object *rows, const char *template, bool legend, Failure *f) {
        _cleanup_strv_free_ char **columns = NULL, **titles = NULL;
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = split_columns(template, &columns);
        STRV_FOREACH(i, columns)
                if (r >= 0) {
                        char *title = column_title(*i);

                        r = title ? strv_consume(&titles, title) : -ENOMEM;
                }
        if (r >= 0)
                r = table_new((const char *const *) titles, &t);
        for (size_t i = 0; i < json_object_array_length(rows) && r >= 0; i++)
                STRV_FOREACH(k, columns) {
                        _cleanup_free_ char *cell = NULL;

                        r = r < 0 ? r : template_render(*k, json_object_array_get_idx(rows, i), &cell, f);
                        if (r >= 0)
                                r = table_add(t, cell);
                }
        return r < 0 ? r : table_print(t, legend, stdout);
}

int output_template(json_object *rows, const char *template, bool legend, Failure *f) {
        const char *columns = startswith(template, "table ");

        if (columns)
                return print_columns(rows, columns + strspn(columns, " "), legend, f);
        for (size_t i = 0; i < json_object_array_length(rows); i++) {
                _cleanup_free_ char *text = NULL;
                int r;

                r = template_render(template, json_object_array_get_idx(rows, i), &text, f);
                if (r < 0)
                        return r;
                (void) printf("%s\n", text);
        }
        return 0;
}

int output_add_time(json_object *o, const char *key, uint64_t usec) {
        char buf[40];

        return json_add_string(o, key,
                               usec == 0 ? "0001-01-01T00:00:00Z"
                                         : clock_format_rfc3339(buf, sizeof(buf), usec));
}
