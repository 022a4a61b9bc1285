/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/error.h"
#include "engine/compile.h"
#include "engine/exec.h"
#include "engine/health.h"
#include "engine/root.h"
#include "engine/supervisor.h"
#include "manager/manager.h"

#define PREFIX BUS_PATH "/container"
#define INTERFACE BUS_INTERFACE("Container")

int container_dbus_path(const Container *c, char **ret) {
        int r = sd_bus_path_encode(PREFIX, c->record->id, ret);

        return r < 0 ? r : 0;
}

/* Every handler starts from the path: between a question to polkit and its answer the container may have
 * gone. */
static Container *container_at(Service *s, const char *path) {
        _cleanup_free_ char *id = NULL;

        if (sd_bus_path_decode(path, PREFIX, &id) <= 0)
                return NULL;
        return hashmap_get(s->engine->containers, id);
}

static int container_of_call(Service *s, sd_bus_message *call, Container **ret, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        Container *c = container_at(s, sd_bus_message_get_path(call));

        if (!c) {
                (void) failure_set(&f, FAILURE_NO_SUCH_CONTAINER, "the container is gone");
                return bus_error_set_failure(error, &f);
        }
        *ret = c;
        return 0;
}

int container_dbus_authorize(Service *s, sd_bus_message *call, const char *action, const char *verb,
                             sd_bus_message_handler_t again, Container **ret, sd_bus_error *error) {
        const char *details[] = { "container", NULL, "verb", verb, NULL };
        int r;

        r = container_of_call(s, call, ret, error);
        if (r < 0)
                return r;
        details[1] = (*ret)->record->name;
        return polkit_check(s->polkit, call, action, details, again, s, error);
}

void container_dbus_reply(Container *c, const Failure *f, void *userdata) {
        sd_bus_message *call = userdata;

        if (f)
                (void) bus_reply_failure(call, f);
        else
                (void) sd_bus_reply_method_return(call, NULL);
        (void) sd_bus_message_unref(call);
}

static int read_fd(sd_bus_message *m, const char *key, int *slot, Failure *f) {
        int fd, copy;

        if (sd_bus_message_read(m, "v", "h", &fd) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: must be a file descriptor (h)",
                                   key);
        if (*slot >= 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: given twice", key);
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot take option %s", key);
        *slot = copy;
        return 1;
}

static int read_console_size(sd_bus_message *m, const char *key, JobParameters *p, Failure *f) {
        uint32_t rows, columns;

        if (sd_bus_message_read(m, "v", "(uu)", &rows, &columns) < 0 || rows > UINT16_MAX ||
            columns > UINT16_MAX)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option %s: must be rows and columns up to 65535 ((uu))", key);
        p->console_rows = (uint16_t) rows;
        p->console_columns = (uint16_t) columns;
        return 1;
}

int container_dbus_read_start_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f) {
        static const char *const stdio[] = { "stdin", "stdout", "stderr" };

        for (size_t i = 0; i < ELEMENTSOF(stdio); i++)
                if (streq(key, stdio[i]))
                        return read_fd(m, key, &p->fds.stdio[i], f);
        if (streq(key, "session"))
                return read_fd(m, key, &p->fds.session, f);
        if (streq(key, "console-size"))
                return read_console_size(m, key, p, f);
        return start_dbus_read_option(m, key, p, f);
}

