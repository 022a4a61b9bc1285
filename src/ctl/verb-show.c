/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/client.h"

static char **arg_properties;
static bool arg_value;

const Option show_options[] = {
        { "property", 'p', "NAME", "Only this property; may be given more than once", option_set_strv,
          &arg_properties },
        { "value", 0, NULL, "Only the values", option_set_flag, &arg_value },
        {},
};

/* A property's value in one line, as systemctl and machinectl show it. */
static int print_value(sd_bus_message *m, const char *contents) {
        const char *separator = "", *key, *s;
        union {
                int b;
                int32_t i;
                uint32_t u;
                uint64_t t;
        } v;
        int r;

        switch (*contents) {
        case 's':
                r = sd_bus_message_read_basic(m, 's', &s);
                if (r >= 0)
                        (void) fputs(s, stdout);
                return r;
        case 'b':
                r = sd_bus_message_read_basic(m, 'b', &v.b);
                if (r >= 0)
                        (void) fputs(v.b ? "yes" : "no", stdout);
                return r;
        case 'i':
                r = sd_bus_message_read_basic(m, 'i', &v.i);
                if (r >= 0)
                        (void) printf("%" PRId32, v.i);
                return r;
        case 'u':
                r = sd_bus_message_read_basic(m, 'u', &v.u);
                if (r >= 0)
                        (void) printf("%" PRIu32, v.u);
                return r;
        case 't':
                r = sd_bus_message_read_basic(m, 't', &v.t);
                if (r >= 0)
                        (void) printf("%" PRIu64, v.t);
                return r;
        case 'a':
                r = sd_bus_message_enter_container(m, 'a', contents + 1);
                while (r >= 0 && (contents[1] == '{' ? (r = sd_bus_message_read(m, "{ss}", &key, &s))
                                                     : (r = sd_bus_message_read(m, "s", &s))) > 0) {
                        (void) printf("%s%s%s%s", separator, contents[1] == '{' ? key : "",
                                      contents[1] == '{' ? "=" : "", s);
                        separator = " ";
                }
                return r < 0 ? r : sd_bus_message_exit_container(m);
        default:
                return sd_bus_message_skip(m, contents);
        }
}

static int print_property(sd_bus_message *m) {
        const char *name, *contents;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r >= 0)
                r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        if (arg_properties && !strv_contains(arg_properties, name))
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_enter_container(m, 'v', contents);
        if (r < 0)
                return r;
        if (!arg_value)
                (void) printf("%s=", name);
        r = print_value(m, contents);
        if (r < 0)
                return r;
        (void) putchar('\n');
        return sd_bus_message_exit_container(m);
}

static int show_one(Ctl *c, const char *name, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        char *path = NULL;
        int r;

        r = client_find_container(c, name, &path, f);
        if (r >= 0)
                r = client_call(c, path, "org.freedesktop.DBus.Properties", "GetAll", &reply, f, "s",
                                CREEL_CONTAINER);
        free(path);
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = print_property(reply);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

int verb_show(Ctl *c, char **operands, Failure *f) {
        int status = 0, r;

        for (char **name = operands; *name; name++) {
                if (name != operands)
                        (void) putchar('\n');
                r = show_one(c, *name, f);
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
        }
        return status;
}
