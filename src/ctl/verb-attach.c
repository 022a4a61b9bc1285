/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/object.h"
#include "ctl/run.h"

static bool arg_no_stdin, arg_sig_proxy = true;
static const char *arg_detach_keys;

const Option attach_options[] = {
        { "detach-keys", 0, "KEYS", "What leaves the container alone (default: ctrl-p,ctrl-q)",
          option_set_string, &arg_detach_keys },
        { "no-stdin", 0, NULL, "Leave standard input alone", option_set_flag, &arg_no_stdin },
        { "sig-proxy", 0, NULL, "Pass signals on to the command (default: true)", option_set_flag,
          &arg_sig_proxy },
        {},
};

int run_attach(Ctl *c, const char *path, const ContainerInfo *info, const SessionOptions *options,
               Failure *f) {
        _cleanup_(session_freep) Session *s = NULL;
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        SessionOptions o = *options;
        int r;

        o.tty = info->tty;
        o.attach = true;
        r = session_new(c, &o, &s, f);
        if (r >= 0)
                r = client_new_call(c, path, CREEL_CONTAINER, "Attach", &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = session_append(s, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? client_failure(NULL, r, f) : session_run(s, TAKE_PTR(m), path, f);
}

int verb_attach(Ctl *c, char **operands, Failure *f) {
        _cleanup_(container_info_freep) ContainerInfo *info = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_find_container(c, operands[0], &path, f);
        if (r >= 0)
                r = container_info_get(c, path, &info, f);
        if (r >= 0)
                r = run_attach(c, path, info,
                               &(const SessionOptions){ .interactive = !arg_no_stdin,
                                                        .sig_proxy = arg_sig_proxy,
                                                        .detach_keys = arg_detach_keys },
                               f);
        /* How the container ended is its own matter: 'creelctl wait' tells. */
        return r < 0 ? r : 0;
}
