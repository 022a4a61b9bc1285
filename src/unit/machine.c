/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "unit/machine.h"
#include "basic/fd.h"
#include "basic/hashmap.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"

#define MACHINE_NAME "org.freedesktop.machine1"
#define MACHINE_PATH "/org/freedesktop/machine1"
#define MACHINE_MANAGER "org.freedesktop.machine1.Manager"
#define MACHINE_NAME_BYTES_MAX 64u
#define MACHINE_ID_BYTES 16u
#define MACHINES_MAX 16384u

/* What machined shall be told of one run of a container. */
typedef struct Request {
        char *root_directory;
        uint8_t id[MACHINE_ID_BYTES];
        pid_t leader;
        int pidfd;
} Request;

typedef enum MachineState {
        MACHINE_ASKED, /* the answer to RegisterMachine is on its way */
        MACHINE_REGISTERED,
        MACHINE_LEAVING,    /* the answer to UnregisterMachine is on its way */
        MACHINE_LOOKED_FOR, /* the answer to GetMachineByPID is on its way */
} MachineState;

/* A name that machined knows from us, or is about to. There is one call per name at a time, so that a
 * container which stops and starts again in the blink of an eye does not collide with itself, and so that
 * nothing is unregistered but our own. */
typedef struct Machine {
        MachineRegistry *registry;
        char *name;
        MachineState state;
        bool leave;       /* unregister as soon as it is registered */
        bool by_pidfd;    /* asked with RegisterMachineEx() of systemd 259 */
        Request *request; /* ASKED */
        Request *next;    /* to be registered once the last one is out of the way */
        char *successor;  /* the name under which "next" is registered; NULL: the same */
        sd_bus_slot *slot;
} Machine;

struct MachineRegistry {
        sd_bus *bus;
        bool lacks_ex;
        Hashmap *machines;
        machine_left_t left;
        void *userdata;
};

static Request *request_free(Request *q) {
        if (!q)
                return NULL;
        (void) fd_close(q->pidfd);
        free(q->root_directory);
        return mfree(q);
}

DEFINE_CLEANUP(Request, request_free)

static Machine *machine_free(Machine *m) {
        if (!m)
                return NULL;
        if (m->registry)
                (void) hashmap_remove(m->registry->machines, m->name);
        sd_bus_slot_unref(m->slot);
        request_free(m->request);
        request_free(m->next);
        free(m->successor);
        free(m->name);
        return mfree(m);
}

DEFINE_CLEANUP(Machine, machine_free)

static int machine_new(MachineRegistry *registry, const char *name, Machine **ret) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r;

        if (hashmap_size(registry->machines) >= MACHINES_MAX)
                return -E2BIG;
        m = new0(Machine, 1);
        if (!m || string_set(&m->name, name) < 0)
                return -ENOMEM;
        r = hashmap_put(registry->machines, m->name, m);
        if (r < 0)
                return r;
        m->registry = registry;
        *ret = TAKE_PTR(m);
        return 0;
}

static bool machined_is_absent(const sd_bus_error *e) {
        static const char *const names[] = {
                        SD_BUS_ERROR_SERVICE_UNKNOWN,
                        SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                        "org.freedesktop.systemd1.NoSuchUnit",
                        "org.freedesktop.systemd1.UnitMasked",
                        "org.freedesktop.systemd1.LoadFailed",
                        "org.freedesktop.DBus.Error.Spawn.ChildExited",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (sd_bus_error_has_name(e, names[i]))
                        return true;
        return false;
}

static int machine_send(Machine *m);
static void machine_leave(Machine *m);

static int registry_add(MachineRegistry *registry, const char *name, Request *q);

/* It was renamed: what is next goes by the other name. */
static void machine_succeed(Machine *m) {
        _cleanup_free_ char *name = TAKE_PTR(m->successor);
        MachineRegistry *registry = m->registry;
        Request *next = TAKE_PTR(m->next);

        machine_free(m);
        if (next && registry_add(registry, name, next) < 0)
                log_warning("Cannot register container %s with systemd-machined, ignoring.", name);
}

/* The name is free again: for the next run, if there is one. */
static void machine_done(Machine *m) {
        _cleanup_free_ char *name = NULL;
        MachineRegistry *registry = m->registry;
        int r;

        if (m->successor) {
                machine_succeed(m);
                return;
        }
        name = m->leave || m->state == MACHINE_LEAVING ? strdup(m->name) : NULL;
        m->request = request_free(m->request);
        m->request = TAKE_PTR(m->next);
        m->leave = false;
        if (m->request) {
                r = machine_send(m);
                if (r < 0)
                        log_warning_errno(r,
                                          "Cannot register container %s with systemd-machined, ignoring: %m",
                                          m->name);
                if (r < 0)
                        machine_free(m);
        } else
                machine_free(m);
        if (name && registry->left)
                registry->left(name, registry->userdata);
}

static void machine_complain(const Machine *m, sd_bus_message *reply) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        if (machined_is_absent(e))
                log_debug("systemd-machined is not there, container %s is not registered: %s", m->name,
                          strempty(e->message));
        else if (m->leave || sd_bus_message_get_errno(reply) == ESRCH)
                log_debug("Container %s was gone before systemd-machined could register it: %s", m->name,
                          strempty(e->message));
        else
                log_warning("systemd-machined refuses to register container %s, ignoring: %s", m->name,
                            e->message ?: e->name);
}

