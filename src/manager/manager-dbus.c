/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/trace.h"
#include "bus/container-options.h"
#include "bus/error.h"
#include "config.h"
#include "engine/compile.h"
#include "engine/filter.h"
#include "engine/migration.h"
#include "engine/root.h"
#include "engine/userns.h"
#include "manager/manager.h"

#define INTERFACE BUS_INTERFACE("Manager")

/* What CreateContainer and RunContainer read. */
typedef struct CreateCall {
        const char *image;
        ContainerSpec *spec;
        JobParameters start;
        bool replace; /* the container that has the name */
} CreateCall;

static void create_call_done(CreateCall *c) {
        (void) container_spec_free(c->spec);
        job_fds_close(&c->start.fds);
}

static int read_replace(sd_bus_message *m, const char *key, bool *ret, Failure *f) {
        int replace;

        if (!streq(key, "replace"))
                return 0;
        if (sd_bus_message_read(m, "v", "b", &replace) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option replace: must be a boolean (b)");
        *ret = replace;
        return 1;
}

static int read_create_options(sd_bus_message *m, bool run, CreateCall *c, Failure *f) {
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = run ? container_dbus_read_start_option(m, key, &c->start, f) : 0;
                if (r == 0)
                        r = read_replace(m, key, &c->replace, f);
                if (r == 0)
                        r = container_options_read_entry(m, key, c->spec, f);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Everything that can be refused is refused before anything is made. */
static int validate(Service *s, const CreateCall *c, const Image *image, Failure *f) {
        _cleanup_(container_record_freep) ContainerRecord *record = new0(ContainerRecord, 1);
        _cleanup_close_ int filter_fd = -EBADF;
        const CompileInput in = { .engine = s->engine,
                                  .record = record,
                                  .config = image ? image->record->config : &root_image_config,
                                  .runtime_path = s->engine->store->runtime_path,
                                  .start = &c->start };
        _cleanup_free_ char *text = NULL;
        int r;

        if (!record)
                return -ENOMEM;
        record->spec = c->spec; /* lent */
        r = root_resolve(c->spec, &record->rootfs, f);
        if (r >= 0)
                r = string_set(&record->image, record->rootfs ?: c->image);
        if (r >= 0 && !image && !record->rootfs)
                r = failure_set(f, FAILURE_INVALID_ARGUMENT,
                                "nothing is named as the root: give an image, or a tree with --directory");
        if (r >= 0 && image && record->rootfs)
                r = failure_set(f, FAILURE_INVALID_ARGUMENT,
                                "the image %s and the tree %s are both to be the root; leave out one",
                                c->image, record->rootfs);
        if (r >= 0)
                r = userns_allocate(s->engine, record, f);
        if (r >= 0)
                r = container_compile(&in, &text, f);
        /* The usual filter is known to be good. */
        if (r >= 0 && (c->spec->security_opt || c->spec->seccomp_profile))
                r = container_filter(s->engine, c->spec, compile_is_system(&in), 0, &filter_fd, f);
        record->spec = NULL;
        return r;
}

static int check_replace(const CreateCall *c, Failure *f) {
        return c->replace && !c->spec->name
                               ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                             "option --replace needs a name; say which with --name")
                               : 0;
}

/* Who calls is only known here: the bus has said it, or nobody would be allowed anything. */
static int settle(Service *s, sd_bus_message *call, ContainerSpec *spec, Failure *f) {
        _cleanup_close_ int etc_fd = -EBADF;
        UsernsCaller caller;
        uid_t uid = 0;

        if (!spec->userns || !startswith(spec->userns, "keep-id"))
                return userns_settle(s->engine, spec, NULL, f);
        (void) polkit_sender_uid(s->polkit, call, &uid);
        etc_fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        caller = userns_caller(etc_fd, uid);
        return userns_settle(s->engine, spec, &caller, f);
}

/* Reads and checks everything, and makes nothing. */
static int prepare(Service *s, sd_bus_message *call, bool run, CreateCall *c, Failure *f) {
        Image *image = NULL;
        int r;

        c->spec = new0(ContainerSpec, 1);
        if (!c->spec)
                return -ENOMEM;
        r = read_create_options(call, run, c, f);
        if (r >= 0)
                r = check_replace(c, f);
        if (r >= 0 && *c->image)
                r = image_find(s->engine, c->image, &image, f);
        trace("options read");
        if (r >= 0)
                r = settle(s, call, c->spec, f);
        if (r >= 0)
                r = validate(s, c, image, f);
        trace("options checked");
        return r;
}

static int create(Service *s, CreateCall *c, Container **ret, Failure *f) {
        EngineRef *ref = NULL;
        Image *image = NULL;
        int r;

        r = *c->image ? image_find(s->engine, c->image, &image, f) : 0;
        if (r < 0)
                return r;
        if (image)
                ref = image_find_ref(s->engine, c->image);
        return container_create(s->engine, image, ref ? ref->ref->reference : c->image, TAKE_PTR(c->spec),
                                ret, f);
}

static int reply_container(sd_bus_message *call, const Container *c) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = container_dbus_path(c, &path);
        return r < 0 ? r : sd_bus_reply_method_return(call, "so", c->record->id, path);
}

