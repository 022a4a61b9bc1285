/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Container.Exec and Container.Attach: who wants to be inside. */

#include <fcntl.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/error.h"
#include "engine/exec.h"
#include "engine/supervisor.h"
#include "manager/manager.h"

/* A call of Exec under way: its answer is due when the command executes. */
typedef struct ExecCall {
        sd_bus_message *call; /* NULL: it is answered */
        char **argv, **env;
        ExecParameters parameters;
} ExecCall;

static ExecCall *exec_call_free(ExecCall *c) {
        if (!c)
                return NULL;
        job_fds_close(&c->parameters.fds);
        strv_free(c->argv);
        strv_free(c->env);
        sd_bus_message_unref(c->call);
        return mfree(c);
}
DEFINE_CLEANUP(ExecCall, exec_call_free)

static int read_string(sd_bus_message *m, const char *key, const char **slot, Failure *f) {
        if (sd_bus_message_read(m, "v", "s", slot) < 0 || isempty(*slot))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: must be a string (s)", key);
        return 1;
}

static int read_boolean(sd_bus_message *m, const char *key, bool *slot, Failure *f) {
        int flag;

        if (sd_bus_message_read(m, "v", "b", &flag) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: must be a boolean (b)", key);
        *slot = flag;
        return 1;
}

static int read_env(sd_bus_message *m, const char *key, ExecCall *c, Failure *f) {
        int r;

        if (c->env)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: given twice", key);
        r = sd_bus_message_enter_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &c->env);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: must be a list of strings (as)",
                                   key);
        STRV_FOREACH(i, c->env)
                if (**i == '=' || !strchr(*i, '='))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option %s: has '%s', which is not NAME=VALUE", key, *i);
        c->parameters.env = c->env;
        return 1;
}

static int read_start_option(sd_bus_message *m, const char *key, ExecParameters *p, Failure *f) {
        JobParameters job = { .fds = p->fds,
                              .console_rows = p->console_rows,
                              .console_columns = p->console_columns };
        int r;

        /* A service manager talks to the first process alone. */
        if (streq(key, "notify") || startswith(key, "listen-"))
                return 0;
        r = container_dbus_read_start_option(m, key, &job, f);
        p->fds = job.fds;
        p->console_rows = job.console_rows;
        p->console_columns = job.console_columns;
        return r;
}

static int read_option(sd_bus_message *m, const char *key, ExecCall *c, Failure *f) {
        ExecParameters *p = &c->parameters;
        const struct {
                const char *key;
                bool *flag;
        } flags[] = {
                { "tty", &p->tty },
                { "privileged", &p->privileged },
                { "shell", &p->shell },
                { "login", &p->login },
        };

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (streq(key, flags[i].key))
                        return read_boolean(m, key, flags[i].flag, f);
        if (streq(key, "user"))
                return read_string(m, key, &p->user, f);
        if (streq(key, "workdir")) {
                int r = read_string(m, key, &p->workdir, f);

                return r >= 0 && *p->workdir != '/' ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                                  "option %s: must be an absolute path "
                                                                  "inside the container",
                                                                  key)
                                                    : r;
        }
        if (streq(key, "env"))
                return read_env(m, key, c, f);
        return read_start_option(m, key, p, f);
}

static int read_call(ExecCall *c, Failure *f) {
        sd_bus_message *m = c->call;
        const char *key;
        int r;

        r = sd_bus_message_read_strv(m, &c->argv);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = read_option(m, key, c, f);
                if (r == 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: no such option", key);
                if (r > 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r < 0)
                return r;
        c->parameters.argv = c->argv;
        if ((c->parameters.shell || c->parameters.login) && c->argv && c->argv[0])
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "options shell and login: take no command");
        if (c->parameters.shell && c->parameters.login)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "options shell and login: not both");
        if (c->parameters.tty && c->parameters.fds.session < 0 && c->parameters.fds.stdio[0] >= 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option tty: needs a session socket");
        return 0;
}

static void on_started(ExecSession *e, void *userdata) {
        ExecCall *c = userdata;

        (void) sd_bus_reply_method_return(c->call, "s", exec_id(e));
        c->call = sd_bus_message_unref(c->call);
}

static void on_done(ExecSession *e, int status, const Failure *f, void *userdata) {
        _cleanup_(exec_call_freep) ExecCall *c = userdata;

        if (c->call)
                (void) bus_reply_failure(c->call, f);
}

int method_exec(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(exec_call_freep) ExecCall *e = NULL;
        _cleanup_failure_ Failure f = {};
        Container *c;
        int r;

        r = container_dbus_authorize(userdata, call, "org.creel1.exec", "exec", method_exec, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        e = new0(ExecCall, 1);
        if (!e)
                return -ENOMEM;
        e->call = sd_bus_message_ref(call);
        e->parameters = (ExecParameters){ .fds = JOB_FDS_NONE, .started = on_started };
        r = read_call(e, &f);
        if (r >= 0) {
                ExecParameters p = e->parameters;

                e->parameters.fds = JOB_FDS_NONE;
                r = exec_start(c, &p, on_done, e, NULL, &f);
        }
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        (void) TAKE_PTR(e);
        return 1;
}

static int read_output(sd_bus_message *m, const char *key, int *slot, Failure *f) {
        struct stat st;
        int fd;

        if (sd_bus_message_read(m, "v", "h", &fd) < 0 || *slot >= 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option %s: must be a file descriptor (h), once", key);
        /* The supervisor must never wait for a single client, so it makes them non-blocking, which would be
         * felt by others who have the same terminal. */
        if (fstat(fd, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISREG(st.st_mode)))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option %s: must be a pipe, a socket or a file", key);
        *slot = fd;
        return 1;
}

static int read_attach_option(sd_bus_message *m, const char *key, AttachParameters *p, Failure *f) {
        if (streq(key, "stdin"))
                return read_boolean(m, key, &p->wants_stdin, f);
        if (streq(key, "stdout"))
                return read_output(m, key, &p->stdout_fd, f);
        if (streq(key, "stderr"))
                return read_output(m, key, &p->stderr_fd, f);
        if (!streq(key, "session"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: no such option", key);
        if (sd_bus_message_read(m, "v", "h", &p->session_fd) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: must be a file descriptor (h)",
                                   key);
        return 1;
}

static int read_attach_options(sd_bus_message *m, AttachParameters *p, Failure *f) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = read_attach_option(m, key, p, f);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0 && p->session_fd < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option session: is needed to attach");
        return r;
}

int method_attach(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        AttachParameters p = { -EBADF, -EBADF, -EBADF, false };
        _cleanup_failure_ Failure f = {};
        Container *c;
        int r;

        r = container_dbus_authorize(userdata, call, "org.creel1.exec", "attach", method_attach, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read_attach_options(call, &p, &f);
        if (r >= 0 && (c->state != CONTAINER_RUNNING || !c->supervisor))
                r = failure_set(&f, FAILURE_INVALID_STATE,
                                "%s: the container is %s; one can attach to those that run", c->record->name,
                                container_state_to_string(c->state));
        if (r >= 0)
                r = supervisor_attach(c->supervisor, &p, container_dbus_reply, call, &f);
        if (r >= 0) {
                (void) sd_bus_message_ref(call); /* container_dbus_reply() drops it */
                return 1;
        }
        return f.text ? bus_error_set_failure(error, &f) : r;
}