static int on_registered(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Machine *m = userdata;

        if (e && m->by_pidfd && sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_METHOD)) {
                m->registry->lacks_ex = true;
                if (machine_send(m) >= 0)
                        return 0;
        }
        if (e) {
                machine_complain(m, reply);
                machine_done(m);
                return 0;
        }
        m->request = request_free(m->request);
        m->state = MACHINE_REGISTERED;
        if (m->leave)
                machine_leave(m);
        return 0;
}

static int on_unregistered(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Machine *m = userdata;

        /* It may well have noticed before we said so. */
        if (e)
                log_debug("systemd-machined did not unregister container %s, ignoring: %s", m->name,
                          e->message ?: e->name);
        machine_done(m);
        return 0;
}

static void machine_leave(Machine *m) {
        int r;

        if (m->state == MACHINE_ASKED || m->state == MACHINE_LOOKED_FOR)
                m->leave = true;
        if (m->state != MACHINE_REGISTERED)
                return;
        m->slot = sd_bus_slot_unref(m->slot);
        m->state = MACHINE_LEAVING;
        r = sd_bus_call_method_async(m->registry->bus, &m->slot, MACHINE_NAME, MACHINE_PATH, MACHINE_MANAGER,
                                     "UnregisterMachine", on_unregistered, m, "s", m->name);
        if (r < 0) {
                log_debug_errno(r, "Cannot unregister container %s from systemd-machined, ignoring: %m",
                                m->name);
                machine_done(m);
        }
}

/* RegisterMachineEx(s name, a(sv) properties): the pidfd cannot come to mean another process on the way. */
static int machine_append_ex(const Machine *machine, sd_bus_message *m) {
        int r;

        r = sd_bus_message_append(m, "s", machine->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "Id");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', machine->request->id, sizeof(machine->request->id));
        for (size_t i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)", "Service", "s", "creel", "Class", "s",
                                          "container", "LeaderPIDFD", "h", machine->request->pidfd);
        if (r >= 0 && machine->request->root_directory)
                r = sd_bus_message_append(m, "(sv)", "RootDirectory", "s", machine->request->root_directory);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int machine_append(const Machine *machine, sd_bus_message *m) {
        int r;

        r = sd_bus_message_append(m, "s", machine->name);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', machine->request->id, sizeof(machine->request->id));
        return r < 0 ? r
                     : sd_bus_message_append(m, "ssus", "creel", "container",
                                             (uint32_t) machine->request->leader,
                                             strempty(machine->request->root_directory));
}

static int machine_send(Machine *machine) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *bus = machine->registry->bus;
        int r;

        /* A message with an fd would wait right here for the bus to say hello. */
        machine->by_pidfd = machine->request->pidfd >= 0 && !machine->registry->lacks_ex &&
                            sd_bus_is_ready(bus) > 0;
        machine->state = MACHINE_ASKED;
        machine->slot = sd_bus_slot_unref(machine->slot);
        r = sd_bus_message_new_method_call(bus, &m, MACHINE_NAME, MACHINE_PATH, MACHINE_MANAGER,
                                           machine->by_pidfd ? "RegisterMachineEx" : "RegisterMachine");
        if (r >= 0)
                r = machine->by_pidfd ? machine_append_ex(machine, m) : machine_append(machine, m);
        return r < 0 ? r : sd_bus_call_async(bus, &machine->slot, m, on_registered, machine, 0);
}

static int hex_digit(char c) {
        const char *p = c ? strchr(LOWERCASE_HEX, c) : NULL;

        return p ? (int) (p - LOWERCASE_HEX) : -EINVAL;
}

