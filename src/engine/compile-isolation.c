/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "security/capability.h"
#include "spec/json.h"

#define ID_RANGE 65536

/* podman's default set (containers-common, capabilities(7)): docker's without AUDIT_WRITE, MKNOD and
 * NET_RAW. */
static const char *const default_capabilities[] = {
        "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",     "CAP_FSETID",
        "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",    "CAP_SETGID",
        "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT",
};

static const char *const masked_paths[] = {
        "/proc/acpi",
        "/proc/asound",
        "/proc/interrupts",
        "/proc/kallsyms",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/sys/dev/block",
        "/sys/devices/virtual/powercap",
        "/sys/firmware",
        "/sys/fs/selinux",
        NULL,
};

static const char *const readonly_paths[] = {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

bool compile_network_is_host(const ContainerRecord *record) {
        return streq_ptr(record->spec->network, "host");
}

static int parse_capability_name(const char *name, uint64_t *ret_mask, Failure *f) {
        int n;

        if (strcasecmp(name, "all") == 0) {
                *ret_mask = capability_all();
                return 0;
        }
        n = capability_from_string(name);
        if (n < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "%s: no such capability; capabilities(7) lists them", name);
        *ret_mask = UINT64_C(1) << n;
        return 0;
}

int container_capabilities(const ContainerSpec *spec, bool system, uint64_t *ret, Failure *f) {
        uint64_t set = 0, mask;
        bool drop_all = false;
        int r;

        if (system)
                set = compile_system_capabilities(spec);
        for (size_t i = 0; i < ELEMENTSOF(default_capabilities); i++)
                set |= UINT64_C(1) << capability_from_string(default_capabilities[i]);
        STRV_FOREACH(i, spec->cap_drop)
                drop_all = drop_all || strcasecmp(*i, "all") == 0;
        if (drop_all)
                set = 0;
        STRV_FOREACH(i, spec->cap_add) {
                r = parse_capability_name(*i, &mask, f);
                if (r < 0)
                        return r;
                set |= mask;
        }
        STRV_FOREACH(i, spec->cap_drop) {
                r = parse_capability_name(*i, &mask, f);
                if (r < 0)
                        return r;
                if (strcasecmp(*i, "all") != 0)
                        set &= ~mask;
        }
        *ret = set;
        return 0;
}

static int compile_capabilities(uint64_t set, json_object *process) {
        static const char *const kinds[] = { "bounding", "effective", "permitted" };
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_strv_free_ char **names = NULL;
        int r = o ? 0 : -ENOMEM;

        for (int i = 0; i < 64 && r >= 0; i++)
                if (set & (UINT64_C(1) << i))
                        r = strv_extend(&names, capability_to_string((unsigned) i));
        for (size_t i = 0; i < ELEMENTSOF(kinds) && r >= 0; i++)
                r = json_add_strv(o, kinds[i], names);
        return r < 0 ? r : json_add(process, "capabilities", TAKE_PTR(o));
}

int compile_process_isolation(const CompileInput *in, json_object *process, Failure *f) {
        uint64_t capabilities;
        int r;

        r = container_capabilities(in->record->spec, compile_is_system(in), &capabilities, f);
        return r < 0 ? r : compile_capabilities(capabilities, process);
}

static int add_namespace(json_object *array, const char *type) {
        json_object *o = json_object_new_object();
        int r;

        r = o ? json_add_string(o, "type", type) : -ENOMEM;
        if (r < 0 || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        return 0;
}

static int compile_namespaces(const ContainerRecord *record, json_object *linux_part) {
        static const char *const types[] = { "pid", "ipc", "uts", "mount", "cgroup" };
        _cleanup_json_ json_object *array = json_object_new_array();
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(types) && r >= 0; i++)
                r = add_namespace(array, types[i]);
        if (r >= 0 && !compile_network_is_host(record))
                r = add_namespace(array, "network");
        if (r >= 0 && record->uid_base > 0)
                r = add_namespace(array, "user");
        return r < 0 ? r : json_add(linux_part, "namespaces", TAKE_PTR(array));
}

static int add_mapping(json_object *linux_part, const char *key, uint64_t base) {
        _cleanup_json_ json_object *array = json_object_new_array();
        json_object *o = json_object_new_object();
        int r;

        if (!array || !o || json_object_array_add(array, o) < 0) {
                (void) json_object_put(o);
                return -ENOMEM;
        }
        r = json_add_u64(o, "containerID", 0);
        if (r >= 0)
                r = json_add_u64(o, "hostID", base);
        if (r >= 0)
                r = json_add_u64(o, "size", ID_RANGE);
        return r < 0 ? r : json_add(linux_part, key, TAKE_PTR(array));
}

int compile_linux(const CompileInput *in, json_object *root, Failure *f) {
        const ContainerRecord *record = in->record;
        _cleanup_json_ json_object *linux_part = json_object_new_object();
        int r;

        if (!linux_part)
                return -ENOMEM;
        r = compile_namespaces(record, linux_part);
        if (r >= 0 && record->uid_base > 0)
                r = add_mapping(linux_part, "uidMappings", record->uid_base);
        if (r >= 0 && record->uid_base > 0)
                r = add_mapping(linux_part, "gidMappings", record->uid_base);
        if (r >= 0)
                r = json_add_strv(linux_part, "maskedPaths", (char *const *) masked_paths);
        if (r >= 0)
                r = json_add_strv(linux_part, "readonlyPaths", (char *const *) readonly_paths);
        if (r >= 0)
                r = compile_resources(in, linux_part, f);
        return r < 0 ? r : json_add(root, "linux", TAKE_PTR(linux_part));
}
