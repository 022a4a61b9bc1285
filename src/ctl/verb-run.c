/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/create.h"
#include "ctl/object.h"
#include "ctl/passing.h"
#include "ctl/run.h"
#include "ctl/session.h"

static char **arg_attach;
static bool arg_detach, arg_sig_proxy = true;
static const char *arg_detach_keys;
static uint64_t arg_preserve_fds;
static char **arg_preserve_fd;
static Passing passing = { .notify_fd = -EBADF };

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
        { "preserve-fds", 0, "N", "Pass on so many file descriptors, from 3", option_set_count,
          &arg_preserve_fds },
        { "preserve-fd", 0, "LIST", "Pass on the file descriptors of this list", option_set_strv,
          &arg_preserve_fd },
        {},
};

static bool logs_here(void) {
        return create_spec.log_driver && startswith(create_spec.log_driver, "passthrough");
}

/* What a command in the background gets from here. */
static int append_passthrough(sd_bus_message *m) {
        return logs_here() ? sd_bus_message_append(m, "{sv}{sv}", "stdout", "h", STDOUT_FILENO, "stderr",
                                                   "h", STDERR_FILENO)
                           : 0;
}

/* --sdnotify, where there is somebody to tell. */
static bool notify_mode_is(const char *mode) {
        return passing.notify_fd >= 0 && streq(create_spec.sdnotify ?: "container", mode);
}

/* Afterwards the supervisor is what the service manager watches, and listens to. */
static int notify_main_process(Ctl *c, const char *id, const char *text, Failure *f) {
        _cleanup_(container_info_freep) ContainerInfo *info = NULL;
        _cleanup_free_ char *path = NULL, *message = NULL;
        int r;

        r = client_find_container(c, id, &path, f);
        if (r >= 0)
                r = container_info_get(c, path, &info, f);
        if (r < 0 && f->text && f->kind == FAILURE_NO_SUCH_CONTAINER) { /* ended and removed already */
                failure_done(f);
                return 0;
        }
        if (r >= 0 && info->supervisor == 0)
                return 0;
        if (r >= 0)
                r = string_format(&message, "MAINPID=%" PRIu32 "\n%s", info->supervisor, text);
        if (r >= 0)
                passing_notify(&passing, message);
        return r;
}

/* --sdnotify healthy in the background: not before a check has succeeded. */
static int notify_when_healthy(Ctl *c, const char *id, Failure *f) {
        _cleanup_(container_info_freep) ContainerInfo *info = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_find_container(c, id, &path, f);
        if (r >= 0)
                r = client_call(c, path, CREEL_CONTAINER, "Wait", NULL, f, "s", "healthy,stopped");
        if (r >= 0)
                r = container_info_get(c, path, &info, f);
        if (r < 0)
                return r;
        if (!streq_ptr(info->health, "healthy"))
                return failure_set(f, FAILURE_INVALID_STATE, "%s: the container ended before it was healthy",
                                   info->name);
        return notify_main_process(c, id, "READY=1", f);
}

static int on_healthy(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        if (!sd_bus_message_is_method_error(reply, NULL))
                passing_notify(&passing, "READY=1");
        return 0;
}

/* The same in the foreground, where we go on meanwhile. */
static void await_health(Ctl *c, const char *id) {
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        _cleanup_failure_ Failure ignored = {};
        _cleanup_free_ char *path = NULL;

        /* However long it takes: the timeout is the service's. */
        if (sd_bus_path_encode(CREEL_BUS_PATH "/container", id, &path) >= 0 &&
            client_new_call(c, path, CREEL_CONTAINER, "Wait", &m, &ignored) >= 0 &&
            sd_bus_message_append(m, "s", "healthy") >= 0)
                (void) sd_bus_call_async(c->bus, NULL, m, on_healthy, NULL, UINT64_MAX);
}

