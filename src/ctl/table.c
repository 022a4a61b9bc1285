/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/table.h"

#define COLUMN_GAP 3

struct Table {
        const char *const *headers;
        size_t n_columns;
        char **cells;
        size_t n_cells, n_allocated;
};

int table_new(const char *const *headers, Table **ret) {
        Table *t = new0(Table, 1);

        if (!t)
                return -ENOMEM;
        t->headers = headers;
        while (headers[t->n_columns])
                t->n_columns++;
        *ret = t;
        return 0;
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i]);
        free(t->cells);
        return mfree(t);
}

static int table_consume(Table *t, char *cell) {
        if (!cell)
                return -ENOMEM;
        if (!GREEDY_REALLOC(t->cells, t->n_allocated, t->n_cells + 1)) {
                free(cell);
                return -ENOMEM;
        }
        for (char *p = cell; *p; p++)
                if ((unsigned char) *p < ' ' || *p == 127)
                        *p = '?';
        t->cells[t->n_cells++] = cell;
        return 0;
}

int table_add(Table *t, const char *cell) {
        return table_consume(t, strdup(strempty(cell)));
}

int table_addf(Table *t, const char *format, ...) {
        va_list ap;
        char *s;
        int n;

        va_start(ap, format);
        n = vasprintf(&s, format, ap);
        va_end(ap);
        return n < 0 ? -ENOMEM : table_consume(t, s);
}

size_t table_text_width(const char *s) {
        size_t n = 0;

        for (; *s; s++)
                n += (*s & 0xc0) != 0x80;
        return n;
}

static void print_row(const Table *t, const size_t *widths, const char *const *cells, FILE *out) {
        for (size_t i = 0; i < t->n_columns; i++) {
                bool last = i + 1 == t->n_columns;

                (void) fprintf(out, "%s%*s", cells[i],
                               last ? 0 : (int) (widths[i] - table_text_width(cells[i]) + COLUMN_GAP), "");
        }
        (void) fputc('\n', out);
}

int table_print(const Table *t, bool legend, FILE *out) {
        _cleanup_free_ size_t *widths = new0(size_t, t->n_columns);

        if (!widths)
                return -ENOMEM;
        assert(t->n_cells % t->n_columns == 0);

        for (size_t i = 0; legend && i < t->n_columns; i++)
                widths[i] = table_text_width(t->headers[i]);
        for (size_t i = 0; i < t->n_cells; i++)
                widths[i % t->n_columns] = MAX(widths[i % t->n_columns], table_text_width(t->cells[i]));

        if (legend)
                print_row(t, widths, t->headers, out);
        for (size_t i = 0; i < t->n_cells; i += t->n_columns)
                print_row(t, widths, (const char *const *) t->cells + i, out);
        return 0;
}
