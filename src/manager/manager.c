/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* creeld: see creeld(8). */

#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "config.h"
#include "manager/manager.h"

#define CGROUP2_MAGIC 0x63677270
#define KERNEL_FLOOR_MAJOR 6
#define KERNEL_FLOOR_MINOR 1

static const char *arg_store = "/var/lib/creel";
static const char *arg_runtime = "/run/creel";
static const char *arg_cache = "/var/cache/creel";
static const char *arg_programs = CREEL_LIBEXECDIR;
static const char *arg_seccomp = CREEL_DATADIR "/seccomp.json";

static int help(void) {
        (void) printf("creeld [OPTIONS...]\n\n"
                      "Manages containers and images as org.creel1 on the system bus. systemd starts it "
                      "when it is needed.\n\n"
                      "  -h --help            Show this help\n"
                      "     --version         Show the version\n"
                      "     --store=DIR       Where images and containers are kept (default: %s)\n"
                      "     --runtime=DIR     Where the state of this boot is kept (default: %s)\n"
                      "     --cache=DIR       Where compiled filters are kept (default: %s)\n"
                      "     --programs=DIR    Where creel-supervise, creel-pull and creel-unpack are "
                      "(default: %s)\n"
                      "     --seccomp=FILE    The default seccomp profile (default: %s)\n\n"
                      "See creeld(8).\n",
                      arg_store, arg_runtime, arg_cache, arg_programs, arg_seccomp);
        return 0;
}

/* 1: go on. 0: done. */
static int parse_argv(int argc, char *argv[]) {
        enum {
                ARG_VERSION = 0x100,
                ARG_STORE,
                ARG_RUNTIME,
                ARG_CACHE,
                ARG_PROGRAMS,
                ARG_SECCOMP,
        };
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                { "store", required_argument, NULL, ARG_STORE },
                { "runtime", required_argument, NULL, ARG_RUNTIME },
                { "cache", required_argument, NULL, ARG_CACHE },
                { "programs", required_argument, NULL, ARG_PROGRAMS },
                { "seccomp", required_argument, NULL, ARG_SECCOMP },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        return help();
                case ARG_VERSION:
                        (void) puts("creel " CREEL_VERSION);
                        return 0;
                case ARG_STORE:
                        arg_store = optarg;
                        break;
                case ARG_RUNTIME:
                        arg_runtime = optarg;
                        break;
                case ARG_CACHE:
                        arg_cache = optarg;
                        break;
                case ARG_PROGRAMS:
                        arg_programs = optarg;
                        break;
                case ARG_SECCOMP:
                        arg_seccomp = optarg;
                        break;
                default:
                        return -EINVAL;
                }
        if (optind < argc) {
                log_error("%s: creeld takes no arguments; see creeld --help", argv[optind]);
                return -EINVAL;
        }
        return 1;
}

/* The floor of design and documentation: what is missing, and the way out. */
static int check_host(struct utsname *u) {
        unsigned major = 0, minor = 0;
        struct statfs sfs;

        if (geteuid() != 0) {
                log_error("creeld has to run as root; systemd starts it: systemctl start creeld");
                return -EPERM;
        }
        if (uname(u) < 0)
                return log_error_errno(errno, "Cannot find out the kernel's version: %m");
        if (sscanf(u->release, "%u.%u", &major, &minor) != 2 || major < KERNEL_FLOOR_MAJOR ||
            (major == KERNEL_FLOOR_MAJOR && minor < KERNEL_FLOOR_MINOR)) {
                log_error("Linux %s is too old: creel needs %d.%d or newer; install a newer kernel.",
                          u->release, KERNEL_FLOOR_MAJOR, KERNEL_FLOOR_MINOR);
                return -ENOSYS;
        }
        if (statfs("/sys/fs/cgroup", &sfs) < 0 || sfs.f_type != CGROUP2_MAGIC) {
                log_error("/sys/fs/cgroup is not cgroup v2; boot with systemd.unified_cgroup_hierarchy=1.");
                return -ENOSYS;
        }
        if (access("/run/systemd/system", F_OK) < 0) {
                log_error("systemd is not running as PID 1; creel needs it.");
                return -ENOSYS;
        }
        return 0;
}