/* CreateContainer, or RunContainer without stdio: both answer with the id. */
static int call_and_print_id(Ctl *c, const char *member, const char *image, Failure *f) {
        bool run = streq(member, "RunContainer");
        _cleanup_bus_message_ sd_bus_message *m = NULL, *reply = NULL;
        const char *id;
        int r;

        r = create_new_call(c, member, image, &m, f);
        if (r < 0)
                return r;
        if (run)
                r = append_passthrough(m);
        if (r >= 0 && run)
                r = passing_append(&passing, m);
        if (r >= 0)
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
        if (run && notify_mode_is("healthy"))
                return notify_when_healthy(c, id, f);
        return run && notify_mode_is("conmon") ? notify_main_process(c, id, "READY=1", f) : 0;
}

static int attempt_create(Ctl *c, const char *image, Failure *f) {
        return call_and_print_id(c, "CreateContainer", image, f);
}

static int attempt_detached(Ctl *c, const char *image, Failure *f) {
        return call_and_print_id(c, "RunContainer", image, f);
}

static char *started_id;

/* In the foreground we are the main process, and speak for the command. */
static void tell_started(Ctl *c, const char *id) {
        char text[64];

        if (passing.notify_fd < 0)
                return;
        (void) snprintf(text, sizeof(text), "MAINPID=%d%s", getpid(),
                        notify_mode_is("conmon") ? "\nREADY=1" : "");
        passing_notify(&passing, text);
        if (notify_mode_is("healthy"))
                await_health(c, id);
}

static void on_started(const char *id, void *userdata) {
        create_write_cidfile(id);
        (void) string_set(&started_id, id);
        if (!arg_detach)
                tell_started(&ctl, id);
}

static void on_notified(const char *text, void *userdata) {
        passing_notify(&passing, text);
}

/* In the background, with a command that speaks for itself: the service manager has to know the supervisor
 * before that passes on what the command says, which it does once this session is over. */
static int attempt_speaking(Ctl *c, const char *image, Failure *f) {
        const SessionOptions options = { .sig_proxy = arg_sig_proxy,
                                         .started = on_started,
                                         .background = true };
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        _cleanup_(session_freep) Session *s = NULL;
        int r;

        r = session_new(c, &options, &s, f);
        if (r >= 0)
                r = create_new_call(c, "RunContainer", image, &m, f);
        if (r < 0)
                return r;
        r = session_append(s, m);
        if (r >= 0)
                r = append_passthrough(m);
        if (r >= 0)
                r = passing_append(&passing, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        r = r < 0 ? client_failure(NULL, r, f) : session_run(s, TAKE_PTR(m), NULL, f);
        if (r < 0)
                return r;
        (void) printf("%s\n", strempty(started_id));
        return notify_main_process(c, started_id, "", f);
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

        STRV_FOREACH(word, arg_attach) {
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
                                   .started = on_started,
                                   .notified = on_notified };
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
                r = passing_append(&passing, m);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? client_failure(NULL, r, f) : session_run(s, TAKE_PTR(m), NULL, f);
}

/* Before anything is opened that could take the numbers of what is passed on. */
static int prepare_passing(Failure *f) {
        int r;

        if (logs_here() && !endswith(create_spec.log_driver, "-tty") &&
            (isatty(STDOUT_FILENO) || isatty(STDERR_FILENO)))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--log-driver passthrough would give the command this terminal; take "
                                   "passthrough-tty if that is meant");
        r = passing_collect(arg_preserve_fds, arg_preserve_fd, &passing, f);
        if (r < 0 || streq_ptr(create_spec.sdnotify, "ignore"))
                return r;
        return passing_connect_notify(&passing, f);
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
        int r;

        if (arg_detach && arg_attach)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "options '--attach' and '--detach' contradict each other; leave one out");
        r = prepare_passing(f);
        if (r < 0)
                return r;
        if (!arg_detach)
                return create_or_run(c, operands, attempt_foreground, f);
        return create_or_run(c, operands, notify_mode_is("container") ? attempt_speaking : attempt_detached,
                             f);
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
