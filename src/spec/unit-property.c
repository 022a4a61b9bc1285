/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/unit-property.h"
#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "spec/cpu-set.h"

static void unit_property_done(UnitProperty *p) {
        free(p->string);
        free(p->bitmap);
        for (size_t i = 0; i < p->n_devices; i++)
                free(p->devices[i].path);
        free(p->devices);
}

void unit_properties_done(UnitProperties *p) {
        for (size_t i = 0; i < p->n; i++)
                unit_property_done(p->items + i);
        free(p->items);
        *p = (UnitProperties){};
}

const UnitProperty *unit_properties_find(const UnitProperties *p, const char *name) {
        for (size_t i = 0; i < p->n; i++)
                if (streq(p->items[i].name, name))
                        return p->items + i;
        return NULL;
}

static int add(UnitProperties *p, const char *name, UnitPropertyKind kind, UnitProperty **ret) {
        if (unit_properties_find(p, name))
                return -EEXIST;
        if (!GREEDY_REALLOC(p->items, p->n_allocated, p->n + 1))
                return -ENOMEM;
        p->items[p->n] = (UnitProperty){ .name = name, .kind = kind };
        *ret = p->items + p->n++;
        return 0;
}

int unit_properties_add_boolean(UnitProperties *p, const char *name, bool value) {
        UnitProperty *item;
        int r;

        r = add(p, name, UNIT_PROPERTY_BOOLEAN, &item);
        if (r >= 0)
                item->number = value;
        return r;
}

int unit_properties_add_number(UnitProperties *p, const char *name, uint64_t value) {
        UnitProperty *item;
        int r;

        r = add(p, name, UNIT_PROPERTY_NUMBER, &item);
        if (r >= 0)
                item->number = value;
        return r;
}

static int add_text(UnitProperties *p, const char *name, UnitPropertyKind kind, const char *value) {
        _cleanup_free_ char *copy = strdup(value);
        UnitProperty *item;
        int r;

        if (!copy)
                return -ENOMEM;
        r = add(p, name, kind, &item);
        if (r >= 0)
                item->string = TAKE_PTR(copy);
        return r;
}

int unit_properties_add_string(UnitProperties *p, const char *name, const char *value) {
        return add_text(p, name, UNIT_PROPERTY_STRING, value);
}

int unit_properties_add_variant(UnitProperties *p, const char *name, const char *text) {
        return add_text(p, name, UNIT_PROPERTY_VARIANT, text);
}

int unit_properties_add_set(UnitProperties *p, const char *name, const cpu_set_t *set) {
        _cleanup_free_ uint8_t *bitmap = new0(uint8_t, CPU_SETSIZE / 8);
        UnitProperty *item;
        size_t size = 0;
        int r;

        if (!bitmap)
                return -ENOMEM;
        for (size_t i = 0; i < CPU_SETSIZE; i++)
                if (CPU_ISSET(i, set)) {
                        bitmap[i / 8] |= (uint8_t) (1u << i % 8);
                        size = i / 8 + 1;
                }
        r = add(p, name, UNIT_PROPERTY_BITMAP, &item);
        if (r < 0)
                return r;
        item->bitmap = TAKE_PTR(bitmap);
        item->bitmap_size = size;
        return 0;
}

static int item_add_device(UnitProperty *item, const char *path, uint64_t value) {
        char *copy;

        for (size_t i = 0; i < item->n_devices; i++)
                if (streq(item->devices[i].path, path)) {
                        item->devices[i].value = value;
                        return 0;
                }
        if (!GREEDY_REALLOC(item->devices, item->n_devices_allocated, item->n_devices + 1))
                return -ENOMEM;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        item->devices[item->n_devices++] = (UnitPropertyDevice){ copy, value };
        return 0;
}

int unit_properties_add_device(UnitProperties *p, const char *name, const char *path, uint64_t value) {
        UnitProperty *item = (UnitProperty *) unit_properties_find(p, name);
        int r;

        if (item && item->kind != UNIT_PROPERTY_DEVICES)
                return -EEXIST;
        if (!item) {
                r = add(p, name, UNIT_PROPERTY_DEVICES, &item);
                if (r < 0)
                        return r;
        }
        return item_add_device(item, path, value);
}

static int add_copy(UnitProperties *p, const UnitProperty *other) {
        UnitProperty *item;
        int r;

        r = add(p, other->name, other->kind, &item);
        if (r < 0)
                return r;
        item->number = other->number;
        r = string_set(&item->string, other->string);
        if (r >= 0 && other->bitmap_size > 0) {
                item->bitmap = new (uint8_t, other->bitmap_size);
                if (!item->bitmap)
                        return -ENOMEM;
                memcpy(item->bitmap, other->bitmap, other->bitmap_size);
                item->bitmap_size = other->bitmap_size;
        }
        for (size_t i = 0; r >= 0 && i < other->n_devices; i++)
                r = item_add_device(item, other->devices[i].path, other->devices[i].value);
        return r;
}

