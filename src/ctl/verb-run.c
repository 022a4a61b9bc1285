/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/create.h"
#include "ctl/object.h"
#include "ctl/run.h"
#include "ctl/session.h"

static char **arg_attach;
static bool arg_detach, arg_sig_proxy = true;
static const char *arg_detach_keys;

static int set_create_option(const Option *option, const char *text, Failure *f) {
        const Option *o = option->value;

        return o->set(o, text, f);
}

/* The options of create, and those that only make sense for something that runs. */
const Option run_options[] = {
        { "attach", 'a', "STREAM", "Connect only stdin, stdout or stderr", option_set_strv, &arg_attach },
        { "detach", 'd', NULL, "Run in the background and print the id", option_set_flag, &arg_detach },
        { "detach-keys", 0, "KEYS", "What leaves the container alone (default: ctrl-p,ctrl-q)",
          option_set_string, &arg_detach_keys },
        { "sig-proxy", 0, NULL, "Pass signals on to the command (default: true)", option_set_flag,
          &arg_sig_proxy },
        { "env-file", 0, "FILE", "Set the environment variables that a file lists", set_create_option,
          (void *) &create_options[0] },
        { "pull", 0, "POLICY", "Pull the image: always, missing, newer or never (default: missing)",
          set_create_option, (void *) &create_options[1] },
        { "cidfile", 0, "FILE", "Write the container's id to this new file", set_create_option,
          (void *) &create_options[2] },
        { "rootfs", 0, NULL, "What stands in the place of the image is a directory", set_create_option,
          (void *) &create_options[3] },
        { "link-journal=try-guest", 'j', NULL, NULL, set_create_option, (void *) &create_options[4] },
        { "label-file", 0, "FILE", "Set the labels that a file lists", set_create_option,
          (void *) &create_options[5] },
        { "replace", 0, NULL, "Remove the container that has this name first", set_create_option,
          (void *) &create_options[6] },
        {},
};

/* CreateContainer, or RunContainer without stdio: both answer with the id. */
static int call_and_print_id(Ctl *c, const char *member, const char *image, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *id;
        int r;

        r = create_new_call(c, member, image, &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return client_failure(NULL, r, f);
        r = client_send(c, m, &reply, f);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "so", &id, NULL);
        if (r < 0)
                return client_failure(NULL, r, f);
        create_write_cidfile(id);
        (void) printf("%s\n", id);
        return 0;
}

static int attempt_create(Ctl *c, const char *image, Failure *f) {
        return call_and_print_id(c, "CreateContainer", image, f);
}

static int attempt_detached(Ctl *c, const char *image, Failure *f) {
        return call_and_print_id(c, "RunContainer", image, f);
}

static void on_started(const char *id, void *userdata) {
        create_write_cidfile(id);
}

/* What --attach leaves out. */
static int streams_left_out(unsigned *ret, Failure *f) {
        static const struct {
                const char *name;
                unsigned flag;
        } streams[] = { { "stdin", SESSION_STDIN },
                        { "stdout", SESSION_STDOUT },
                        { "stderr", SESSION_STDERR } };
        unsigned wanted = 0;

        STRV_FOREACH (word, arg_attach) {
                unsigned flag = 0;

                for (size_t i = 0; i < ELEMENTSOF(streams); i++)
                        if (strcasecmp(*word, streams[i].name) == 0)
                                flag = streams[i].flag;
                if (flag == 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--attach' has '%s': must be stdin, stdout or stderr",
                                           *word);
                wanted |= flag;
        }
        *ret = arg_attach ? ~wanted & (SESSION_STDIN | SESSION_STDOUT | SESSION_STDERR) : 0;
        return 0;
}

static int attempt_foreground(Ctl *c, const char *image, Failure *f) {
        SessionOptions options = { .tty = create_spec.tty,
                                         .interactive = create_spec.interactive,
                                         .sig_proxy = arg_sig_proxy,
                                         .detach_keys = arg_detach_keys,
                                         .started = on_started };
        _cleanup_(session_freep) Session *s = NULL;
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        int r;

        r = streams_left_out(&options.left_out, f);
        if (r >= 0)
                r = session_new(c, &options, &s, f);
        if (r >= 0)
                r = create_new_call(c, "RunContainer", image, &m, f);
        if (r < 0)
                return r;
        r = session_append(s, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? client_failure(NULL, r, f) : session_run(s, TAKE_PTR(m), NULL, f);
}

static int create_or_run(Ctl *c, char **operands, int (*attempt)(Ctl *c, const char *image, Failure *f),
                         Failure *f) {
        int r;

        r = create_prepare(operands, f);
        if (r >= 0)
                r = create_claim_cidfile(f);
        if (r >= 0)
                r = create_with_image(c, create_image, attempt, f);
        create_drop_cidfile();
        return r;
}

int verb_create(Ctl *c, char **operands, Failure *f) {
        return create_or_run(c, operands, attempt_create, f);
}

int verb_run(Ctl *c, char **operands, Failure *f) {
        if (arg_detach && arg_attach)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "options '--attach' and '--detach' contradict each other; leave one out");
        return create_or_run(c, operands, arg_detach ? attempt_detached : attempt_foreground, f);
}

int run_attached_start(Ctl *c, const char *name, const SessionOptions *options, Failure *f) {
        _cleanup_(container_info_freep) ContainerInfo *info = NULL;
        _cleanup_(session_freep) Session *s = NULL;
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_find_container(c, name, &path, f);
        if (r >= 0)
                r = container_info_get(c, path, &info, f);
        if (r >= 0 && streq_ptr(info->state, "running"))
                return run_attach(c, path, info, options, f);
        if (r >= 0)
                r = session_new(c,
                                &(SessionOptions){ .tty = info->tty,
                                                   .interactive = options->interactive,
                                                   .sig_proxy = options->sig_proxy,
                                                   .detach_keys = options->detach_keys },
                                &s, f);
        if (r >= 0)
                r = client_new_call(c, path, CREEL_CONTAINER, "Start", &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = session_append(s, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? client_failure(NULL, r, f) : session_run(s, TAKE_PTR(m), path, f);
}
