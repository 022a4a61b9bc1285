/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/json.h"
#include "spec/runtime-resource.h"

#define CPU_SHARES_MIN 2
#define CPU_SHARES_MAX 262144
#define DEVICE_NUMBER_MAX UINT32_MAX
#define BLOCK_WEIGHT_MIN 10
#define BLOCK_WEIGHT_MAX 1000
#define RDMA_NAME_BYTES_MAX 64
#define PAGE_SIZE_BYTES_MAX 16

#define VERSION_1_ONLY "only version 1 of cgroups can do this, and this is version 2"

typedef struct Reader {
        RuntimeResources *resources;
        const char **ret_key, **reterr_text;
} Reader;

static int refuse(Reader *d, const char *key, const char *text) {
        *d->ret_key = key;
        *d->reterr_text = text;
        return -EBADMSG;
}

/* As json_get(); absent is 0, there is 1. */
static int member(Reader *d, json_object *o, const char *name, json_type type, const char *key,
                  json_object **ret) {
        int r;

        r = json_get(o, name, type, ret);
        if (r == -ENODATA)
                return 0;
        return r < 0 ? refuse(d, key, "has the wrong type") : 1;
}

/* The whole range of int64_t, unlike json_get_i64(). Absent is 0, there is 1. */
static int read_number(Reader *d, json_object *o, const char *name, const char *key, int64_t *ret) {
        json_object *v;
        int r;

        r = member(d, o, name, json_type_int, key, &v);
        if (r <= 0)
                return r;
        if (json_object_get_uint64(v) > INT64_MAX)
                return refuse(d, key, "is too large a number");
        *ret = json_object_get_int64(v);
        return 1;
}

static int read_ranged(Reader *d, json_object *o, const char *name, const char *key, int64_t min,
                       int64_t max, int64_t *ret) {
        int64_t v;
        int r;

        r = read_number(d, o, name, key, &v);
        if (r <= 0)
                return r;
        if (v < min || v > max)
                return refuse(d, key, "is out of range");
        *ret = v;
        return 1;
}

typedef struct NumberRow {
        const char *object, *name, *key;
        size_t offset; /* of a RuntimeNumber */
        int64_t min, max;
        bool zero_is_none;     /* 0 is as good as absent */
        bool negative_is_none; /* any negative number means no limit */
} NumberRow;

#define MEMBER(m) offsetof(RuntimeResources, m)

static const NumberRow number_rows[] = {
        { "memory", "limit", "memory.limit", MEMBER(memory_limit), -1, INT64_MAX, true, false },
        { "memory", "reservation", "memory.reservation", MEMBER(memory_reservation), -1, INT64_MAX, true,
          false },
        { "memory", "swap", "memory.swap", MEMBER(memory_swap), -1, INT64_MAX, false, false },
        { "cpu", "shares", "cpu.shares", MEMBER(cpu_shares), 0, INT64_MAX, true, false },
        { "cpu", "quota", "cpu.quota", MEMBER(cpu_quota), INT64_MIN, INT64_MAX, true, true },
        { "cpu", "period", "cpu.period", MEMBER(cpu_period), 0, INT64_MAX, true, false },
        { "cpu", "burst", "cpu.burst", MEMBER(cpu_burst), 0, INT64_MAX, false, false },
        { "cpu", "idle", "cpu.idle", MEMBER(cpu_idle), 0, 1, false, false },
        { "pids", "limit", "pids.limit", MEMBER(pids_limit), INT64_MIN, INT64_MAX, true, true },
        { "blockIO", "weight", "blockIO.weight", MEMBER(block_weight), 0, BLOCK_WEIGHT_MAX, true, false },
};

/* What version 2 of cgroups has nothing for. */
static const struct {
        const char *object, *name, *key;
        int64_t harmless_max; /* up to this nothing is asked for */
} refused_rows[] = {
        { "memory", "kernel", "memory.kernel", 0 },
        { "memory", "kernelTCP", "memory.kernelTCP", 0 },
        { "memory", "swappiness", "memory.swappiness", -1 },
        { "cpu", "realtimeRuntime", "cpu.realtimeRuntime", 0 },
        { "cpu", "realtimePeriod", "cpu.realtimePeriod", 0 },
        { "blockIO", "leafWeight", "blockIO.leafWeight", 0 },
        { "network", "classID", "network.classID", 0 },
};

