/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "bus/container-options.h"
#include "ctl/each.h"
#include "spec/container-spec.h"

static ContainerSpec update_spec;
static bool any;

static int set_field(const Option *option, const char *text, Failure *f) {
        const SpecField *field = option->value;
        const char *hint;
        int r;

        r = container_spec_set_text(&update_spec, field, text, &hint);
        if (r == -EINVAL)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s' has '%s': %s", field->key,
                                   strempty(text), hint ?: "is not valid");
        any = true;
        return r;
}

const Option update_options[] = { {} };

const Option *update_options_table(void) {
        static Option table[SPEC_FIELDS_MAX + 1];
        size_t n = 0;

        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;

                if (field->help && container_spec_is_updatable(field))
                        table[n++] = (Option){
                                .name = field->key,
                                .letter = field->short_option,
                                .argument = field->argument,
                                .help = field->help,
                                .set = set_field,
                                .value = (void *) field,
                        };
        }
        table[n] = (Option){};
        return table;
}

static int append_update(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = container_options_append(m, &update_spec);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int verb_update(Ctl *c, char **operands, Failure *f) {
        if (!any)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'update' needs an option that says what to change; see creelctl update "
                                   "--help");
        return each_container(c, operands,
                              &(const EachMethod){ .member = "Update", .append = append_update }, f);
}
