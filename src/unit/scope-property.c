/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "unit/scope-property.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/variant.h"
#include "unit/systemd-internal.h"

#define DEFAULT_SLICE "machine.slice"

/* Read and write access beyond what DevicePolicy=closed grants (null, zero, full, random, urandom, tty,
 * ptmx), and the creation of any node, which layers need and which by itself opens nothing. As docker and
 * podman have it. */
static const struct {
        const char *node, *access;
} device_allow[] = {
                {"char-pts", "rwm"},
                {"char-*", "m"},
                {"block-*", "m"},
};

/* At shutdown units stop in the reverse of this order: containers, then who looks after them, then the bus.
 */
static const char *const after[] = {"creeld.service", "dbus.service", "dbus.socket"};

ScopeSpec *scope_spec_free(ScopeSpec *spec) {
        if (!spec)
                return NULL;
        free((char *) spec->unit);
        free((char *) spec->slice);
        free((char *) spec->description);
        (void) strv_free((char **) spec->device_allow);
        (void) fd_close(spec->pidfd);
        unit_properties_done(&spec->properties);
        return mfree(spec);
}

static int copy_string(const char **dest, const char *s) {
        char *copy = s ? strdup(s) : NULL;

        if (s && !copy)
                return -ENOMEM;
        *dest = copy;
        return 0;
}

int scope_spec_copy(const ScopeSpec *spec, ScopeSpec **ret) {
        _cleanup_(scope_spec_freep) ScopeSpec *s = NULL;

        s = new0(ScopeSpec, 1);
        if (!s)
                return -ENOMEM;
        *s = *spec;
        s->unit = s->slice = s->description = NULL;
        s->pidfd = -EBADF;
        s->properties = (UnitProperties){};
        s->device_allow = NULL;
        if (strv_copy(spec->device_allow, (char ***) &s->device_allow) < 0)
                return -ENOMEM;
        if (copy_string(&s->unit, spec->unit) < 0 || copy_string(&s->slice, spec->slice) < 0 ||
            copy_string(&s->description, spec->description) < 0)
                return -ENOMEM;
        if (unit_properties_copy(&spec->properties, &s->properties) < 0)
                return -ENOMEM;
        if (spec->pidfd >= 0) {
                s->pidfd = fcntl(spec->pidfd, F_DUPFD_CLOEXEC, 3);
                if (s->pidfd < 0)
                        return negative_errno();
        }
        *ret = TAKE_PTR(s);
        return 0;
}

static int append_boolean(sd_bus_message *m, const char *name, bool value) {
        return sd_bus_message_append(m, "(sv)", name, "b", (int) value);
}

static int append_string(sd_bus_message *m, const char *name, const char *value) {
        return sd_bus_message_append(m, "(sv)", name, "s", value);
}

static int append_u64(sd_bus_message *m, const char *name, uint64_t value) {
        return sd_bus_message_append(m, "(sv)", name, "t", value);
}

static int append_process(sd_bus_message *m, const ScopeSpec *spec, bool use_pidfd) {
        if (use_pidfd && spec->pidfd >= 0)
                return sd_bus_message_append(m, "(sv)", "PIDFDs", "ah", 1, spec->pidfd);
        return sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t) spec->pid);
}

/* Who is in which cgroup below the scope is ours to say (Delegate). Accounting is what `stats` will read.
 *
 * Stopping: a scope has no main process, so with KillMode=mixed nobody would get the first signal and
 * systemd would send SIGKILL at once; and Controller= (RequestStop) is not for private connections, and is
 * forgotten when creeld restarts. So every process of the scope gets KillSignal, and the supervisor in it is
 * the one that acts: it sends the container's own stop signal and waits for it, with or without creeld. */
static int append_life(sd_bus_message *m, const ScopeSpec *spec, unsigned version) {
        static const char *const accounting[] = {"CPUAccounting", "MemoryAccounting", "TasksAccounting",
                                                 "IOAccounting"};
        int r;

        r = unit_properties_find(&spec->properties, "Description")
                            ? 0
                            : append_string(m, "Description", spec->description ?: spec->unit);
        if (r >= 0)
                r = append_string(m, "Slice", spec->slice ?: DEFAULT_SLICE);
        if (r >= 0)
                r = append_boolean(m, "Delegate", true);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(accounting); i++)
                r = append_boolean(m, accounting[i], true);
        if (r >= 0 && spec->as_given)
                return append_boolean(m, "DefaultDependencies", false);
        if (r >= 0)
                r = append_string(m, "CollectMode", "inactive-or-failed");
        if (r >= 0)
                r = append_string(m, "KillMode", "control-group");
        if (r >= 0 && spec->kill_signal > 0)
                r = sd_bus_message_append(m, "(sv)", "KillSignal", "i", (int32_t) spec->kill_signal);
        if (r >= 0)
                r = append_boolean(m, "SendSIGHUP", false);
        if (r >= 0 && spec->timeout_stop_usec > 0)
                r = append_u64(m, "TimeoutStopUSec", spec->timeout_stop_usec);
        /* One process that runs out of memory is the container's own business. */
        if (r >= 0 && version >= SYSTEMD_VERSION_OOM_POLICY)
                r = append_string(m, "OOMPolicy", "continue");
        return r;
}