static bool is_equal(const UnitProperty *a, const UnitProperty *b) {
        if (a->kind != b->kind || a->number != b->number || !streq_ptr(a->string, b->string) ||
            a->bitmap_size != b->bitmap_size || a->n_devices != b->n_devices ||
            (a->bitmap_size > 0 && memcmp(a->bitmap, b->bitmap, a->bitmap_size) != 0))
                return false;
        for (size_t i = 0; i < a->n_devices; i++)
                if (!streq(a->devices[i].path, b->devices[i].path) ||
                    a->devices[i].value != b->devices[i].value)
                        return false;
        return true;
}

int unit_properties_difference(const UnitProperties *old, const UnitProperties *new, UnitProperties *ret) {
        _cleanup_(unit_properties_done) UnitProperties p = {};

        for (size_t i = 0; i < new->n; i++) {
                const UnitProperty *before = unit_properties_find(old, new->items[i].name);
                int r;

                if (before && is_equal(before, new->items + i))
                        continue;
                r = add_copy(&p, new->items + i);
                if (r < 0)
                        return r;
        }
        *ret = p;
        p = (UnitProperties){};
        return 0;
}

int unit_properties_copy(const UnitProperties *p, UnitProperties *ret) {
        return unit_properties_difference(&(const UnitProperties){}, p, ret);
}

typedef struct Row {
        const char *name; /* in unit files */
        const char *property;
        int (*parse)(UnitProperties *p, const struct Row *row, const char *value);
        const char *hint;
} Row;

static int parse_boolean_value(UnitProperties *p, const Row *row, const char *value) {
        bool b;
        int r;

        r = parse_boolean(value, &b);
        return r < 0 ? r : unit_properties_add_boolean(p, row->property, b);
}

static int parse_amount(UnitProperties *p, const Row *row, const char *value) {
        uint64_t n = UINT64_MAX;
        int r;

        r = streq(value, "infinity") ? 0 : parse_bytes(value, &n);
        return r < 0 ? r : unit_properties_add_number(p, row->property, n);
}

static int parse_number(UnitProperties *p, const Row *row, const char *value) {
        uint64_t n = UINT64_MAX;
        int r;

        r = streq(value, "infinity") ? 0 : parse_u64(value, &n);
        if (r < 0)
                return r;
        return n == 0 ? -EINVAL : unit_properties_add_number(p, row->property, n);
}

static bool weight_is_valid(uint64_t n) {
        return n >= 1 && n <= 10000;
}

static int parse_weight(UnitProperties *p, const Row *row, const char *value) {
        uint64_t n;
        int r;

        r = parse_u64(value, &n);
        if (r < 0)
                return r;
        return weight_is_valid(n) ? unit_properties_add_number(p, row->property, n) : -EINVAL;
}

/* "150%" of one CPU. */
static int parse_quota(UnitProperties *p, const Row *row, const char *value) {
        _cleanup_free_ char *number = NULL;
        uint64_t n;
        int r;

        if (streq(value, "infinity"))
                return unit_properties_add_number(p, row->property, UINT64_MAX);
        if (!endswith(value, "%"))
                return -EINVAL;
        number = strndup(value, strlen(value) - 1);
        if (!number)
                return -ENOMEM;
        r = parse_u64(number, &n);
        if (r < 0)
                return r;
        return n == 0 || n > 819200 ? -EINVAL
                                    : unit_properties_add_number(p, row->property, n * USEC_PER_SEC / 100);
}

static int parse_time(UnitProperties *p, const Row *row, const char *value) {
        uint64_t usec = UINT64_MAX;
        int r;

        r = streq(value, "infinity") ? 0 : clock_parse_seconds(value, &usec);
        if (r == -EINVAL)
                r = clock_parse_duration(value, &usec);
        if (r < 0)
                return r;
        return usec == 0 ? -EINVAL : unit_properties_add_number(p, row->property, usec);
}

static int parse_set(UnitProperties *p, const Row *row, const char *value) {
        cpu_set_t set;
        int r;

        r = cpu_set_parse(value, &set);
        return r < 0 ? r : unit_properties_add_set(p, row->property, &set);
}

static int parse_text(UnitProperties *p, const Row *row, const char *value) {
        return *value && !strchr(value, '\n') ? unit_properties_add_string(p, row->property, value)
                                              : -EINVAL;
}