static const char *const object_names[] = {
        "memory", "cpu", "pids", "blockIO", "network", "rdma", "unified"
};

static int read_numbers(Reader *d, json_object *o) {
        int r;

        for (size_t i = 0; i < ELEMENTSOF(number_rows); i++) {
                const NumberRow *row = number_rows + i;
                RuntimeNumber *n = (RuntimeNumber *) ((char *) d->resources + row->offset);
                json_object *parent;
                int64_t v;

                if (json_get(o, row->object, json_type_object, &parent) < 0)
                        continue;
                r = read_ranged(d, parent, row->name, row->key, row->min, row->max, &v);
                if (r < 0)
                        return r;
                if (r > 0 && (v != 0 || !row->zero_is_none))
                        *n = (RuntimeNumber){ .set = true,
                                              .value = v < 0 && row->negative_is_none ? -1 : v };
        }
        for (size_t i = 0; i < ELEMENTSOF(refused_rows); i++) {
                json_object *parent;
                int64_t v;

                if (json_get(o, refused_rows[i].object, json_type_object, &parent) < 0)
                        continue;
                r = read_number(d, parent, refused_rows[i].name, refused_rows[i].key, &v);
                if (r < 0)
                        return r;
                if (r > 0 && v > refused_rows[i].harmless_max)
                        return refuse(d, refused_rows[i].key, VERSION_1_ONLY);
        }
        return 0;
}

static int read_flag(Reader *d, json_object *o, const char *name, const char *key, bool *ret) {
        json_object *v;
        int r;

        r = member(d, o, name, json_type_boolean, key, &v);
        if (r > 0)
                *ret = json_object_get_boolean(v);
        return r;
}

static int read_memory(Reader *d, json_object *o) {
        bool disabled = false, hierarchy;
        json_object *memory;
        int r;

        if (json_get(o, "memory", json_type_object, &memory) < 0)
                return 0;
        r = read_flag(d, memory, "checkBeforeUpdate", "memory.checkBeforeUpdate",
                      &d->resources->memory_check_before_update);
        if (r >= 0)
                r = read_flag(d, memory, "useHierarchy", "memory.useHierarchy", &hierarchy);
        if (r >= 0)
                r = read_flag(d, memory, "disableOOMKiller", "memory.disableOOMKiller", &disabled);
        if (r < 0)
                return r;
        return disabled ? refuse(d, "memory.disableOOMKiller", VERSION_1_ONLY) : 0;
}

static int read_cpu_list(Reader *d, json_object *cpu, const char *name, const char *key, char **ret) {
        const char *s;
        int r;

        r = json_get_string(cpu, name, &s);
        if (r == -ENODATA)
                return 0;
        if (r < 0)
                return refuse(d, key, "has the wrong type");
        if (isempty(s))
                return 0;
        if (!string_in_charset(s, DIGITS ",-: \n"))
                return refuse(d, key, "is not a list of numbers and ranges");
        return string_set(ret, s);
}

static int read_cpu(Reader *d, json_object *o) {
        RuntimeResources *v = d->resources;
        json_object *cpu;
        int r;

        if (json_get(o, "cpu", json_type_object, &cpu) < 0)
                return 0;
        r = read_cpu_list(d, cpu, "cpus", "cpu.cpus", &v->cpus);
        if (r >= 0)
                r = read_cpu_list(d, cpu, "mems", "cpu.mems", &v->mems);
        if (r < 0)
                return r;
        if (v->cpu_shares.set)
                v->cpu_shares.value = MAX(CPU_SHARES_MIN, MIN(CPU_SHARES_MAX, v->cpu_shares.value));
        if (v->cpu_quota.set && v->cpu_quota.value > 0 && v->cpu_burst.value > v->cpu_quota.value)
                return refuse(d, "cpu.burst", "is more than the quota");
        return 0;
}