static int append_order(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "After");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(after); i++)
                r = sd_bus_message_append(m, "s", after[i]);
        for (size_t i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_device(sd_bus_message *m, const char *rule) {
        const char *blank = strrchr(rule, ' ');
        _cleanup_free_ char *node = blank ? strndup(rule, (size_t) (blank - rule)) : NULL;

        if (!node)
                return blank ? -ENOMEM : -EINVAL;
        return sd_bus_message_append(m, "(ss)", node, blank + 1);
}

static int append_devices(sd_bus_message *m, const ScopeSpec *spec) {
        int r;

        if (spec->all_devices)
                return append_string(m, "DevicePolicy", "auto");
        r = append_string(m, "DevicePolicy", "closed");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "DeviceAllow");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(ss)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(device_allow); i++)
                r = sd_bus_message_append(m, "(ss)", device_allow[i].node, device_allow[i].access);
        STRV_FOREACH(i, spec->device_allow)
                if (r >= 0)
                        r = append_device(m, *i);
        for (size_t i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_device_limits(sd_bus_message *m, const UnitProperty *p, size_t n) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", p->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(st)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(st)");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(m, "(st)", p->devices[i].path, p->devices[i].value);
        for (size_t i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_bitmap(sd_bus_message *m, const UnitProperty *p) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", p->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', p->bitmap, p->bitmap_size);
        for (size_t i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_token(sd_bus_message *m, const VariantToken *t) {
        union {
                uint8_t y;
                int16_t n;
                int32_t i;
                uint64_t t;
        } value = { .t = t->bits };

        switch (t->type) {
        case 'a':
        case '(':
                return sd_bus_message_open_container(m, t->type == '(' ? 'r' : 'a', t->text);
        case ')':
                return sd_bus_message_close_container(m);
        case 's':
        case 'o':
        case 'g':
                return sd_bus_message_append_basic(m, t->type, t->text);
        case 'd':
                return sd_bus_message_append_basic(m, t->type, &t->real);
        case 'b':
                value.i = (int32_t) t->bits;
                break;
        case 'y':
                value.y = (uint8_t) t->bits;
                break;
        case 'n':
        case 'q':
                value.n = (int16_t) t->bits;
                break;
        case 'i':
        case 'u':
                value.i = (int32_t) t->bits;
                break;
        default:
                break;
        }
        return sd_bus_message_append_basic(m, t->type, &value);
}

static int append_variant(sd_bus_message *m, const UnitProperty *p) {
        _cleanup_(variant_done) Variant v = {};
        int r;

        r = variant_parse(p->string, &v);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", p->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', v.signature);
        for (size_t i = 0; r >= 0 && i < v.n; i++)
                r = append_token(m, v.tokens + i);
        for (size_t i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_unit_property(sd_bus_message *m, const UnitProperty *p, bool replace) {
        int r = 0;

        switch (p->kind) {
        case UNIT_PROPERTY_BOOLEAN:
                return append_boolean(m, p->name, p->number > 0);
        case UNIT_PROPERTY_NUMBER:
                return append_u64(m, p->name, p->number);
        case UNIT_PROPERTY_STRING:
                return append_string(m, p->name, p->string);
        case UNIT_PROPERTY_BITMAP:
                return append_bitmap(m, p);
        case UNIT_PROPERTY_DEVICES:
                if (replace) /* an empty list clears, any other adds */
                        r = append_device_limits(m, p, 0);
                return r < 0 ? r : append_device_limits(m, p, p->n_devices);
        case UNIT_PROPERTY_VARIANT:
                return append_variant(m, p);
        case _UNIT_PROPERTY_KIND_MAX:
        default:
                return -EINVAL;
        }
}

static int append_items(sd_bus_message *m, const UnitProperties *properties, bool replace) {
        for (size_t i = 0; i < properties->n; i++) {
                int r = append_unit_property(m, properties->items + i, replace);

                if (r < 0)
                        return r;
        }
        return 0;
}

int scope_append_unit_properties(sd_bus_message *m, const UnitProperties *properties, bool replace) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_items(m, properties, replace);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int scope_append_properties(sd_bus_message *m, const ScopeSpec *spec, unsigned version, bool use_pidfd) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_process(m, spec, use_pidfd);
        if (r >= 0)
                r = append_life(m, spec, version);
        if (r >= 0)
                r = spec->as_given ? 0 : append_order(m);
        if (r >= 0)
                r = append_devices(m, spec);
        if (r >= 0)
                r = append_items(m, &spec->properties, false);
        return r < 0 ? r : sd_bus_message_close_container(m);
}