int container_dbus_read_stop_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f) {
        const char *name;

        if (streq(key, "timeout")) {
                if (sd_bus_message_read(m, "v", "t", &p->timeout_usec) < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option timeout: must be a number of microseconds (t)");
                return 1;
        }
        if (streq(key, "signal")) {
                if (sd_bus_message_read(m, "v", "s", &name) < 0 || signal_parse(name) < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option signal: must be a signal's name or number (s)");
                p->signal = signal_parse(name);
                return 1;
        }
        return 0;
}

static int read_remove_option(sd_bus_message *m, const char *key, JobParameters *p, Failure *f) {
        int yes;

        if (streq(key, "timeout"))
                return container_dbus_read_stop_option(m, key, p, f);
        if (!streq(key, "force") && !streq(key, "volumes"))
                return 0;
        if (sd_bus_message_read(m, "v", "b", &yes) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: must be a boolean (b)", key);
        *(streq(key, "force") ? &p->force : &p->volumes) = yes;
        return 1;
}

/* Reads an a{sv} with one reader; unknown keys are errors. */
static int read_options(sd_bus_message *m, job_option_reader_t reader, JobParameters *p, Failure *f) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = reader(m, key, p, f);
                if (r == 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: no such option", key);
                if (r > 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int container_dbus_enqueue(Service *s, sd_bus_message *call, Container *c, JobType type,
                           job_option_reader_t reader, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        JobParameters p = JOB_PARAMETERS_DEFAULT;
        int r;

        r = read_options(call, reader, &p, &f);
        if (r < 0) {
                job_fds_close(&p.fds);
                return f.text ? bus_error_set_failure(error, &f) : r;
        }
        container_enqueue(c, type, &p, container_dbus_reply, sd_bus_message_ref(call));
        return 1;
}

static int method_start(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.manage-containers", "start", method_start, &c,
                                     error);
        if (r <= 0)
                return r < 0 ? r : 1;
        return container_dbus_enqueue(s, call, c, JOB_START, container_dbus_read_start_option, error);
}

static int method_stop(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.manage-containers", "stop", method_stop, &c,
                                     error);
        if (r <= 0)
                return r < 0 ? r : 1;
        return container_dbus_enqueue(s, call, c, JOB_STOP, container_dbus_read_stop_option, error);
}

static int method_remove(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.manage-containers", "remove", method_remove, &c,
                                     error);
        if (r <= 0)
                return r < 0 ? r : 1;
        return container_dbus_enqueue(s, call, c, JOB_REMOVE, read_remove_option, error);
}

static int method_kill(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        const char *whom;
        Container *c;
        int32_t signal;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.manage-containers", "kill", method_kill, &c,
                                     error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(call, "si", &whom, &signal);
        if (r < 0)
                return r;
        if (!streq(whom, "leader") && !streq(whom, "all"))
                r = failure_set(&f, FAILURE_INVALID_ARGUMENT, "%s: whom to kill must be 'leader' or 'all'",
                                whom);
        else if (signal < 1 || signal > 64)
                r = failure_set(&f, FAILURE_INVALID_ARGUMENT, "%d: not a signal, which are 1 to 64", signal);
        else
                r = container_kill(c, streq(whom, "all"), signal, &f);
        if (r >= 0)
                c->kill_signal = signal;
        return r < 0 ? bus_error_set_failure(error, &f) : sd_bus_reply_method_return(call, NULL);
}

static void on_condition(Container *c, bool holds, void *userdata) {
        Failure gone = { FAILURE_NO_SUCH_CONTAINER, (char *) "the container was removed meanwhile" };
        sd_bus_message *call = userdata;

        if (holds)
                (void) sd_bus_reply_method_return(call, "i", (int32_t) c->record->exit_code);
        else
                (void) bus_reply_failure(call, &gone);
        (void) sd_bus_message_unref(call);
}

static int method_wait(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        const char *word;
        Container *c;
        uint32_t conditions;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.inspect", "wait", method_wait, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = sd_bus_message_read(call, "s", &word);
        if (r < 0)
                return r;
        r = container_conditions_parse(word, &conditions, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        r = container_watch(c, conditions, on_condition, sd_bus_message_ref(call), &f);
        if (r < 0) {
                (void) sd_bus_message_unref(call);
                return f.text ? bus_error_set_failure(error, &f) : r;
        }
        return 1;
}

static int method_inspect(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_free_ char *json = NULL;
        Service *s = userdata;
        Container *c;
        int r;

        r = container_dbus_authorize(s, call, "org.creel1.inspect", "inspect", method_inspect, &c, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = inspect_container(c, &json);
        return r < 0 ? r : sd_bus_reply_method_return(call, "s", json);
}

int append_string_map(sd_bus_message *m, char *const *pairs) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        STRV_FOREACH(i, pairs) {
                _cleanup_free_ char *key = NULL;
                const char *equals = strchr(*i, '=');

                if (r < 0 || !equals)
                        continue;
                key = strndup(*i, (size_t) (equals - *i));
                r = key ? sd_bus_message_append(m, "{ss}", key, equals + 1) : -ENOMEM;
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

typedef int (*property_writer_t)(sd_bus_message *reply, const Container *c);

#define WRITER(name, ...)                                                    \
        static int write_##name(sd_bus_message *reply, const Container *c) { \
                return sd_bus_message_append(reply, __VA_ARGS__);            \
        }

WRITER(id, "s", c->record->id)
WRITER(name, "s", c->record->name)
WRITER(image, "s", c->record->image)
WRITER(image_id, "s", c->record->image_id.string)
WRITER(tty, "b", c->record->spec->tty)
WRITER(auto_remove, "b", container_is_ephemeral(c))
WRITER(health, "s", health_status_to_string(health_status(c)))
WRITER(restart_policy, "s", c->record->spec->restart_policy ?: "no")
WRITER(restart_count, "t", c->record->n_restarts)
WRITER(ready, "b", (int) c->ready)
WRITER(status_text, "s", strempty(c->status_text))
WRITER(created, "t", c->record->created_usec)
WRITER(state, "s", container_state_to_string(c->state))
WRITER(state_changed, "t", c->record->state_changed_usec)
WRITER(started, "t", c->record->started_usec)
WRITER(finished, "t", c->record->finished_usec)
WRITER(exit_code, "i", (int32_t) c->record->exit_code)
WRITER(oom_killed, "b", c->record->oom_killed)
WRITER(error, "s", strempty(c->record->error))
WRITER(leader, "u", (uint32_t) c->leader)
WRITER(supervisor, "u", c->supervisor ? (uint32_t) supervisor_pid(c->supervisor) : 0)
WRITER(unit, "s", c->unit)
WRITER(cgroup, "s", strempty(c->cgroup))

static int write_command(sd_bus_message *reply, const Container *c) {
        _cleanup_strv_free_ char **argv = NULL;
        const ImageConfig *config = container_image_config(c);

        if (!config || container_argv(c->record, config, &argv, NULL) < 0)
                return sd_bus_message_append_strv(reply, c->record->spec->command);
        return sd_bus_message_append_strv(reply, argv);
}

static int write_labels(sd_bus_message *reply, const Container *c) {
        return append_string_map(reply, c->record->spec->labels);
}

static int write_execs(sd_bus_message *reply, const Container *c) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (const ExecSession *e = exec_next(c, NULL); e && r >= 0; e = exec_next(c, e))
                r = sd_bus_message_append(reply, "s", exec_id(e));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int write_annotations(sd_bus_message *reply, const Container *c) {
        return append_string_map(reply, c->record->spec->annotations);
}

static int append_id_map(sd_bus_message *reply, const IdMap *map) {
        _cleanup_strv_free_ char **l = NULL;
        int r;

        r = id_map_format(map, &l);
        return r < 0 ? r : sd_bus_message_append_strv(reply, l);
}

static int write_uid_map(sd_bus_message *reply, const Container *c) {
        return append_id_map(reply, &c->record->uid_map);
}

static int write_gid_map(sd_bus_message *reply, const Container *c) {
        return append_id_map(reply, &c->record->gid_map);
}

static int write_apparmor(sd_bus_message *reply, const Container *c) {
        const char *profile = NULL;

        if (container_apparmor(c->engine, c->record->spec, &profile, NULL) < 0)
                profile = NULL;
        return sd_bus_message_append(reply, "s", strempty(profile));
}

static const struct {
        const char *name;
        property_writer_t write;
} properties[] = {
        { "Id", write_id },
        { "Name", write_name },
        { "Image", write_image },
        { "ImageId", write_image_id },
        { "Command", write_command },
        { "Labels", write_labels },
        { "Annotations", write_annotations },
        { "Tty", write_tty },
        { "AutoRemove", write_auto_remove },
        { "UidMap", write_uid_map },
        { "GidMap", write_gid_map },
        { "AppArmorProfile", write_apparmor },
        { "Health", write_health },
        { "RestartPolicy", write_restart_policy },
        { "RestartCount", write_restart_count },
        { "Ready", write_ready },
        { "StatusText", write_status_text },
        { "CreatedUSec", write_created },
        { "State", write_state },
        { "StateChangedUSec", write_state_changed },
        { "StartedUSec", write_started },
        { "FinishedUSec", write_finished },
        { "ExitCode", write_exit_code },
        { "OOMKilled", write_oom_killed },
        { "Error", write_error },
        { "Leader", write_leader },
        { "Supervisor", write_supervisor },
        { "Unit", write_unit },
        { "ControlGroup", write_cgroup },
        { "ExecIds", write_execs },
};

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Container *c = container_at(userdata, path);

        for (size_t i = 0; c && i < ELEMENTSOF(properties); i++)
                if (streq(properties[i].name, property))
                        return properties[i].write(reply, c);
        return -ENOENT;
}

#define CONSTANT(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define CHANGING(name, type) \
        SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)
#define METHOD \
        SD_BUS_METHOD_WITH_ARGS /* an object-like macro: the arguments must not be expanded on the way */
#define ANYONE SD_BUS_VTABLE_UNPRIVILEGED /* polkit decides */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        CONSTANT("Id", "s"),
        CHANGING("Name", "s"),
        CONSTANT("Image", "s"),
        CONSTANT("ImageId", "s"),
        CONSTANT("Command", "as"),
        CONSTANT("Labels", "a{ss}"),
        CONSTANT("Annotations", "a{ss}"),
        CONSTANT("Tty", "b"),
        CONSTANT("AutoRemove", "b"),
        CONSTANT("UidMap", "as"),
        CONSTANT("GidMap", "as"),
        SD_BUS_PROPERTY("AppArmorProfile", "s", get_property, 0, 0),
        CHANGING("Health", "s"),
        CHANGING("RestartPolicy", "s"),
        CHANGING("RestartCount", "t"),
        CHANGING("Ready", "b"),
        CHANGING("StatusText", "s"),
        CONSTANT("CreatedUSec", "t"),
        CHANGING("State", "s"),
        CHANGING("StateChangedUSec", "t"),
        CHANGING("StartedUSec", "t"),
        CHANGING("FinishedUSec", "t"),
        CHANGING("ExitCode", "i"),
        CHANGING("OOMKilled", "b"),
        CHANGING("Error", "s"),
        CHANGING("Leader", "u"),
        CHANGING("Supervisor", "u"),
        CHANGING("Unit", "s"),
        CHANGING("ControlGroup", "s"),
        CHANGING("ExecIds", "as"),
        METHOD("Start", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_start, ANYONE),
        METHOD("Stop", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_stop, ANYONE),
        METHOD("PowerOff", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, container_dbus_power_off, ANYONE),
        METHOD("Reboot", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, container_dbus_reboot, ANYONE),
        METHOD("Restart", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_restart, ANYONE),
        METHOD("Pause", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_pause, ANYONE),
        METHOD("Unpause", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_unpause, ANYONE),
        METHOD("Rename", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, method_rename, ANYONE),
        METHOD("RunHealthcheck", SD_BUS_NO_ARGS, SD_BUS_RESULT("i", exit_code, "s", status, "s", output),
               method_run_healthcheck, ANYONE),
        METHOD("Kill", SD_BUS_ARGS("s", whom, "i", signal), SD_BUS_NO_RESULT, method_kill, ANYONE),
        METHOD("Remove", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_remove, ANYONE),
        METHOD("Wait", SD_BUS_ARGS("s", condition), SD_BUS_RESULT("i", exit_code), method_wait, ANYONE),
        METHOD("Attach", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_attach, ANYONE),
        METHOD("Exec", SD_BUS_ARGS("as", command, "a{sv}", options), SD_BUS_RESULT("s", id), method_exec,
               ANYONE),
        METHOD("Inspect", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), method_inspect, ANYONE),
        METHOD("Update", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, container_dbus_update, ANYONE),
        METHOD("GetProcesses", SD_BUS_ARGS("as", columns), SD_BUS_RESULT("as", titles, "aas", rows),
               container_dbus_get_processes, ANYONE),
        METHOD("GetStats", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", statistics), container_dbus_get_stats,
               ANYONE),
        SD_BUS_VTABLE_END,
};

