/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/log.h"
#include "basic/str.h"
#include "basic/trace.h"
#include "ctl/ctl.h"

/* "-h" is a global option, but the host name of run and create. */
static const Option short_help_options[] = {
        { "help", 'h', NULL, NULL, option_set_flag, &ctl.help },
        {},
};

static int run_verb(const Verb *verb, char **argv, Failure *f) {
        const Option *tables[] = { verb->options, verb->more_options ? verb->more_options() : ctl_options,
                                   ctl_options, short_help_options, NULL };
        int n;

        n = option_parse(tables, verb->order, verb->name, argv, f);
        if (n < 0)
                return n;
        if (ctl.version)
                return verb_version(&ctl, NULL, f);
        if (ctl.help)
                return verb_help(&ctl, (char *[]){ (char *) verb->name, NULL }, f);
        if (n < verb->n_min)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "'%s' needs %s; see creelctl %s --help",
                                   verb->name, verb->operands, verb->name);
        if (verb->n_max >= 0 && n > verb->n_max)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' has one operand too many: '%s'; see creelctl %s --help", verb->name,
                                   argv[verb->n_max], verb->name);
        return verb->run(&ctl, argv, f);
}

static int run(char **argv, Failure *f) {
        const Verb *verb;
        int n;

        n = option_parse((const Option *const[]){ ctl_options, short_help_options, NULL }, OPTIONS_FIRST,
                         NULL, argv, f);
        if (n < 0)
                return n;
        if (ctl.version)
                return verb_version(&ctl, NULL, f);
        if (ctl.help)
                return verb_help(&ctl, n > 0 ? (char *[]){ argv[0], NULL } : (char *[]){ NULL }, f);
        if (n == 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "what shall be done? See creelctl --help");
        verb = verb_find(argv[0]);
        if (!verb)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "unknown verb '%s'; see creelctl --help",
                                   argv[0]);
        return run_verb(verb, argv + 1, f);
}

int main(int argc, char *argv[]) {
        _cleanup_failure_ Failure f = {};
        int r;

        log_setup("creelctl", LOG_WARNING);
        trace_setup("creelctl");
        trace("main");
        r = argc > 0 ? run(argv + 1, &f) : -EINVAL;
        if (r < 0)
                r = ctl_report(&f, r);
        /* Output that could not be written is an error, but "| head" is not. */
        if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && r == 0) {
                (void) failure_set_errno(&f, FAILURE_SYSTEM, errno, "cannot write the output");
                r = ctl_report(&f, -EIO);
        }
        if (ctl.bus)
                (void) sd_bus_close_unref(ctl.bus);
        trace("end");
        return r;
}