typedef int (*ReadFunc)(Reader *d, json_object *o, void *element, const char *key);

/* Reads each object of the member array @name behind the @n elements of *@array that are there already. */
static int read_list(Reader *d, json_object *o, const char *name, const char *key, ReadFunc read,
                     void *array, size_t *n, size_t size) {
        char **a = array, *p;
        json_object *list;
        size_t count;
        int r;

        r = member(d, o, name, json_type_array, key, &list);
        if (r <= 0)
                return r;
        count = json_object_array_length(list);
        if (count > RUNTIME_RESOURCE_LIST_MAX)
                return refuse(d, key, "has too many entries");
        p = reallocarray(*a, *n + count + 1, size);
        if (!p)
                return -ENOMEM;
        *a = p;
        memset(p + *n * size, 0, (count + 1) * size);
        for (size_t i = 0; i < count; i++) {
                json_object *e = json_object_array_get_idx(list, i);

                if (!json_object_is_type(e, json_type_object))
                        return refuse(d, key, "each entry must be an object");
                /* Counted before it is read: what it owns by then has to be freed. */
                r = read(d, e, p + (*n)++ * size, key);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_access(Reader *d, const char *access, RuntimeDeviceRule *rule, const char *key) {
        for (; *access; access++)
                switch (*access) {
                case 'r':
                        rule->read = true;
                        break;
                case 'w':
                        rule->write = true;
                        break;
                case 'm':
                        rule->mknod = true;
                        break;
                default:
                        return refuse(d, key, "\"access\" is made of r, w and m");
                }
        return 0;
}

static int read_device_rule(Reader *d, json_object *o, void *element, const char *key) {
        RuntimeDeviceRule *rule = element;
        const char *type = "a", *access = "rwm";
        int r;

        *rule = (RuntimeDeviceRule){ .major = -1, .minor = -1 };
        if (json_get_boolean(o, "allow", &rule->allow) < 0)
                return refuse(d, key, "each entry needs \"allow\", true or false");
        r = json_get_string(o, "type", &type);
        if (r == -EBADMSG || (*type && !streq(type, "a") && !streq(type, "b") && !streq(type, "c")))
                return refuse(d, key, "\"type\" is one of a, b and c");
        rule->type = *type ? *type : 'a';
        r = read_ranged(d, o, "major", key, -1, DEVICE_NUMBER_MAX, &rule->major);
        if (r >= 0)
                r = read_ranged(d, o, "minor", key, -1, DEVICE_NUMBER_MAX, &rule->minor);
        if (r < 0)
                return r;
        r = json_get_string(o, "access", &access);
        if (r == -EBADMSG)
                return refuse(d, key, "\"access\" is made of r, w and m");
        return read_access(d, *access ? access : "rwm", rule, key);
}

static int read_device_numbers(Reader *d, json_object *o, const char *key, uint32_t *ret_major,
                               uint32_t *ret_minor) {
        int64_t major, minor;
        int r;

        r = read_ranged(d, o, "major", key, 0, DEVICE_NUMBER_MAX, &major);
        if (r > 0)
                r = read_ranged(d, o, "minor", key, 0, DEVICE_NUMBER_MAX, &minor);
        if (r < 0)
                return r;
        if (r == 0)
                return refuse(d, key, "each entry needs \"major\" and \"minor\"");
        *ret_major = (uint32_t) major;
        *ret_minor = (uint32_t) minor;
        return 0;
}

static int read_block_weight(Reader *d, json_object *o, void *element, const char *key) {
        RuntimeBlockWeight *w = element;
        int64_t leaf = 0;
        int r;

        r = read_device_numbers(d, o, key, &w->major, &w->minor);
        if (r >= 0)
                r = read_ranged(d, o, "leafWeight", key, 0, BLOCK_WEIGHT_MAX, &leaf);
        if (r < 0)
                return r;
        if (leaf > 0)
                return refuse(d, key, "\"leafWeight\": " VERSION_1_ONLY);
        r = read_ranged(d, o, "weight", key, BLOCK_WEIGHT_MIN, BLOCK_WEIGHT_MAX, &w->weight.value);
        if (r < 0)
                return r;
        w->weight.set = r > 0;
        return r > 0 ? 0 : refuse(d, key, "each entry needs \"weight\"");
}

static int read_throttle(Reader *d, json_object *o, void *element, const char *key) {
        RuntimeThrottle *t = element;
        int r;

        r = read_device_numbers(d, o, key, &t->major, &t->minor);
        if (r < 0)
                return r;
        return json_get_u64(o, "rate", &t->rate) < 0 ? refuse(d, key, "each entry needs a \"rate\"") : 0;
}

static int read_block_io(Reader *d, json_object *o) {
        static const struct {
                const char *name, *key;
        } throttles[] = {
                [RUNTIME_THROTTLE_READ_BPS] = { "throttleReadBpsDevice", "blockIO.throttleReadBpsDevice" },
                [RUNTIME_THROTTLE_WRITE_BPS] = { "throttleWriteBpsDevice",
                                                 "blockIO.throttleWriteBpsDevice" },
                [RUNTIME_THROTTLE_READ_IOPS] = { "throttleReadIOPSDevice",
                                                 "blockIO.throttleReadIOPSDevice" },
                [RUNTIME_THROTTLE_WRITE_IOPS] = { "throttleWriteIOPSDevice",
                                                  "blockIO.throttleWriteIOPSDevice" },
        };
        static_assert(ELEMENTSOF(throttles) == _RUNTIME_THROTTLE_MAX, "throttles is not full");
        RuntimeResources *v = d->resources;
        json_object *io;
        int r;

        if (json_get(o, "blockIO", json_type_object, &io) < 0)
                return 0;
        if (v->block_weight.set && v->block_weight.value < BLOCK_WEIGHT_MIN)
                return refuse(d, "blockIO.weight", "is out of range");
        r = read_list(d, io, "weightDevice", "blockIO.weightDevice", read_block_weight, &v->block_weights,
                      &v->n_block_weights, sizeof(RuntimeBlockWeight));
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(throttles); i++) {
                size_t before = v->n_throttles;

                r = read_list(d, io, throttles[i].name, throttles[i].key, read_throttle, &v->throttles,
                              &v->n_throttles, sizeof(RuntimeThrottle));
                for (; before < v->n_throttles; before++)
                        v->throttles[before].kind = (RuntimeThrottleKind) i;
        }
        return r;
}

/* As the kernel writes them: "64KB", "2MB", "1GB". They become part of a file's name. */
static bool page_size_is_valid(const char *s) {
        size_t n = strspn(s, DIGITS);

        return n > 0 && *s != '0' && n <= PAGE_SIZE_BYTES_MAX &&
               (streq(s + n, "KB") || streq(s + n, "MB") || streq(s + n, "GB"));
}

static int read_hugepage(Reader *d, json_object *o, void *element, const char *key) {
        RuntimeHugepageLimit *h = element;
        const char *size;

        if (json_get_string(o, "pageSize", &size) < 0 || !page_size_is_valid(size))
                return refuse(d, key, "each entry needs a \"pageSize\" like 2MB");
        if (json_get_u64(o, "limit", &h->limit) < 0)
                return refuse(d, key, "each entry needs a \"limit\" in bytes");
        return string_set(&h->page_size, size);
}

static int read_rdma_number(Reader *d, json_object *o, const char *name, RuntimeNumber *ret) {
        int r;

        r = read_ranged(d, o, name, "rdma", 0, UINT32_MAX, &ret->value);
        if (r >= 0)
                ret->set = r > 0;
        return r;
}

static int read_rdma(Reader *d, json_object *o) {
        RuntimeResources *v = d->resources;
        json_object *rdma;
        int r;

        if (json_get(o, "rdma", json_type_object, &rdma) < 0)
                return 0;
        if (json_object_object_length(rdma) > RUNTIME_RESOURCE_LIST_MAX)
                return refuse(d, "rdma", "has too many entries");
        v->rdma = new0(RuntimeRdmaLimit, (size_t) json_object_object_length(rdma));
        if (!v->rdma)
                return -ENOMEM;
        json_object_object_foreach(rdma, name, e) {
                RuntimeRdmaLimit *l = v->rdma + v->n_rdma++;

                if (!*name || strlen(name) > RDMA_NAME_BYTES_MAX ||
                    !string_in_charset(name, ALPHANUMERIC "_-.:"))
                        return refuse(d, "rdma", "a name in it is not that of a device");
                if (!json_object_is_type(e, json_type_object))
                        return refuse(d, "rdma", "each entry must be an object");
                r = read_rdma_number(d, e, "hcaHandles", &l->handles);
                if (r >= 0)
                        r = read_rdma_number(d, e, "hcaObjects", &l->objects);
                if (r >= 0)
                        r = string_set(&l->device, name);
                if (r < 0)
                        return r;
                if (!l->handles.set && !l->objects.set)
                        return refuse(d, "rdma", "each entry needs \"hcaHandles\" or \"hcaObjects\"");
        }
        return 0;
}

static int read_unified(Reader *d, json_object *o) {
        int r;

        r = json_get_string_map(o, "unified", &d->resources->unified);
        if (r == -ENODATA)
                return 0;
        if (r == -EBADMSG)
                return refuse(d, "unified", "must be an object of strings");
        if (r < 0)
                return r;
        STRV_FOREACH(i, d->resources->unified) {
                size_t n = strcspn(*i, "=");

                /* A file of the cgroup itself, so no path. */
                if (n == 0 || strspn(*i, ALPHANUMERIC "._-") != n || **i == '.')
                        return refuse(d, "unified", "a key in it is not the name of a file of a cgroup");
                if (strlen(*i + n) > RUNTIME_UNIFIED_BYTES_MAX)
                        return refuse(d, "unified", "a value in it is too long");
        }
        return 0;
}

static int read_network(Reader *d, json_object *o) {
        json_object *network, *priorities;
        int r;

        if (json_get(o, "network", json_type_object, &network) < 0)
                return 0;
        r = member(d, network, "priorities", json_type_array, "network.priorities", &priorities);
        if (r > 0 && json_object_array_length(priorities) > 0)
                return refuse(d, "network.priorities", VERSION_1_ONLY);
        return r;
}

void runtime_resources_done(RuntimeResources *r) {
        free(r->devices);
        free(r->cpus);
        free(r->mems);
        free(r->block_weights);
        free(r->throttles);
        for (size_t i = 0; i < r->n_hugepages; i++)
                free(r->hugepages[i].page_size);
        free(r->hugepages);
        for (size_t i = 0; i < r->n_rdma; i++)
                free(r->rdma[i].device);
        free(r->rdma);
        (void) strv_free(r->unified);
        *r = (RuntimeResources){};
}

int runtime_resources_parse(json_object *o, RuntimeResources *ret, const char **ret_key,
                            const char **reterr_text) {
        _cleanup_(runtime_resources_done) RuntimeResources v = {};
        Reader d = { .resources = &v, .ret_key = ret_key, .reterr_text = reterr_text };
        json_object *ignored;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(object_names); i++)
                r = member(&d, o, object_names[i], json_type_object, object_names[i], &ignored);
        if (r >= 0)
                r = read_numbers(&d, o);
        if (r >= 0)
                r = read_list(&d, o, "devices", "devices", read_device_rule, &v.devices, &v.n_devices,
                              sizeof(RuntimeDeviceRule));
        if (r >= 0)
                r = read_memory(&d, o);
        if (r >= 0)
                r = read_cpu(&d, o);
        if (r >= 0)
                r = read_block_io(&d, o);
        if (r >= 0)
                r = read_list(&d, o, "hugepageLimits", "hugepageLimits", read_hugepage, &v.hugepages,
                              &v.n_hugepages, sizeof(RuntimeHugepageLimit));
        if (r >= 0)
                r = read_network(&d, o);
        if (r >= 0)
                r = read_rdma(&d, o);
        if (r >= 0)
                r = read_unified(&d, o);
        if (r < 0)
                return r;
        *ret = v;
        v = (RuntimeResources){};
        return 0;
}