static void on_run_started(Container *c, const Failure *f, void *userdata) {
        sd_bus_message *call = userdata;

        if (f)
                (void) bus_reply_failure(call, f);
        else
                (void) reply_container(call, c);
        (void) sd_bus_message_unref(call);
}

/* The name is free: makes the container, starts it with @run, and answers now or later. */
static int finish(Service *s, sd_bus_message *call, bool run, CreateCall *c, Failure *f) {
        Container *container;
        int r;

        r = create(s, c, &container, f);
        if (r < 0)
                return r;
        if (!run)
                return reply_container(call, container);
        container_enqueue(container, JOB_START, &c->start, on_run_started, sd_bus_message_ref(call));
        c->start.fds = JOB_FDS_NONE;
        return 1;
}

/* --replace: a creation that waits until the container that has its name is removed. */
typedef struct Replacement {
        Service *service;
        sd_bus_message *call;
        bool run;
        CreateCall create;
} Replacement;

static void replace_holder(Container *holder, Replacement *p);

static void on_replaced(Container *c, const Failure *removal, void *userdata) {
        _cleanup_failure_ Failure f = {};
        Replacement *p = userdata;
        Container *holder = hashmap_get(p->service->engine->containers_by_name, p->create.spec->name);
        int r = 0;

        /* Somebody else who replaced it was faster. */
        if (!removal && holder) {
                replace_holder(holder, p);
                return;
        }
        if (removal)
                (void) bus_reply_failure(p->call, removal);
        else
                r = finish(p->service, p->call, p->run, &p->create, &f);
        if (r < 0) {
                if (!f.text)
                        (void) failure_set_errno(&f, FAILURE_SYSTEM, r, "cannot create the container");
                (void) bus_reply_failure(p->call, &f);
        }
        (void) sd_bus_message_unref(p->call);
        create_call_done(&p->create);
        free(p);
}

static void replace_holder(Container *holder, Replacement *p) {
        JobParameters remove = JOB_PARAMETERS_DEFAULT;

        remove.force = true;
        container_enqueue(holder, JOB_REMOVE, &remove, on_replaced, p);
}

static int replace(Service *s, sd_bus_message *call, bool run, CreateCall *c, Container *holder) {
        Replacement *p = new0(Replacement, 1);

        if (!p)
                return -ENOMEM;
        *p = (Replacement){ .service = s, .call = sd_bus_message_ref(call), .run = run, .create = *c };
        *c = (CreateCall){ .start = JOB_PARAMETERS_DEFAULT };
        replace_holder(holder, p);
        return 1;
}