static void read_features(Service *s) {
        _cleanup_free_ char *controllers = NULL, *apparmor = NULL;

        if (file_read(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", 4096, &controllers, NULL) >= 0)
                (void) strv_split(controllers, " \n", &s->cgroup_controllers);
        (void) strv_extend(&s->security_features, "seccomp");
        (void) strv_extend(&s->security_features, "userns");
        if (file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &apparmor, NULL) >= 0 &&
            apparmor[0] == 'Y')
                (void) strv_extend(&s->security_features, "apparmor");
}

static void service_done(Service *s) {
        s->polkit = polkit_free(s->polkit);
        s->machines = machine_registry_free(s->machines);
        s->engine = engine_free(s->engine);
        s->bus = sd_bus_flush_close_unref(s->bus);
        s->event = sd_event_unref(s->event);
        s->kernel_version = mfree(s->kernel_version);
        s->systemd_version = mfree(s->systemd_version);
        s->cgroup_controllers = strv_free(s->cgroup_controllers);
        s->security_features = strv_free(s->security_features);
}

static int setup_event(Service *s) {
        sigset_t mask;
        int r;

        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigaddset(&mask, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);
        r = sd_event_default(&s->event);
        if (r >= 0)
                r = sd_event_add_signal(s->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(s->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_set_watchdog(s->event, true);
        return r < 0 ? log_error_errno(r, "Cannot set up the event loop: %m") : 0;
}

static int on_version(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        const char *version;

        if (!sd_bus_message_is_method_error(reply, NULL) &&
            sd_bus_message_read(reply, "v", "s", &version) >= 0)
                (void) string_set(&s->systemd_version, version);
        return 0;
}

static int setup_bus(Service *s) {
        int r;

        r = sd_bus_open_system(&s->bus);
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus; is dbus.service running? %m");
        (void) sd_bus_set_exit_on_disconnect(s->bus, true);
        (void) sd_bus_set_close_on_exit(s->bus, false);
        r = polkit_new(s->bus, &s->polkit);
        if (r >= 0)
                r = machine_registry_new(s->bus, &s->machines);
        if (r >= 0)
                machine_registry_watch(s->machines, observer_machine_left, s);
        if (r >= 0)
                r = manager_dbus_register(s);
        if (r >= 0)
                r = container_dbus_register(s);
        if (r >= 0)
                r = image_dbus_register(s);
        if (r >= 0)
                r = transfer_dbus_register(s);
        if (r >= 0)
                r = sd_bus_call_method_async(s->bus, NULL, "org.freedesktop.systemd1",
                                             "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties",
                                             "Get", on_version, s, "ss", "org.freedesktop.systemd1.Manager",
                                             "Version");
        if (r >= 0)
                r = sd_bus_attach_event(s->bus, s->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? log_error_errno(r, "Cannot set up the bus objects: %m") : 0;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Service *s = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        uint32_t answer = 0;

        if (e)
                log_error("Cannot take the bus name " BUS_NAME ": %s", strempty(e->message));
        else if (sd_bus_message_read(reply, "u", &answer) >= 0 && answer != 1 && answer != 4)
                log_error("Cannot take the bus name " BUS_NAME ": another process has it.");
        else {
                (void) sd_notify(false, "READY=1\nSTATUS=Serving " BUS_NAME ".");
                /* Loading left holes behind that are not needed again. */
                (void) malloc_trim(0);
                return 0;
        }
        (void) sd_event_exit(s->event, EXIT_FAILURE);
        return 0;
}

static int service_run(Service *s) {
        int r;

        /* What was there before is settled before anybody is served. */
        r = engine_reconcile(s->engine);
        if (r < 0)
                return log_error_errno(r, "Cannot reconcile the store with what is running: %m");
        r = sd_bus_request_name_async(s->bus, NULL, BUS_NAME, 0, on_name, s);
        if (r < 0)
                return log_error_errno(r, "Cannot take the bus name " BUS_NAME ": %m");
        r = sd_event_loop(s->event);
        (void) sd_notify(false, "STOPPING=1\nSTATUS=Containers go on running.");
        return r;
}

int main(int argc, char *argv[]) {
        _cleanup_(service_done) Service s = {};
        _cleanup_failure_ Failure f = {};
        struct utsname u;
        int r;

        log_setup("creeld", LOG_INFO);
        trace_setup("creeld");
        r = parse_argv(argc, argv);
        if (r <= 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (check_host(&u) < 0 || setup_event(&s) < 0)
                return EXIT_FAILURE;
        /* One arena and early trimming: this process lives for months and should stay small. */
        (void) mallopt(M_ARENA_MAX, 1);
        (void) mallopt(M_TRIM_THRESHOLD, 128 * 1024);

        s.kernel_version = strdup(u.release);
        read_features(&s);
        r = engine_new(&(const EngineParameters) {
                               .event = s.event,
                               .store_path = arg_store,
                               .runtime_path = arg_runtime,
                               .cache_path = arg_cache,
                               .program_path = arg_programs,
                               .seccomp_path = arg_seccomp,
                       },
                       &s.engine, &f);
        if (r < 0) {
                log_error("%s", f.text ?: "out of memory");
                return EXIT_FAILURE;
        }
        if (setup_bus(&s) < 0)
                return EXIT_FAILURE;
        s.engine->observer = &service_observer;
        s.engine->observer_data = &s;
        r = service_run(&s);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