static int machine_id_parse(const char *machine_id, uint8_t ret[static MACHINE_ID_BYTES]) {
        if (strlen(machine_id) < 2 * MACHINE_ID_BYTES)
                return -EINVAL;
        for (size_t i = 0; i < MACHINE_ID_BYTES; i++) {
                int high = hex_digit(machine_id[2 * i]), low = hex_digit(machine_id[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                ret[i] = (uint8_t) (high << 4 | low);
        }
        return 0;
}

static int request_new(const MachineSpec *spec, Request **ret) {
        _cleanup_(request_freep) Request *q = NULL;
        int r;

        q = new0(Request, 1);
        if (!q)
                return -ENOMEM;
        q->leader = spec->leader;
        q->pidfd = -EBADF;
        r = machine_id_parse(spec->machine_id, q->id);
        if (r >= 0)
                r = string_set(&q->root_directory, spec->root_directory);
        if (r < 0)
                return r;
        if (spec->leader_pidfd >= 0) {
                q->pidfd = fcntl(spec->leader_pidfd, F_DUPFD_CLOEXEC, 3);
                if (q->pidfd < 0)
                        return negative_errno();
        }
        *ret = TAKE_PTR(q);
        return 0;
}

/* Takes over @q. */
static int registry_add(MachineRegistry *registry, const char *name, Request *q) {
        Machine *m = hashmap_get(registry->machines, name);
        int r;

        if (m) {
                request_free(m->next);
                m->next = q;
                m->successor = mfree(m->successor);
                machine_leave(m);
                return 1;
        }
        r = machine_new(registry, name, &m);
        if (r < 0) {
                request_free(q);
                return r;
        }
        m->request = q;
        r = machine_send(m);
        if (r < 0) {
                machine_free(m);
                return r;
        }
        return 1;
}

static bool name_is_left_out(const char *name) {
        if (machine_name_is_valid(name))
                return false;
        log_debug("Container %s is not registered with systemd-machined: it is no host name.", name);
        return true;
}

int machine_register(MachineRegistry *registry, const MachineSpec *spec) {
        Request *q;
        int r;

        if (name_is_left_out(spec->name))
                return 0;
        r = request_new(spec, &q);
        return r < 0 ? r : registry_add(registry, spec->name, q);
}

/* An earlier process of ours registered the run, if this is its name. */
static int on_found(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_free_ char *name = NULL;
        Machine *m = userdata;
        const char *path;

        if (!sd_bus_message_is_method_error(reply, NULL) && sd_bus_message_read(reply, "o", &path) >= 0 &&
            sd_bus_path_decode(path, MACHINE_PATH "/machine", &name) > 0 && streq(name, m->name)) {
                m->state = MACHINE_REGISTERED;
                if (m->leave)
                        machine_leave(m);
        } else
                machine_done(m);
        return 0;
}

static int machine_look_for(MachineRegistry *registry, const char *name, pid_t leader, Machine **ret) {
        Machine *m;
        int r;

        r = machine_new(registry, name, &m);
        if (r < 0)
                return r;
        m->state = MACHINE_LOOKED_FOR;
        r = sd_bus_call_method_async(registry->bus, &m->slot, MACHINE_NAME, MACHINE_PATH, MACHINE_MANAGER,
                                     "GetMachineByPID", on_found, m, "u", (uint32_t) leader);
        if (r < 0) {
                machine_free(m);
                return r;
        }
        *ret = m;
        return 0;
}

int machine_rename(MachineRegistry *registry, const char *old, const MachineSpec *spec) {
        _cleanup_(request_freep) Request *q = NULL;
        Machine *m = hashmap_get(registry->machines, old);
        bool left_out = name_is_left_out(spec->name);
        int r;

        r = left_out ? 0 : request_new(spec, &q);
        if (r >= 0 && !m)
                r = machine_look_for(registry, old, spec->leader, &m);
        if (r >= 0)
                r = string_set(&m->successor, spec->name);
        if (r < 0)
                return r;
        request_free(m->next);
        m->next = TAKE_PTR(q);
        machine_leave(m);
        return !left_out;
}

int machine_adopt(MachineRegistry *registry, const char *name, pid_t leader) {
        Machine *m;

        if (name_is_left_out(name) || hashmap_get(registry->machines, name))
                return 0;
        return machine_look_for(registry, name, leader, &m);
}

bool machine_is_leaving(const MachineRegistry *registry, const char *name) {
        const Machine *m = hashmap_get(registry->machines, name);

        return m && (m->leave || m->state == MACHINE_LEAVING);
}

void machine_registry_watch(MachineRegistry *registry, machine_left_t left, void *userdata) {
        registry->left = left;
        registry->userdata = userdata;
}

int machine_unregister(MachineRegistry *registry, const char *name) {
        Machine *m = hashmap_get(registry->machines, name);

        if (!m)
                return 0;
        m->next = request_free(m->next);
        m->successor = mfree(m->successor);
        machine_leave(m);
        return 1;
}

bool machine_name_is_valid(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > MACHINE_NAME_BYTES_MAX || !string_in_charset(s, ALPHANUMERIC "-."))
                return false;
        /* Every label starts and ends with a letter or a digit. */
        for (size_t i = 0; i < n; i++)
                if ((s[i] == '-' || s[i] == '.') &&
                    (i == 0 || i == n - 1 || s[i - 1] == '.' || (s[i] == '.' && s[i - 1] == '-')))
                        return false;
        return true;
}

int machine_registry_new(sd_bus *bus, MachineRegistry **ret) {
        _cleanup_(machine_registry_freep) MachineRegistry *r = NULL;

        r = new0(MachineRegistry, 1);
        if (!r)
                return -ENOMEM;
        r->bus = sd_bus_ref(bus);
        r->machines = hashmap_new();
        if (!r->machines)
                return -ENOMEM;
        *ret = TAKE_PTR(r);
        return 0;
}

MachineRegistry *machine_registry_free(MachineRegistry *r) {
        Machine *m;

        if (!r)
                return NULL;
        for (size_t i = 0; r->machines && (m = hashmap_iterate(r->machines, &i));)
                machine_free(m);
        hashmap_free(r->machines);
        sd_bus_unref(r->bus);
        return mfree(r);
}