static int create_or_run(Service *s, sd_bus_message *call, bool run, sd_bus_message_handler_t again,
                         sd_bus_error *error) {
        _cleanup_(create_call_done) CreateCall c = { .start = JOB_PARAMETERS_DEFAULT };
        const char *details[] = { "image", NULL, "verb", run ? "run" : "create", NULL };
        _cleanup_failure_ Failure f = {};
        Container *holder = NULL;
        int r;

        trace("call arrived");
        r = sd_bus_message_read(call, "s", &c.image);
        if (r < 0)
                return r;
        details[1] = c.image;
        r = polkit_check(s->polkit, call, "org.creel1.manage-containers", details, again, s, error);
        if (r <= 0)
                return r < 0 ? r : 1;

        trace("caller allowed");
        if (run)
                migration_announce(s->engine);
        r = prepare(s, call, run, &c, &f);
        if (r >= 0 && c.replace)
                holder = hashmap_get(s->engine->containers_by_name, c.spec->name);
        if (r >= 0)
                r = holder ? replace(s, call, run, &c, holder) : finish(s, call, run, &c, &f);
        return r < 0 && f.text ? bus_error_set_failure(error, &f) : r;
}

static int method_create_container(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return create_or_run(userdata, call, false, method_create_container, error);
}

static int method_run_container(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        return create_or_run(userdata, call, true, method_run_container, error);
}

static int method_get_container(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *path = NULL;
        Service *s = userdata;
        const char *name;
        Container *c;
        int r;

        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        r = container_find(s->engine, name, &c, &f);
        if (r < 0)
                return bus_error_set_failure(error, &f);
        r = container_dbus_path(c, &path);
        return r < 0 ? r : sd_bus_reply_method_return(call, "o", path);
}

static int method_list_containers(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Service *s = userdata;
        Container *c;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sssso)");
        HASHMAP_FOREACH(c, s->engine->containers) {
                _cleanup_free_ char *path = NULL;

                if (r >= 0)
                        r = container_dbus_path(c, &path);
                if (r >= 0)
                        r = sd_bus_message_append(reply, "(sssso)", c->record->id, c->record->name,
                                                  c->record->image, container_state_to_string(c->state),
                                                  path);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_get_image(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *path = NULL;
        Service *s = userdata;
        const char *name;
        Image *i;
        int r;

        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        r = image_find(s->engine, name, &i, &f);
        if (r < 0)
                return bus_error_set_failure(error, &f);
        r = image_dbus_path(i, &path);
        return r < 0 ? r : sd_bus_reply_method_return(call, "o", path);
}

static int append_image(sd_bus_message *reply, const Image *i) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = image_dbus_path(i, &path);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'r', "sastto");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", i->record->config_digest.string);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, i->tags);
        if (r >= 0)
                r = sd_bus_message_append(reply, "tto", i->size_bytes, i->record->config->created_usec,
                                          path);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_list_images(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Service *s = userdata;
        Image *i;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sastto)");
        HASHMAP_FOREACH(i, s->engine->images)
                if (r >= 0)
                        r = append_image(reply, i);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int read_pull_option(sd_bus_message *m, const char *key, PullOptions *o, Failure *f) {
        const char *word;
        int flag;

        if (streq(key, "platform"))
                return sd_bus_message_read(m, "v", "s", &o->platform) < 0
                                       ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                     "option platform: must be a string (s) such as "
                                                     "linux/arm64")
                                       : 0;
        if (streq(key, "tls-verify")) {
                if (sd_bus_message_read(m, "v", "b", &flag) < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option tls-verify: must be a boolean (b)");
                o->tls_verify = flag;
                return 0;
        }
        if (streq(key, "policy")) {
                if (sd_bus_message_read(m, "v", "s", &word) < 0 ||
                    (!streq(word, "always") && !streq(word, "missing")))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option policy: must be 'always' or 'missing' (s)");
                o->only_missing = streq(word, "missing");
                return 0;
        }
        if (streq(key, "ca"))
                return sd_bus_message_read(m, "v", "h", &o->ca_fd) < 0
                                       ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                     "option ca: must be a file descriptor (h)")
                                       : 0;
        if (streq(key, "credentials"))
                return sd_bus_message_read(m, "v", "h", &o->credentials_fd) < 0
                                       ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                     "option credentials: must be a file descriptor (h)")
                                       : 0;
        return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: no such option", key);
}