void container_dbus_changed(Service *s, Container *c) {
        static char *const changing[] = {
                (char *) "Name",
                (char *) "Unit",
                (char *) "Health",
                (char *) "RestartPolicy",
                (char *) "RestartCount",
                (char *) "State",
                (char *) "StateChangedUSec",
                (char *) "StartedUSec",
                (char *) "FinishedUSec",
                (char *) "ExitCode",
                (char *) "OOMKilled",
                (char *) "Error",
                (char *) "Leader",
                (char *) "Supervisor",
                (char *) "ControlGroup",
                (char *) "Ready",
                (char *) "StatusText",
                NULL,
        };
        _cleanup_free_ char *path = NULL;

        if (container_dbus_path(c, &path) >= 0)
                (void) sd_bus_emit_properties_changed_strv(s->bus, path, INTERFACE, (char **) changing);
}

void container_dbus_execs_changed(Service *s, Container *c) {
        _cleanup_free_ char *path = NULL;

        if (container_dbus_path(c, &path) >= 0)
                (void) sd_bus_emit_properties_changed(s->bus, path, INTERFACE, "ExecIds", NULL);
}

static int find_container(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret,
                          sd_bus_error *error) {
        if (!container_at(userdata, path))
                return 0;
        *ret = userdata;
        return 1;
}

static int enumerate_containers(sd_bus *bus, const char *prefix, void *userdata, char ***ret,
                                sd_bus_error *error) {
        _cleanup_strv_free_ char **paths = NULL;
        Service *s = userdata;
        Container *c;

        HASHMAP_FOREACH(c, s->engine->containers) {
                char *path;
                int r;

                r = container_dbus_path(c, &path);
                if (r >= 0)
                        r = strv_consume(&paths, path);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(paths);
        return 1;
}

int container_dbus_register(Service *s) {
        int r;

        r = sd_bus_add_fallback_vtable(s->bus, NULL, PREFIX, INTERFACE, vtable, find_container, s);
        return r < 0 ? r : sd_bus_add_node_enumerator(s->bus, NULL, PREFIX, enumerate_containers, s);
}
