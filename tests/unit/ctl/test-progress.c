/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/progress.h"
#include "ctl/table.h"
#include "test.h"

#define HEX "sha256:0123456789abcdef"

typedef struct Screen {
        FILE *out;
        char *text;
        size_t size;
} Screen;

static Progress *start(Screen *s, unsigned columns, unsigned rows) {
        Progress *p;

        s->out = open_memstream(&s->text, &s->size);
        assert_int_equal(progress_new(s->out, "reg/x:1", columns, rows, &p), 0);
        return p;
}

static void end(Screen *s, Progress *p) {
        (void) progress_free(p);
        (void) fclose(s->out);
        free(s->text);
}

static void test_lines(void **state) {
        Screen s = {};
        Progress *p = start(&s, 0, 0);

        progress_set_state(p, "resolving");
        progress_draw(p);
        progress_set_state(p, "fetching");
        assert_int_equal(progress_set_layer(p, 0, HEX, "waiting", 0, 10, 1), 0);
        progress_draw(p);
        assert_int_equal(progress_set_layer(p, 0, HEX, "fetching", 5, 10, 2), 0);
        progress_draw(p);
        progress_draw(p);
        assert_int_equal(progress_set_layer(p, 0, HEX, "done", 10, 10, 3), 0);
        progress_draw(p);
        assert_string_equal(s.text, "reg/x:1: resolving\nreg/x:1: fetching\n0123456789ab: "
                                    "fetching\n0123456789ab: done\n");
        end(&s, p);
}

/* The part of the output behind the last redraw, without what moves the cursor, must fit the columns. */
static void check_width(const Screen *s, unsigned columns) {
        _cleanup_free_ char *copy = strdup(s->text);
        char *rest = copy, *line;

        while ((line = strsep(&rest, "\n"))) {
                char *k = strstr(line, "\033[K");

                if (k)
                        assert_true(table_text_width(k + 3) < columns);
        }
}

static void test_bars(void **state) {
        for (unsigned columns = 20; columns <= 300; columns += 20) {
                Screen s = {};
                Progress *p = start(&s, columns, 24);

                progress_set_state(p, "fetching");
                assert_int_equal(progress_set_layer(p, 0, HEX, "fetching", 0, 100000000, USEC_PER_SEC), 0);
                assert_int_equal(progress_set_layer(p, 1, HEX, "present", 0, 500, USEC_PER_SEC), 0);
                progress_draw(p);
                assert_int_equal(progress_set_layer(p, 0, HEX, "fetching", 50000000, 100000000,
                                                    2 * USEC_PER_SEC),
                                 0);
                progress_draw(p);
                check_width(&s, columns);
                assert_non_null(strstr(s.text, "\033[3A"));
                if (columns >= 100) {
                        assert_non_null(strstr(s.text, "reg/x:1: fetching, 50%"));
                        assert_non_null(strstr(s.text, "=>"));
                        assert_non_null(strstr(s.text, "50MB/100MB  50MB/s"));
                }
                end(&s, p);
        }
}

static void test_many_layers(void **state) {
        Screen s = {};
        Progress *p = start(&s, 80, 10);
        const char *last;
        unsigned lines = 0;

        for (size_t i = 0; i < 30; i++)
                assert_int_equal(progress_set_layer(p, i, HEX, i < 10 ? "done" : "fetching", 0, 10, 1), 0);
        progress_draw(p);
        last = s.text;
        for (const char *c = last; *c; c++)
                lines += *c == '\n';
        assert_true(lines < 10);
        assert_non_null(strstr(last, "more layers"));
        assert_int_equal(progress_set_layer(p, PROGRESS_LAYERS_MAX, HEX, "done", 0, 0, 0), -E2BIG);
        end(&s, p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_bars),
                cmocka_unit_test(test_many_layers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
