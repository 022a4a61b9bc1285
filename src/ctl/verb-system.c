/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "bus/container-options.h"
#include "ctl/each.h"
#include "ctl/system.h"
#include "spec/container-spec.h"
#include "spec/root-source.h"

static int append_nothing(sd_bus_message *m) {
        return 0;
}

int verb_poweroff(Ctl *c, char **operands, Failure *f) {
        return each_container(c, operands, &(EachMethod){ .member = "PowerOff", .append = append_nothing },
                              f);
}

int verb_reboot(Ctl *c, char **operands, Failure *f) {
        return each_container(c, operands, &(EachMethod){ .member = "Reboot", .append = append_nothing }, f);
}

static int fill_spec(ContainerSpec *spec, const char *name) {
        static const char *const values[][2] = {
                { "name", NULL },
                { "directory", NULL },
                { "boot", "true" },
                { "link-journal", "try-guest" },
        };
        const char *hint;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(values) && r >= 0; i++)
                r = container_spec_set_text(spec, container_spec_find(values[i][0]), values[i][1] ?: name,
                                            &hint);
        return r;
}

int system_boot_tree(Ctl *c, const char *name, Failure *f) {
        _cleanup_(container_spec_freep) ContainerSpec *spec = NULL;
        _cleanup_bus_message_ sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_(root_source_done) RootSource source = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_failure_ Failure own = {};
        const char *hint;
        int r;

        r = client_find_container(c, name, &path, &own);
        if (r >= 0 || own.kind != FAILURE_NO_SUCH_CONTAINER)
                return 0; /* whoever starts it will say what is wrong */
        if (root_source_parse_directory(name, &source, &hint) < 0 || *source.path == '/')
                return 0;
        spec = new0(ContainerSpec, 1);
        if (!spec || fill_spec(spec, name) < 0)
                return 0;
        r = client_new_call(c, CREEL_BUS_PATH, CREEL_MANAGER, "RunContainer", &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", "");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = container_options_append(m, spec);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return client_failure(NULL, r, f);
        failure_done(&own);
        r = client_send(c, m, &reply, &own);
        if (r < 0 && own.kind != FAILURE_NO_SUCH_IMAGE) {
                *f = own;
                own = (Failure){};
                return r;
        }
        return 0;
}
