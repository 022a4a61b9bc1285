/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "unit/machine.h"
#include "basic/fd.h"
#include "basic/list.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"

#define MACHINE_NAME "org.freedesktop.machine1"
#define MACHINE_PATH "/org/freedesktop/machine1"
#define MACHINE_MANAGER "org.freedesktop.machine1.Manager"
#define MACHINE_NAME_BYTES_MAX 64u
#define MACHINE_ID_BYTES 16u
#define CALLS_MAX 1024u

/* One registration or unregistration whose answer is on its way. */
typedef struct MachineCall {
        MachineRegistry *registry;
        char *name;
        char *root_directory;
        uint8_t id[MACHINE_ID_BYTES];
        pid_t leader;
        int pidfd;
        bool by_pidfd; /* RegisterMachineEx() of systemd 259 */
        sd_bus_slot *slot;
        LIST_FIELDS(struct MachineCall, calls);
} MachineCall;

struct MachineRegistry {
        sd_bus *bus;
        bool lacks_ex;
        unsigned n_calls;
        LIST_HEAD(MachineCall, calls);
};

static MachineCall *machine_call_free(MachineCall *c) {
        if (!c)
                return NULL;
        if (c->registry) {
                LIST_REMOVE(calls, c->registry->calls, c);
                c->registry->n_calls--;
        }
        sd_bus_slot_unref(c->slot);
        (void) fd_close(c->pidfd);
        free(c->root_directory);
        free(c->name);
        return mfree(c);
}

DEFINE_CLEANUP(MachineCall, machine_call_free)

static int machine_call_new(MachineRegistry *registry, const char *name, MachineCall **ret) {
        _cleanup_(machine_call_freep) MachineCall *c = NULL;

        if (registry->n_calls >= CALLS_MAX)
                return -E2BIG;
        c = new0(MachineCall, 1);
        if (!c)
                return -ENOMEM;
        c->pidfd = -EBADF;
        if (string_set(&c->name, name) < 0)
                return -ENOMEM;
        c->registry = registry;
        LIST_APPEND(calls, registry->calls, c);
        registry->n_calls++;
        *ret = TAKE_PTR(c);
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

static int machine_call_send_register(MachineCall *c);

static int on_registered(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_(machine_call_freep) MachineCall *c = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        int r;

        if (!e)
                return 0;
        if (c->by_pidfd && sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_METHOD)) {
                c->registry->lacks_ex = true;
                r = machine_call_send_register(c);
                if (r < 0)
                        log_warning_errno(r,
                                          "Cannot register container %s with systemd-machined, ignoring: %m",
                                          c->name);
                else
                        TAKE_PTR(c);
        } else if (machined_is_absent(e))
                log_debug("systemd-machined is not there, container %s is not registered: %s", c->name,
                          strempty(e->message));
        else
                log_warning("systemd-machined refuses to register container %s, ignoring: %s", c->name,
                            e->message ?: e->name);
        return 0;
}

static int on_unregistered(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_(machine_call_freep) MachineCall *c = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        /* It may well have noticed before we said so. */
        if (e)
                log_debug("systemd-machined did not unregister container %s, ignoring: %s", c->name,
                          e->message ?: e->name);
        return 0;
}

/* RegisterMachineEx(s name, a(sv) properties): the pidfd cannot come to mean another process on the way. */
static int machine_call_append_ex(MachineCall *c, sd_bus_message *m) {
        int r;

        r = sd_bus_message_append(m, "s", c->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "Id");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', c->id, sizeof(c->id));
        for (size_t i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)", "Service", "s", "creel", "Class", "s",
                                          "container", "LeaderPIDFD", "h", c->pidfd);
        if (r >= 0 && c->root_directory)
                r = sd_bus_message_append(m, "(sv)", "RootDirectory", "s", c->root_directory);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int machine_call_append(MachineCall *c, sd_bus_message *m) {
        int r;

        r = sd_bus_message_append(m, "s", c->name);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', c->id, sizeof(c->id));
        return r < 0 ? r
                     : sd_bus_message_append(m, "ssus", "creel", "container", (uint32_t) c->leader,
                                             strempty(c->root_directory));
}

static int machine_call_send_register(MachineCall *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        /* A message with an fd would wait right here for the bus to say hello. */
        c->by_pidfd = c->pidfd >= 0 && !c->registry->lacks_ex && sd_bus_is_ready(c->registry->bus) > 0;
        c->slot = sd_bus_slot_unref(c->slot);
        r = sd_bus_message_new_method_call(c->registry->bus, &m, MACHINE_NAME, MACHINE_PATH, MACHINE_MANAGER,
                                           c->by_pidfd ? "RegisterMachineEx" : "RegisterMachine");
        if (r >= 0)
                r = c->by_pidfd ? machine_call_append_ex(c, m) : machine_call_append(c, m);
        return r < 0 ? r : sd_bus_call_async(c->registry->bus, &c->slot, m, on_registered, c, 0);
}

static int hex_digit(char c) {
        const char *p = c ? strchr(LOWERCASE_HEX, c) : NULL;

        return p ? (int) (p - LOWERCASE_HEX) : -EINVAL;
}

static int machine_id_from_container_id(const char *container_id, uint8_t ret[static MACHINE_ID_BYTES]) {
        if (strlen(container_id) < 2 * MACHINE_ID_BYTES)
                return -EINVAL;
        for (size_t i = 0; i < MACHINE_ID_BYTES; i++) {
                int high = hex_digit(container_id[2 * i]), low = hex_digit(container_id[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                ret[i] = (uint8_t) (high << 4 | low);
        }
        return 0;
}

int machine_register(MachineRegistry *registry, const MachineSpec *spec) {
        _cleanup_(machine_call_freep) MachineCall *c = NULL;
        int r;

        if (!machine_name_is_valid(spec->name)) {
                log_debug("Container %s is not registered with systemd-machined, which wants the form of a "
                          "host name.",
                          spec->name);
                return 0;
        }
        r = machine_call_new(registry, spec->name, &c);
        if (r >= 0)
                r = machine_id_from_container_id(spec->container_id, c->id);
        if (r >= 0)
                r = string_set(&c->root_directory, spec->root_directory);
        if (r < 0)
                return r;
        c->leader = spec->leader;
        if (spec->leader_pidfd >= 0) {
                c->pidfd = fcntl(spec->leader_pidfd, F_DUPFD_CLOEXEC, 3);
                if (c->pidfd < 0)
                        return negative_errno();
        }
        r = machine_call_send_register(c);
        if (r < 0)
                return r;
        TAKE_PTR(c);
        return 1;
}

int machine_unregister(MachineRegistry *registry, const char *name) {
        _cleanup_(machine_call_freep) MachineCall *c = NULL;
        int r;

        if (!machine_name_is_valid(name))
                return 0;
        r = machine_call_new(registry, name, &c);
        if (r >= 0)
                r = sd_bus_call_method_async(registry->bus, &c->slot, MACHINE_NAME, MACHINE_PATH,
                                             MACHINE_MANAGER, "UnregisterMachine", on_unregistered, c, "s",
                                             name);
        if (r < 0)
                return r;
        TAKE_PTR(c);
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
        MachineRegistry *r = new0(MachineRegistry, 1);

        if (!r)
                return -ENOMEM;
        r->bus = sd_bus_ref(bus);
        *ret = r;
        return 0;
}

MachineRegistry *machine_registry_free(MachineRegistry *r) {
        if (!r)
                return NULL;
        while (r->calls)
                machine_call_free(r->calls);
        sd_bus_unref(r->bus);
        return mfree(r);
}