static int parse_auto(UnitProperties *p, const Row *row, const char *value) {
        return streq(value, "auto") || streq(value, "kill") ? parse_text(p, row, value) : -EINVAL;
}

static int parse_preference(UnitProperties *p, const Row *row, const char *value) {
        return streq(value, "none") || streq(value, "avoid") || streq(value, "omit")
                               ? parse_text(p, row, value)
                               : -EINVAL;
}

/* "/dev/sda 10M" */
static int parse_device(UnitProperties *p, const Row *row, const char *value) {
        const char *blank = strrchr(value, ' ');
        _cleanup_free_ char *path = NULL;
        uint64_t n = UINT64_MAX;
        int r;

        if (*value != '/' || !blank)
                return -EINVAL;
        path = strndup(value, strcspn(value, " "));
        if (!path)
                return -ENOMEM;
        r = streq(blank + 1, "infinity") ? 0 : parse_bytes(blank + 1, &n);
        if (r < 0)
                return r;
        if (n == 0 || (streq(row->name, "IODeviceWeight") && !weight_is_valid(n)))
                return -EINVAL;
        return unit_properties_add_device(p, row->property, path, n);
}

#define HINT_BYTES "must be a number of bytes, with a suffix K, M, G or T if you like, or infinity"
#define HINT_WEIGHT "must be a weight from 1 to 10000"
#define HINT_SET "must be a list such as 0-3,7"
#define HINT_DEVICE "must be a device and a value, such as '/dev/sda 10M'"
#define HINT_TIME "must be a time, such as 30s, or infinity"
#define HINT_AUTO "must be auto or kill"

static const Row rows[] = {
        { "AllowedCPUs", "AllowedCPUs", parse_set, HINT_SET },
        { "AllowedMemoryNodes", "AllowedMemoryNodes", parse_set, HINT_SET },
        { "CPUQuota", "CPUQuotaPerSecUSec", parse_quota, "must be a percentage of one CPU, such as 150%" },
        { "CPUQuotaPeriodSec", "CPUQuotaPeriodUSec", parse_time, HINT_TIME },
        { "CPUWeight", "CPUWeight", parse_weight, HINT_WEIGHT },
        { "Description", "Description", parse_text, "must be one line of text" },
        { "IODeviceWeight", "IODeviceWeight", parse_device, HINT_DEVICE },
        { "IOReadBandwidthMax", "IOReadBandwidthMax", parse_device, HINT_DEVICE },
        { "IOReadIOPSMax", "IOReadIOPSMax", parse_device, HINT_DEVICE },
        { "IOWeight", "IOWeight", parse_weight, HINT_WEIGHT },
        { "IOWriteBandwidthMax", "IOWriteBandwidthMax", parse_device, HINT_DEVICE },
        { "IOWriteIOPSMax", "IOWriteIOPSMax", parse_device, HINT_DEVICE },
        { "IPAccounting", "IPAccounting", parse_boolean_value, "must be a boolean" },
        { "ManagedOOMMemoryPressure", "ManagedOOMMemoryPressure", parse_auto, HINT_AUTO },
        { "ManagedOOMPreference", "ManagedOOMPreference", parse_preference, "must be none, avoid or omit" },
        { "ManagedOOMSwap", "ManagedOOMSwap", parse_auto, HINT_AUTO },
        { "MemoryHigh", "MemoryHigh", parse_amount, HINT_BYTES },
        { "MemoryLow", "MemoryLow", parse_amount, HINT_BYTES },
        { "MemoryMax", "MemoryMax", parse_amount, HINT_BYTES },
        { "MemoryMin", "MemoryMin", parse_amount, HINT_BYTES },
        { "MemorySwapMax", "MemorySwapMax", parse_amount, HINT_BYTES },
        { "RuntimeMaxSec", "RuntimeMaxUSec", parse_time, HINT_TIME },
        { "TasksMax", "TasksMax", parse_number, "must be a number of at least 1, or infinity" },
};

int unit_properties_parse(UnitProperties *p, const char *assignment, const char **reterr_hint) {
        const char *equals = strchr(assignment, '=');
        int r;

        *reterr_hint = "must be NAME=VALUE, with a property of systemd.resource-control(5)";
        for (size_t i = 0; equals && i < ELEMENTSOF(rows); i++) {
                if (strlen(rows[i].name) != (size_t) (equals - assignment) ||
                    !startswith(assignment, rows[i].name))
                        continue;
                *reterr_hint = rows[i].hint;
                r = rows[i].parse(p, rows + i, equals + 1);
                return r == -ENOMEM || r == -EEXIST ? r : MIN(r, 0) < 0 ? -EINVAL : 0;
        }
        return -EINVAL;
}
