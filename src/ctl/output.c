/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "ctl/output.h"
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

int output_template(json_object *rows, const char *template, Failure *f) {
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