static int read_pull_options(sd_bus_message *m, PullOptions *o, Failure *f) {
        const char *key;
        int r;

        r = sd_bus_message_read(m, "s", &o->reference);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = read_pull_option(m, key, o, f);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int method_pull_image(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        PullOptions options = { .tls_verify = -1, .ca_fd = -EBADF, .credentials_fd = -EBADF };
        const char *details[] = { "image", NULL, "verb", "pull", NULL };
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *path = NULL;
        Service *s = userdata;
        Transfer *t;
        int r;

        r = read_pull_options(call, &options, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        details[1] = options.reference;
        r = polkit_check(s->polkit, call, "org.creel1.manage-images", details, method_pull_image, s, error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = transfer_pull(s->engine, &options, &t, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        r = transfer_dbus_path(t, &path);
        return r < 0 ? r : sd_bus_reply_method_return(call, "uo", t->id, path);
}

static int read_force(sd_bus_message *m, bool *ret, Failure *f) {
        const char *key;
        int r, force = false;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0 && !streq(key, "force"))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "option %s: no such option", key);
                if (r >= 0 && sd_bus_message_read(m, "v", "b", &force) < 0)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option force: must be a boolean (b)");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        *ret = force;
        return r;
}

static int method_remove_image(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_strv_free_ char **untagged = NULL, **removed = NULL;
        const char *details[] = { "image", NULL, "verb", "remove", NULL };
        _cleanup_failure_ Failure f = {};
        Service *s = userdata;
        const char *name;
        bool force = false;
        int r;

        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        details[1] = name;
        r = polkit_check(s->polkit, call, "org.creel1.manage-images", details, method_remove_image, s,
                         error);
        if (r <= 0)
                return r < 0 ? r : 1;
        r = read_force(call, &force, &f);
        if (r >= 0)
                r = engine_remove_image(s->engine, name, force, &untagged, &removed, &f);
        if (r < 0)
                return f.text ? bus_error_set_failure(error, &f) : r;
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, untagged);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, removed);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_list_transfers(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Service *s = userdata;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(usssdo)");
        LIST_FOREACH(transfers, t, s->engine->transfers) {
                _cleanup_free_ char *path = NULL;

                if (r >= 0)
                        r = transfer_dbus_path(t, &path);
                if (r >= 0)
                        r = sd_bus_message_append(reply, "(usssdo)", t->id, "pull", t->reference,
                                                  transfer_state_to_string(t->state), transfer_progress(t),
                                                  path);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static uint32_t count_running(const Engine *e) {
        uint32_t n = 0;
        Container *c;

        HASHMAP_FOREACH(c, e->containers)
                n += container_is_running(c);
        return n;
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Service *s = userdata;

        if (streq(property, "Version"))
                return sd_bus_message_append(reply, "s", CREEL_VERSION);
        if (streq(property, "StorePath"))
                return sd_bus_message_append(reply, "s", s->engine->store->path);
        if (streq(property, "RuntimePath"))
                return sd_bus_message_append(reply, "s", s->engine->store->runtime_path);
        if (streq(property, "KernelVersion"))
                return sd_bus_message_append(reply, "s", s->kernel_version);
        if (streq(property, "SystemdVersion"))
                return sd_bus_message_append(reply, "s", strempty(s->systemd_version));
        if (streq(property, "CgroupControllers"))
                return sd_bus_message_append_strv(reply, s->cgroup_controllers);
        if (streq(property, "SecurityFeatures"))
                return sd_bus_message_append_strv(reply, s->security_features);
        if (streq(property, "NContainers"))
                return sd_bus_message_append(reply, "u", (uint32_t) hashmap_size(s->engine->containers));
        if (streq(property, "NContainersRunning"))
                return sd_bus_message_append(reply, "u", count_running(s->engine));
        if (streq(property, "NImages"))
                return sd_bus_message_append(reply, "u", (uint32_t) hashmap_size(s->engine->images));
        return -ENOENT;
}

#define CONSTANT(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define METHOD \
        SD_BUS_METHOD_WITH_ARGS /* an object-like macro: the arguments must not be expanded on the way */
#define ANYONE SD_BUS_VTABLE_UNPRIVILEGED /* polkit decides */
#define SIGNAL SD_BUS_SIGNAL_WITH_ARGS

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        CONSTANT("Version", "s"),
        CONSTANT("StorePath", "s"),
        CONSTANT("RuntimePath", "s"),
        CONSTANT("KernelVersion", "s"),
        CONSTANT("SystemdVersion", "s"),
        CONSTANT("CgroupControllers", "as"),
        CONSTANT("SecurityFeatures", "as"),
        SD_BUS_PROPERTY("NContainers", "u", get_property, 0, 0),
        SD_BUS_PROPERTY("NContainersRunning", "u", get_property, 0, 0),
        SD_BUS_PROPERTY("NImages", "u", get_property, 0, 0),
        METHOD("CreateContainer", SD_BUS_ARGS("s", image, "a{sv}", options),
               SD_BUS_RESULT("s", id, "o", container), method_create_container, ANYONE),
        METHOD("RunContainer", SD_BUS_ARGS("s", image, "a{sv}", options),
               SD_BUS_RESULT("s", id, "o", container), method_run_container, ANYONE),
        METHOD("GetContainer", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", container), method_get_container,
               ANYONE),
        METHOD("ListContainers", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssso)", containers),
               method_list_containers, ANYONE),
        METHOD("GetImage", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", image), method_get_image, ANYONE),
        METHOD("ListImages", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sastto)", images), method_list_images, ANYONE),
        METHOD("PullImage", SD_BUS_ARGS("s", reference, "a{sv}", options),
               SD_BUS_RESULT("u", id, "o", transfer), method_pull_image, ANYONE),
        METHOD("RemoveImage", SD_BUS_ARGS("s", name, "a{sv}", options),
               SD_BUS_RESULT("as", untagged, "as", removed), method_remove_image, ANYONE),
        METHOD("CreateVolume", SD_BUS_ARGS("s", name, "a{sv}", options),
               SD_BUS_RESULT("s", volume, "s", path), volume_dbus_create, ANYONE),
        METHOD("RemoveVolume", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, volume_dbus_remove, ANYONE),
        METHOD("ListVolumes", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssta{ss}bas)", volumes), volume_dbus_list,
               ANYONE),
        METHOD("ListTransfers", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(usssdo)", transfers), method_list_transfers,
               ANYONE),
        SIGNAL("ContainerNew", SD_BUS_ARGS("s", id, "o", container), 0),
        SIGNAL("ContainerRemoved", SD_BUS_ARGS("s", id, "o", container), 0),
        SIGNAL("ImageNew", SD_BUS_ARGS("s", id, "o", image), 0),
        SIGNAL("ImageRemoved", SD_BUS_ARGS("s", id, "o", image), 0),
        SIGNAL("TransferNew", SD_BUS_ARGS("u", id, "o", transfer), 0),
        SIGNAL("TransferRemoved",
               SD_BUS_ARGS("u", id, "o", transfer, "s", result, "s", image_id, "s", error, "s", message), 0),
        SIGNAL("Event", SD_BUS_ARGS("t", time_usec, "s", type, "s", action, "s", id, "a{ss}", attributes),
               0),
        SD_BUS_VTABLE_END,
};

int manager_dbus_register(Service *s) {
        int r;

        r = sd_bus_add_object_manager(s->bus, NULL, BUS_PATH);
        return r < 0 ? r : sd_bus_add_object_vtable(s->bus, NULL, BUS_PATH, INTERFACE, vtable, s);
}
